import Exchange
import Journal
import Primitives
import Trust

/// What a replay does with a message.
enum ReplayAction: Hashable, Sendable {
  /// The same envelope goes into the outbox again: same bytes, same id.
  case deliver
  /// The same, although it has expired: the partner's signed answer says whether it took effect in time.
  case ask
  /// The same message begins again at its document. Nothing of it has left this gateway yet.
  case translate
  /// A new message from the same document: the partner has signed that the old one has no effect.
  case anew
  /// Nothing, and why.
  case nothing(ErrorCode)

  var word: String {
    switch self {
    case .deliver: "deliver"
    case .ask: "ask"
    case .translate: "translate"
    case .anew: "anew"
    case .nothing: "nothing"
    }
  }
}

/// A message and all that decides what a replay does with it. The decision is a pure function of these (docs/operations/replay.md).
struct ReplaySubject: Sendable {
  var message: MessageRecord
  /// nil: not in the outbox.
  var delivery: OutboxRecord?
  /// When its envelope expires; nil: it has none.
  var expires: Instant?
  var hasDocument = false
  var isErased = false
  /// The partner has refused the declaration of its clearance.
  var isTurnedAway = false
  /// A message of the same clearance, sealed before it, is given up.
  var isBehindFailure = false
  var isPartnerKnown = true
  /// Another message stands in its place.
  var isSuperseded = false

  func action(at now: Instant) -> ReplayAction {
    guard let state = MessageState(rawValue: message.state) else { return .nothing("replay.underway") }
    switch state {
    case .received, .recorded, .sealed: return .nothing("replay.underway")
    // The answer is signed: the same bytes would get it again.
    case .turnedAway: return .nothing("replay.partners_turn")
    case .delivered, .handled, .refused, .refusedByPartner, .dead: break
    }
    let resending = Resending(isAccepted: state.isAccepted)
    if resending == .nothing { return .nothing("replay.settled") }
    if isErased { return .nothing("clearance.erased") }
    if state == .refused { return hasDocument ? .translate : .nothing("replay.no_document") }
    if resending == .newEnvelope {
      if isSuperseded { return .nothing("replay.superseded") }
      return hasDocument && message.kind != MessageKind.status.rawValue ? .anew : .nothing("replay.settled")
    }
    if message.direction == .inbound { return .translate }
    guard let expires else { return hasDocument ? .translate : .nothing("replay.no_document") }
    guard let delivery else { return .nothing("deliver.incomplete") }
    if !delivery.isDead { return .nothing("replay.underway") }
    if !isPartnerKnown { return .nothing("deliver.partner_unknown") }
    if isTurnedAway { return .nothing("clearance.turned_away") }
    if isBehindFailure { return .nothing("replay.earlier_failed") }
    return now < expires ? .deliver : .ask
  }
}

extension MessageState {
  /// What the partner has signed about the message; nil: nothing.
  fileprivate var isAccepted: Bool? {
    switch self {
    case .delivered, .handled: true
    case .refusedByPartner: false
    default: nil
    }
  }
}

extension GatewayNode {
  /// - Parameter revived: messages that the same change puts back into the outbox.
  func replaySubject(
    _ message: MessageRecord, reviving revived: Set<MessageID> = [], _ reader: any JournalReader
  ) throws(CausewayError) -> ReplaySubject {
    var subject = ReplaySubject(message: message)
    guard FailureFilter.states.contains(where: { $0.rawValue == message.state }) else { return subject }
    subject.isErased = try reader.dataKey(message.clearance)?.erasure != nil
    guard !subject.isErased, message.direction == .outbound else { return subject }
    guard message.state == MessageState.dead.rawValue, !message.header.isEmpty else {
      subject.isSuperseded = message.reason == "replay.superseded"
      subject.hasDocument = try reader.payloadSummary(owner: message.id.text, kind: PayloadKind.source.rawValue) != nil
      return subject
    }
    subject.expires = try EnvelopeHeader.parse(message.header).expires
    subject.delivery = try reader.delivery(channel: Self.channel(to: message.partner), messageID: message.id)
    subject.isPartnerKnown = registry.participant(message.partner) != nil
    if let record = try reader.clearance(message.clearance) { subject.isTurnedAway = try Clearance(record).isTurnedAway }
    subject.isBehindFailure = try isBehindFailure(message, except: revived, reader)
    return subject
  }

  /// Whether a message of the same clearance that has to come first is given up.
  func isBehindFailure(
    _ message: MessageRecord, except revived: Set<MessageID> = [], _ reader: any JournalReader
  ) throws(CausewayError) -> Bool {
    let query = MessageQuery(
      direction: .outbound, clearance: message.clearance, states: [MessageState.dead.rawValue], limit: 1000, withDetails: false)
    for other in try reader.messages(query) where other.sequence ?? Int.max < message.sequence ?? 0 && !revived.contains(other.id) {
      if try reader.delivery(channel: Self.channel(to: other.partner), messageID: other.id)?.isDead != false { return true }
    }
    return false
  }
}
