import Formats
import JSONTree
import Primitives
import Translation

/// The partner's declaration as this side's own, as far as it goes.
struct LocalDraft: Sendable {
  let profile: Profile
  var bytes: [UInt8]
  /// The account of the translation, as it is stored.
  var report: [UInt8]
  /// What the local side is asked for, with what its own rules say against the draft so far.
  var request: JSONValue
  var isComplete: Bool
  /// As it was written, before anything was filled in.
  let translation: Translation
}

extension RulesInForce {
  /// Writes the local draft: in the form of declarations while none is with this side's customs, otherwise in the one of amended declarations, about
  /// the number that this side's customs gave. While none is, the draft is an original whatever the partner's declaration amends: this side's customs
  /// has not seen it.
  ///
  /// - Throws: `receive.corridor_unknown`; `write.*`: among them `write.amendment` when the declaration says that it amends, one has been lodged, and
  ///   the form cannot say so, `write.cancellation` when it says that it takes back.
  func localDraft(
    of valid: ValidDocument, _ clearance: Clearance, _ settings: GatewayConfiguration.CorridorSettings, day: String
  ) throws(CausewayError) -> LocalDraft {
    let amending = clearance.isLodged ? settings.handsOverAmended.flatMap { profiles[$0] } : nil
    guard let profile = amending ?? settings.handsOver.flatMap({ profiles[$0] }) else { throw CausewayError("receive.corridor_unknown") }
    let declaration = valid.declaration
    // A withdrawal has a message of its own.
    guard declaration.function != .takesBack else { throw CausewayError("write.cancellation", facts: ["profile": profile.name]) }
    // The revision of its clearance makes it an amendment, whether it says so or not.
    let released = amending != nil ? declaration.amending : clearance.isLodged ? declaration : declaration.original
    let written = try Translator(profiles).write(
      valid, released: released, to: profile, options: .init(shape: settings.shape, makesComplement: false, day: day))
    var request = written.supplement.json.object ?? [:]
    request["problems"] = .array(written.problems.map(GatewayNode.json))
    var draft = LocalDraft(
      profile: profile, bytes: try written.bytes(), report: written.report.serialized(), request: .object(request),
      isComplete: written.supplement.isEmpty, translation: written)
    if amending != nil, let number = clearance.import?.registrationID { fill(&draft, written, number) }
    return draft
  }

  /// Puts in which of its declarations this side's customs is to amend. A number that the form does not take is asked for instead.
  private func fill(_ draft: inout LocalDraft, _ written: Translation, _ number: String) {
    let element = "Declaration.ID"
    guard let item = written.supplement.items.first(where: { $0.element == element }),
      let supplied = try? Translator(profiles).supply(
        [SupplementAnswer(path: item.path, value: number)], to: written.document, profile: draft.profile),
      var request = draft.request.object,
      let report = try? GatewayNode.report(draft.report, supplementedAt: [(path: item.path, element: element)])
    else { return }
    draft.bytes = supplied.bytes
    let items = request["items"]?.array?.filter { $0["path"]?.string.map { ByteString($0) != ByteString(item.path) } ?? true } ?? []
    request["items"] = .array(items)
    draft.request = .object(request)
    draft.isComplete = items.isEmpty
    draft.report = report.serialized()
  }
}
