import Declarations
import Exchange
import Primitives
import Translation
import Trust

/// A request to amend or cancel a declaration (docs/decisions/0010): what a clearance goes by in a document of the dictionary's kind `amendment`.
struct AmendmentRequest: Sendable, Equatable {
  /// The profile of corridors whose registry entry names no other.
  static let standardProfile = "uncefact.amendment.json"
  /// Largest document that is taken from a partner, in bytes: it is read before its receipt is signed.
  static let limitBytes = 1 << 20
  /// Ids of the elements that bind a request to its clearance: a profile between gateways has a place for them.
  static let elements = [
    "Amendment.ClearanceID", "Amendment.EconomyCode", "Amendment.DirectionCode", "Amendment.Revision", "Amendment.FunctionCode",
  ]

  let isCancellation: Bool

  /// - Throws: `validate.missing`, `receive.amendment_function`: the document says neither that it amends nor that it cancels.
  init(reading valid: ValidDocument) throws(CausewayError) {
    let element = "Amendment.FunctionCode"
    let code = valid.declaration.text(element)
    guard !code.isEmpty else { throw CausewayError(valid.problem("validate.missing", element, ["name": element])) }
    guard let function = MessageFunction(code: code) else {
      throw CausewayError(valid.problem("receive.amendment_function", element))
    }
    isCancellation = function == .takesBack
  }

  /// What kind of message carries it: a cancellation is the withdrawal of the export side.
  var messageKind: MessageKind { isCancellation ? .withdrawal : .amendment }
}

extension Declaration {
  /// The text of an element of the root; empty when there is none.
  func text(_ id: String) -> String { self[id: id]?.text ?? "" }

  /// A request as it leaves: what the policy let go, and what binds it to the clearance, whatever the policy says of that.
  func bound(to clearance: Clearance, economy: String, function: String) -> Declaration {
    setting([
      ("Amendment.ClearanceID", clearance.id), ("Amendment.EconomyCode", economy),
      ("Amendment.DirectionCode", clearance.ownSide.direction.rawValue), ("Amendment.Revision", String(clearance.export.revision)),
      ("Amendment.FunctionCode", function),
    ])
  }

  /// The partner's request as one to this side's own customs: about this side's declaration, by its number. Numbers, offices, parties and codes of
  /// the other side are not taken for ours.
  func mirrored(for clearance: Clearance, economy: String) -> Declaration {
    var mirrored = self
    let kept: Set<ElementIndex> = Set(
      ["Amendment.FunctionCode", "Amendment.ID", "Amendment.IssueDateTime", "Amendment.ClearanceID", "Amendment.Revision"].compactMap {
        dictionary[id: $0]
      })
    for value in root.values where !kept.contains(value.element) { mirrored.root[value.element] = nil }
    for (group, codes) in [("AmendmentReason", ["AmendmentReason.Code"]), ("Change", ["Change.ElementCode", "Change.ReasonCode"])] {
      guard let group = dictionary[id: group] else { continue }
      let instances = root.groups(group).map { original in
        var instance = original
        for code in codes.compactMap({ dictionary[id: $0] }) { instance[code] = nil }
        return instance
      }
      mirrored.root.setGroups(group, instances.filter { !$0.isEmpty })
    }
    return mirrored.setting([
      ("Amendment.EconomyCode", economy), ("Amendment.DirectionCode", clearance.ownSide.direction.rawValue),
      ("Amendment.RegistrationID", clearance.side(clearance.ownSide)?.registrationID ?? ""),
    ])
  }

  /// Empty texts are not set.
  private func setting(_ texts: [(id: String, text: String)]) -> Declaration {
    var changed = self
    for (id, text) in texts where !text.isEmpty {
      if let element = dictionary[id: id] { changed[element] = Value(text) }
    }
    return changed
  }
}

extension RulesInForce {
  /// Whether a message carries a request to amend or cancel, and not a declaration anew or a status.
  func isRequest(_ header: EnvelopeHeader) -> Bool {
    guard [.amendment, .withdrawal].contains(header.kind) else { return false }
    return profile(of: header)?.document == .amendment
  }

  /// The profile in which requests of a corridor travel; nil: the corridor has not agreed on them, or the registry no longer has it.
  func amendmentProfile(of corridor: String) -> Profile? {
    registry.corridor(corridor).flatMap { agreed in
      agreed.amendmentPolicy == nil ? nil : profiles[agreed.amendmentWire ?? AmendmentRequest.standardProfile]
    }
  }

  /// The profile of a payload; nil: it is not known here.
  func profile(of header: EnvelopeHeader) -> Profile? { profiles["\(header.profile.id)@\(header.profile.version)"] }

  /// The profile of a payload, when it is the agreed one. An agreement on an id takes every version of it.
  func profile(of header: EnvelopeHeader, agreed: String) -> Profile? {
    guard let profile = profile(of: header),
      [profile.id, profile.name].contains(where: { ByteString($0) == ByteString(agreed) })
    else { return nil }
    return profile
  }

  /// Whether a profile that a caller names is in a list of the configuration: by its name, or as a version of a format that is.
  func isOffered(_ name: String, in list: [String]) -> Bool {
    func lists(_ text: String) -> Bool { list.contains { ByteString($0) == ByteString(text) } }
    return lists(name) || profiles[name].map { ByteString($0.name) == ByteString(name) && lists($0.id) } ?? false
  }
}
