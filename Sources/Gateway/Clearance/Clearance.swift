package import Exchange
package import Primitives
package import Trust

/// The two-side case of one consignment (docs/decisions/0003): what the export side and the import side have done so far.
///
/// A pure value. Both gateways hold one; each is the only author of its own side and repeats the other side from the
/// owner's signed messages, one after the other by their sequence number, so that late, repeated and disordered arrival
/// ends in the same state on both.
///
/// - Invariant: `import` is nil until the destination has read the declaration; the import revision never exceeds the export revision;
///   a final status (released, withdrawn) is never left.
package struct Clearance: Hashable, Sendable {
  /// 128 random bits as 32 hexadecimal digits, given by the declaring side. The same on both gateways.
  package let id: String
  /// Unique consignment reference. Known to both gateways, never on a ledger. nil on the import side until the declaration is read.
  package private(set) var ucr: String?
  /// 32 bytes in hexadecimal that hide the UCR in commitments; erased with the clearance's other data, never shown.
  package let salt: String
  /// The commitment to the UCR that all messages of the case carry: 64 hexadecimal digits.
  package let commitment: String
  /// The corridor of the original declaration, for example `CN-SG`.
  package let corridor: String
  /// The corridor's when the case began. It never changes.
  package let mode: Corridor.Mode
  /// The side that this gateway owns.
  package let ownSide: SideKind
  package private(set) var export: Side
  package private(set) var `import`: Side?
  /// The export side before a proposal (amendment or withdrawal) that the partner has not receipted yet: where it goes back to
  /// when the partner refuses, because the import side had already released.
  package private(set) var beforeProposal: Side?
  /// Sequence number of the last message this gateway sent about this clearance; 0 before the first.
  package private(set) var sentSequence: Int
  /// Sequence number of the partner's last message that took effect or was refused; 0 before the first.
  package private(set) var receivedSequence: Int
  package private(set) var timeline: [Milestone]

  /// One step in the life of the clearance, for people to read.
  package struct Milestone: Hashable, Sendable {
    package let time: Instant
    package let side: SideKind
    package let status: SideStatus
    package let revision: Int
    /// The signed message that carried the step between the gateways, when there was one.
    package let messageID: String?
  }

  /// Something that happens to one side.
  package enum Event: Hashable, Sendable {
    /// A status within the current revision.
    case status(SideStatus, registrationID: String?)
    /// The next revision begins, in one of the side's entry statuses.
    case revision(Int, SideStatus)
    /// The partner's signed receipt refused the amendment or withdrawal: the export side goes back to where it was.
    case proposalRefused
    /// The partner's signed receipt accepted the amendment or withdrawal.
    case proposalAccepted
  }

  /// The case as it begins, on either gateway: declared once, nothing on the import side yet.
  package init(
    id: String, ucr: String?, salt: String, commitment: String, corridor: String, mode: Corridor.Mode = .production, ownSide: SideKind,
    declared: Instant,
    messageID: String? = nil
  ) {
    self.id = id
    self.ucr = ucr
    self.salt = salt
    self.commitment = commitment
    self.corridor = corridor
    self.mode = mode
    self.ownSide = ownSide
    export = Side(revision: 1, status: .declared)
    sentSequence = 0
    receivedSequence = 0
    timeline = [Milestone(time: declared, side: .export, status: .declared, revision: 1, messageID: messageID)]
  }

  init(
    id: String, ucr: String?, salt: String, commitment: String, corridor: String, mode: Corridor.Mode = .production, ownSide: SideKind,
    export: Side, import: Side?,
    beforeProposal: Side?,
    sentSequence: Int, receivedSequence: Int, timeline: [Milestone]
  ) {
    self.id = id
    self.ucr = ucr
    self.salt = salt
    self.commitment = commitment
    self.corridor = corridor
    self.mode = mode
    self.ownSide = ownSide
    self.export = export
    self.import = `import`
    self.beforeProposal = beforeProposal
    self.sentSequence = sentSequence
    self.receivedSequence = receivedSequence
    self.timeline = timeline
  }

  /// How the case stands as a whole.
  package enum Outcome: String, Sendable {
    case inProgress = "in_progress"
    case cleared, refused, withdrawn
    /// Both sides have released the same revision, in a test or a pilot: nothing is cleared by that.
    case concluded
  }

  /// `cleared` only when both sides have released the same revision, and only in production.
  package var outcome: Outcome {
    if export.status == .withdrawn { return .withdrawn }
    if export.status == .refused || `import`?.status == .refused { return .refused }
    if export.status == .released, let other = `import`, other.status == .released, other.revision == export.revision {
      return mode == .production ? .cleared : .concluded
    }
    return .inProgress
  }

  /// The declaration has been read: this is the consignment.
  package mutating func identify(ucr: String) { self.ucr = ucr }

  /// The partner's receipt has refused the declaration itself: it has no such case, and nothing that follows could reach it.
  package var isTurnedAway: Bool { ownSide == .export && receivedSequence == 0 && `import`?.status == .refused }

  /// Whether a declaration of the import side is with its customs, of whatever revision: what follows amends it. One that customs has refused is not.
  var isLodged: Bool {
    let steps = timeline.filter { $0.side == .import }
    guard let lodged = steps.last(where: { [.lodged, .accepted, .released].contains($0.status) }) else { return false }
    return !steps.contains { $0.revision == lodged.revision && [.refused, .withdrawn].contains($0.status) }
  }

  package func side(_ kind: SideKind) -> Side? { kind == .export ? export : `import` }

  /// The side that the partner owns.
  package var partnerSide: SideKind { ownSide.other }

  /// The next number for a message of this gateway about this case, and takes it.
  package mutating func nextSequence() -> Int {
    sentSequence += 1
    return sentSequence
  }

  /// Whether a partner's message with this number is the next one, an old one, or one that has overtaken another.
  package func order(of sequence: Int) -> MessageOrder { MessageOrder(of: sequence, after: receivedSequence) }

  /// Notes that the partner's message with this number has been dealt with, whether it took effect or was refused.
  package mutating func received(sequence: Int) { receivedSequence = max(receivedSequence, sequence) }

  /// Applies one event to one side, or says why it is not allowed and changes nothing.
  ///
  /// - Returns: nil when it took effect; otherwise the problem, code `clearance.illegal_transition`,
  ///   `clearance.illegal_revision`, `clearance.already_final` or `clearance.turned_away`.
  package mutating func apply(
    _ event: Event, on kind: SideKind, at time: Instant, messageID: String? = nil
  ) -> Problem? {
    if kind == .export, isTurnedAway { return Problem("clearance.turned_away") }
    switch event {
    case .status(let status, let registrationID):
      guard var side = side(kind), kind.successors(of: side.status).contains(status) else { return refusal(kind, to: status) }
      if status == .withdrawn, kind == .export {
        if `import`?.status == .released { return Problem("clearance.already_final", facts: ["side": SideKind.import.rawValue]) }
        if beforeProposal != nil { return refusal(kind, to: status) }
        beforeProposal = side
      }
      side.status = status
      side.registrationID = registrationID ?? side.registrationID
      set(kind, side, at: time, messageID)
    case .revision(let revision, let status):
      if let problem = problem(withRevision: revision, status, on: kind) { return problem }
      if kind == .export { beforeProposal = export }
      set(kind, Side(revision: revision, status: status, registrationID: side(kind)?.registrationID), at: time, messageID)
    case .proposalRefused:
      guard let previous = beforeProposal else { return refusal(kind, to: export.status) }
      beforeProposal = nil
      set(.export, previous, at: time, messageID)
    case .proposalAccepted:
      beforeProposal = nil
    }
    return nil
  }

  /// What speaks against the next revision beginning on this side now.
  ///
  /// The import side may begin with any revision that has been declared and is newer than its own: its owner speaks of what it has
  /// read, which an amendment or withdrawal on its way there cannot change. That the export side is done does not hold it up.
  package func problem(withRevision revision: Int, _ status: SideStatus, on kind: SideKind) -> Problem? {
    if `import`?.status.isFinal == true || kind == .export && export.status.isFinal {
      return Problem("clearance.already_final", facts: ["side": kind.rawValue])
    }
    guard kind.entryStatuses.contains(status) else { return refusal(kind, to: status) }
    let isNext =
      switch kind {
      case .export: revision == export.revision + 1 && beforeProposal == nil
      case .import: revision > `import`?.revision ?? 0 && revision <= export.revision
      }
    let expected = kind == .export ? export.revision + 1 : export.revision
    return isNext ? nil : Problem("clearance.illegal_revision", facts: ["expected": String(expected), "found": String(revision)])
  }

  /// What speaks against this gateway's own import side taking a step that the receipts it has signed do not allow any more: it has agreed
  /// to a withdrawal, or to an amendment that has to be read first.
  func problem(withReporting status: SideStatus) -> Problem? {
    guard ownSide == .import, let side = `import` else { return nil }
    if export.status == .withdrawn { return Problem("clearance.already_final", facts: ["side": SideKind.export.rawValue]) }
    guard status == .released, side.revision != export.revision else { return nil }
    return Problem("clearance.illegal_revision", facts: ["expected": String(export.revision), "found": String(side.revision)])
  }

  /// What speaks against a request to amend the declaration: there is no such revision to amend, or one of the sides is done.
  func problem(withRequestFor revision: Int) -> Problem? {
    if isTurnedAway { return Problem("clearance.turned_away") }
    if let final = [SideKind.export, .import].first(where: { side($0)?.status.isFinal == true }) {
      return Problem("clearance.already_final", facts: ["side": final.rawValue])
    }
    guard revision == export.revision else {
      return Problem("clearance.illegal_revision", facts: ["expected": String(export.revision), "found": String(revision)])
    }
    return nil
  }

  private mutating func set(_ kind: SideKind, _ side: Side, at time: Instant, _ messageID: String?) {
    if kind == .export { export = side } else { `import` = side }
    timeline.append(Milestone(time: time, side: kind, status: side.status, revision: side.revision, messageID: messageID))
  }

  private func refusal(_ kind: SideKind, to status: SideStatus) -> Problem {
    let from = side(kind)?.status
    if from?.isFinal == true { return Problem("clearance.already_final", facts: ["side": kind.rawValue]) }
    return Problem(
      "clearance.illegal_transition", facts: ["side": kind.rawValue, "from": from?.rawValue ?? "none", "to": status.rawValue])
  }
}
