package import Declarations
import Formats
package import Primitives
package import Translation

/// What is said about one side of a clearance (docs/protocol.md): the content of messages of the kinds `status` and `withdrawal`, and of what
/// is handed over when a receipt refuses.
///
/// A value of the few elements that a clearance goes by; the dictionary's kind `status` has more. It travels as a document of the corridor's
/// status profile.
package struct StatusMessage: Sendable, Equatable {
  /// The profile of corridors whose registry entry names no other: UN/CEFACT Cross-Domain Acknowledgement and Response.
  package static let standardProfile = "uncefact.cdar.json"
  /// Largest document that is taken from a partner, in bytes: it is read before its receipt is signed.
  package static let limitBytes = 1 << 20
  /// Most reasons that a gateway gives of its own.
  package static let limitReasons = 64

  package let clearanceID: String
  package let side: SideKind
  package let revision: Int
  /// nil: as before.
  package let status: SideStatus?
  /// When the status began, by the clock of the side's customs.
  package let effective: Instant
  /// At most 35 characters.
  package let registrationID: String?
  package let reasons: [Reason]

  /// Why a side has refused: codes for machines, a place in the wire document, never payload.
  package struct Reason: Sendable, Equatable {
    package let code: String
    package let pointer: String?

    package init(code: String, pointer: String?) {
      self.code = code
      self.pointer = pointer
    }

    init(_ problem: Problem) { self.init(code: problem.code.rawValue, pointer: problem.pointer) }
  }

  package init(
    clearanceID: String, side: SideKind, revision: Int, status: SideStatus?, effective: Instant, registrationID: String? = nil,
    reasons: [Reason] = []
  ) {
    self.clearanceID = clearanceID
    self.side = side
    self.revision = revision
    self.status = status
    self.effective = effective
    self.registrationID = registrationID
    self.reasons = reasons
  }
}

// MARK: - The canonical tree

extension StatusMessage {
  /// Ids of the elements that a profile must have a place for to carry statuses between gateways.
  package static let elements = [
    "Status.ClearanceID", "Status.EconomyCode", "Status.DirectionCode", "Status.RegistrationID", "Status.Revision", "Status.Code",
    "Status.EffectiveDateTime", "Reason.TypeCode", "Reason.Code", "Reason.Pointer",
  ]

  /// The message as a tree of the dictionary's kind `status`, as `economy` says it.
  ///
  /// A reason's place that is longer than the dictionary's, or holds what no text may, is left out; its code says enough. So is a reason whose
  /// code is no code; a receipt that it came with has it. An economy without
  /// an ISO 3166 code is not named; the envelope names it.
  /// - Parameters:
  ///   - id: of the message that carries it.
  ///   - issued: when the message was made.
  package func declaration(
    in library: ProfileLibrary, economy: String, id: MessageID, issued: Instant
  ) throws(CausewayError) -> Declaration {
    let dictionary = library.dictionary
    guard var tree = Declaration(.status, in: dictionary) else {
      throw CausewayError("write.element_unknown", facts: ["element": "Status"])
    }
    func set(_ id: String, _ text: String?, in group: inout Group) {
      guard let text, let element = dictionary[id: id], let canonical = dictionary[element].type.canonical(text) else { return }
      group[element] = Value(canonical)
    }
    set("Status.ID", id.text, in: &tree.root)
    set("Status.IssueDateTime", issued.rfc3339, in: &tree.root)
    let isListed = dictionary[id: "Status.EconomyCode"].flatMap { dictionary[$0].list }.flatMap(library.codes.list)?.contains(economy)
    if isListed == true { set("Status.EconomyCode", economy, in: &tree.root) }
    set("Status.ClearanceID", clearanceID, in: &tree.root)
    set("Status.DirectionCode", side.direction.rawValue, in: &tree.root)
    set("Status.Revision", String(revision), in: &tree.root)
    set("Status.Code", status?.rawValue, in: &tree.root)
    set("Status.EffectiveDateTime", effective.rfc3339, in: &tree.root)
    set("Status.RegistrationID", registrationID, in: &tree.root)
    guard let group = dictionary[id: "Reason"] else { return tree }
    for reason in reasons {
      var instance = Group(group)
      set("Reason.Code", reason.code, in: &instance)
      guard !instance.isEmpty else { continue }
      set("Reason.TypeCode", "error", in: &instance)
      set("Reason.Pointer", reason.pointer, in: &instance)
      tree.root.append(instance)
    }
    return tree
  }

  /// Reads a partner's status message from a valid document.
  ///
  /// - Throws: `validate.missing` for each of clearance, direction, revision, status and time that is not there, `validate.not_listed`,
  ///   `validate.not_integer`, `verify.status_zone`; all at once, each with its place.
  package init(reading valid: ValidDocument) throws(CausewayError) {
    var problems: [Problem] = []
    func text(_ id: String) -> String { valid.declaration[id: id]?.text ?? "" }
    /// The element's value, or nil with the problem that it is missing or not one that a clearance goes by.
    func required<Value>(_ id: String, _ code: ErrorCode, _ facts: [String: String] = [:], _ read: (String) -> Value?) -> Value? {
      let text = text(id)
      if let value = read(text) { return value }
      problems.append(text.isEmpty ? valid.problem("validate.missing", id, ["name": id]) : valid.problem(code, id, facts))
      return nil
    }
    let clearance = required("Status.ClearanceID", "validate.missing") { $0.isEmpty ? nil : $0 }
    let side = required("Status.DirectionCode", "validate.not_listed", ["list": "direction"], SideKind.side(direction:))
    let revision = required("Status.Revision", "validate.not_integer") { Int($0) }
    let status = required("Status.Code", "validate.not_listed", ["list": "clearance-status"], SideStatus.init(rawValue:))
    let effective = required("Status.EffectiveDateTime", "verify.status_zone") { Instant(rfc3339: $0) }
    guard problems.isEmpty, let clearance, let side, let revision, let status, let effective else {
      throw CausewayError(problems: problems)
    }
    let number = text("Status.RegistrationID")
    self.init(
      clearanceID: clearance, side: side, revision: revision, status: status, effective: effective,
      registrationID: number.isEmpty ? nil : number, reasons: Self.reasons(of: valid.declaration))
  }

  /// Those with a code.
  static func reasons(of declaration: Declaration) -> [Reason] {
    let dictionary = declaration.dictionary
    guard let group = dictionary[id: "Reason"], let code = dictionary[id: "Reason.Code"] else { return [] }
    let pointer = dictionary[id: "Reason.Pointer"]
    return declaration.root.groups(group).compactMap { reason in
      reason.text(code).map { Reason(code: $0, pointer: pointer.flatMap(reason.text)) }
    }
  }
}

extension SideKind {
  package var direction: Direction { self == .export ? .export : .import }

  /// - Parameter direction: a code of the list `direction`.
  package static func side(direction: String) -> SideKind? {
    Direction(rawValue: direction).map { $0 == .export ? .export : .import }
  }
}

extension ValidDocument {
  /// A problem with the value of an element of the document's root, at its place; at the document when it has none.
  func problem(_ code: ErrorCode, _ element: String, _ facts: [String: String] = [:]) -> Problem {
    let origin = declaration[id: element].flatMap { $0.origin >= 0 ? Document.NodeID(index: $0.origin) : nil } ?? document.root
    return Problem(code, pointer: document.pointer(origin), line: document.line(origin), element: element, facts: facts)
  }
}
