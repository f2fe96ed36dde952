import Declarations
import Exchange
import Formats
import JSONTree
import Journal
import Primitives
import Translation

/// What comes of one message by one set of rules, in a form in which two can be compared.
struct RehearsedOutcome: Sendable {
  /// A text of the document that is written.
  struct Leaf: Hashable, Sendable {
    let text: String
    /// Dictionary id.
    let element: String?
  }

  /// What became of one place of the declaration.
  struct Account: Hashable, Sendable {
    var element: String?
    /// Action and reason, in the words of the translation report.
    var words: Set<ByteString> = []

    var text: String { words.sorted().map(\.string).joined(separator: "; ") }
  }

  /// Why it is refused; empty: it is not.
  var refusals: [Problem] = []
  /// What the destination's rules say against a draft that is handed over all the same.
  var warnings: [Problem] = []
  /// `id@version` of what is written; nil: nothing is, or it is handed over as it came.
  var profile: String?
  /// `id/version` of the release policy; nil: none was asked.
  var policy: String?
  /// Of the document that is written, by pointer.
  var leaves: [ByteString: Leaf] = [:]
  /// By place in the declaration, or in the source document where the dictionary has no peer.
  var accounts: [ByteString: Account] = [:]
  /// Dictionary ids: what the policy keeps at home, and what stands in the document that is written.
  var withheld: Set<ByteString> = []
  var carried: Set<ByteString> = []
  /// What the destination has to supply: elements or places, by keyed path without its keys.
  var asked: [ByteString: String] = [:]
}

extension RulesInForce {
  /// The same steps as for a message that comes now, on one that is recorded. Pure.
  func outcome(of recorded: RecordedMessage) -> RehearsedOutcome {
    var outcome = RehearsedOutcome()
    do throws(CausewayError) {
      if recorded.message.direction == .outbound {
        try sent(recorded, &outcome)
      } else {
        try received(recorded, &outcome)
      }
    } catch {
      let errors = error.problems.filter { $0.severity == .error }
      outcome.refusals = errors.isEmpty ? error.problems : errors
    }
    return outcome
  }

  /// Outbound, steps 2 to 7 without the signature.
  private func sent(_ recorded: RecordedMessage, _ outcome: inout RehearsedOutcome) throws(CausewayError) {
    var local = try localDocument(recorded.message, recorded.document, recorded.clearance)
    local.references = recorded.references
    switch try translation(of: local) {
    case .declaration(let declaration):
      // Its receiver reads it again: what cannot be read does not go out.
      _ = try Translator(profiles).declaration(of: declaration.bytes, as: declaration.wire.profile)
      outcome.policy = GatewayNode.name(declaration.policy)
      try outcome.collect(declaration.wire)
    case .request(let request):
      outcome.policy = GatewayNode.name(request.policy)
      try outcome.collect(request.wire)
    case .cancellation: break
    }
  }

  /// Inbound, steps 3 to 5 as far as they look into the document.
  private func received(_ recorded: RecordedMessage, _ outcome: inout RehearsedOutcome) throws(CausewayError) {
    guard let header = recorded.header, let clearance = recorded.clearance else { throw CausewayError("receive.not_found") }
    let bytes = recorded.document.bytes
    if isRequest(header) {
      try outcome.collect(try localRequest(try requestDocument(bytes, header), clearance, day: header.created.day))
    } else if [.status, .withdrawal].contains(header.kind) {
      try outcome.collect(try localStatus(try statusDocument(bytes, header), corridor: header.corridor))
    } else {
      switch try draft(of: bytes, header, clearance, recorded.secret) {
      case .written(_, let draft):
        outcome.warnings = draft.translation.problems
        try outcome.collect(draft.translation)
      case .refused(let problems): throw CausewayError(problems: problems)
      }
    }
  }
}

extension RehearsedOutcome {
  /// - Throws: what the format's writer says: the document would not be written.
  fileprivate mutating func collect(_ written: Translation?) throws(CausewayError) {
    guard let written else { return }
    _ = try written.bytes()
    profile = written.profile.name
    var elements: [ByteString: String] = [:]
    for entry in written.report.entries {
      if entry.action == .withheld, let element = entry.element { withheld.insert(ByteString(element)) }
      // What is missing is told by what is asked for.
      guard entry.action != .missing else { continue }
      if let element = entry.element, let target = entry.target {
        elements[ByteString(target)] = element
        carried.insert(ByteString(element))
      }
      guard entry.reason != .constant, let place = entry.path ?? entry.source else { continue }
      let words = [entry.action.rawValue, entry.reason?.rawValue].compactMap { $0 }.joined(separator: " ")
      accounts[ByteString(place), default: Account(element: entry.element)].words.insert(ByteString(words))
    }
    var pointers = DocumentPointers(written.document)
    for index in 0..<Int32(written.document.count) {
      let node = Document.NodeID(index: index)
      guard let text = written.document.text(node) else { continue }
      let pointer = ByteString(pointers.pointer(node))
      leaves[pointer] = Leaf(text: text, element: elements[pointer])
    }
    for item in written.supplement.items {
      asked[ByteString(MessageTrial.withoutPositions(item.path))] = item.element ?? ""
    }
  }
}
