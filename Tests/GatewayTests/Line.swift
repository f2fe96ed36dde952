import Exchange
import JSONTree
import Primitives
import Synchronization
import TestSupport
import Trust

@testable import Gateway

/// The line between the gateways: carries an envelope straight to the other node, unless a test says what goes wrong.
final class Line: Sendable {
  enum Fault: Sendable {
    /// The envelope does not arrive.
    case lost
    /// It arrives, the answer does not.
    case answerLost
    /// It arrives twice; the second answer comes back.
    case twice
    /// It is kept back, and arrives when the test says so.
    case keptBack
    /// Something else arrives.
    case changed(@Sendable (ReceivedEnvelope) -> ReceivedEnvelope)
    /// It arrives over the connection of another participant.
    case over(String)
    /// This comes back instead of the answer; the envelope arrives.
    case answered(@Sendable (String) -> String)
  }

  struct Sent: Sendable {
    let envelope: SealedEnvelope
    let sender: String
    let answer: String?
  }

  private struct State {
    var nodes: [String: GatewayNode] = [:]
    var faults: @Sendable (SealedEnvelope) -> Fault? = { _ in nil }
    var unreachable: Set<String> = []
    var tiles: [String: @Sendable (String) -> [UInt8]?] = [:]
    var sent: [Sent] = []
    var asked: [Asked] = []
    var answers: @Sendable ([UInt8], [UInt8]) -> [UInt8] = { _, answer in answer }
    var keptBack: [(ReceivedEnvelope, String, String)] = []
  }

  private let state = Mutex(State())

  func attach(_ node: GatewayNode) { state.withLock { $0.nodes[node.economy] = node } }
  func fail(_ faults: @escaping @Sendable (SealedEnvelope) -> Fault?) { state.withLock { $0.faults = faults } }
  /// An economy shows these resources of its log instead of its own.
  func show(_ economy: String, _ tiles: @escaping @Sendable (String) -> [UInt8]?) { state.withLock { $0.tiles[economy] = tiles } }
  /// Nobody gets an answer of these to what is not an envelope.
  func cutOff(_ economies: Set<String>) { state.withLock { $0.unreachable = economies } }
  func heal() { fail { _ in nil } }
  var sent: [Sent] { state.withLock { $0.sent } }

  /// What was kept back arrives now, in the order of `indices`, and its answers go nowhere.
  func releaseKeptBack(shuffledWith random: inout SplitMix) async {
    let waiting = state.withLock { state in
      defer { state.keptBack = [] }
      return state.keptBack
    }
    for (envelope, sender, recipient) in waiting.shuffled(using: &random) { _ = try? await carry(envelope, from: sender, to: recipient) }
  }

  /// Arrives at `recipient` over the TLS connection of `sender`.
  func carry(_ received: ReceivedEnvelope, from sender: String, to recipient: String) async throws(CausewayError) -> String {
    guard let node = state.withLock({ $0.nodes[recipient] }) else {
      throw CausewayError("deliver.no_receipt", facts: ["status": "unreachable"])
    }
    let peer = try node.identify(tlsCertificate: Economies.shared[sender].tls.der)
    try node.admit(received.payload.count, from: peer)
    return try await node.receive(received, from: peer)
  }

  /// As the partner listener answers.
  fileprivate func ask(
    _ method: String, _ path: String, body: [UInt8]?, from sender: String, of partner: String
  ) async throws(CausewayError) -> PartnerAnswer {
    let (node, isCutOff) = state.withLock { ($0.nodes[partner], $0.unreachable.contains(partner)) }
    guard let node, !isCutOff else { throw CausewayError("deliver.unreachable") }
    if path == "/witness/add-checkpoint", let body {
      return switch try await node.addCheckpoint(body, from: sender) {
      case .cosigned(let lines): PartnerAnswer(status: 200, body: lines)
      case .malformed: PartnerAnswer(status: 400, body: [])
      case .forbidden: PartnerAnswer(status: 403, body: [])
      case .unknownLog: PartnerAnswer(status: 404, body: [])
      case .conflict(let size): PartnerAnswer(status: 409, body: Array("\(size)\n".utf8))
      case .inconsistent: PartnerAnswer(status: 422, body: [])
      }
    }
    if path == ReconciliationQuestion.path, let body {
      return PartnerAnswer(status: 200, body: try await reconcile(body, from: sender, with: partner))
    }
    if path.hasPrefix("/ledger/") {
      let resource = String(path.dropFirst("/ledger/".count))
      let bytes = state.withLock { $0.tiles[partner]?(resource) }
      do {
        if let bytes { return PartnerAnswer(status: 200, body: bytes) }
        return PartnerAnswer(status: 200, body: try await node.ledgerTile(at: resource))
      } catch {
        return PartnerAnswer(status: 404, body: [])
      }
    }
    let parts = path.split(separator: "/").map(String.init)
    if parts.count == 3, parts[0] == "witness", let note = try await node.witnessedCheckpoint(originDigest: parts[1]) {
      return PartnerAnswer(status: 200, body: note)
    }
    return PartnerAnswer(status: 404, body: [])
  }

  fileprivate func send(_ envelope: SealedEnvelope, from sender: String, to recipient: String) async throws(CausewayError) -> String {
    let answer: String?
    do throws(CausewayError) {
      answer = try await self.answer(to: envelope, from: sender, to: recipient)
    } catch  where error.code == "receive.over_quota" {
      // As the answer 429 is read.
      throw CausewayError(Delivery.askedToWait, facts: error.problems[0].facts)
    }
    state.withLock { $0.sent.append(Sent(envelope: envelope, sender: sender, answer: answer)) }
    guard let answer else { throw CausewayError("deliver.no_receipt", facts: ["status": "none"]) }
    return answer
  }

  private func answer(to envelope: SealedEnvelope, from sender: String, to recipient: String) async throws(CausewayError) -> String? {
    let received = ReceivedEnvelope(envelope)
    switch state.withLock({ $0.faults })(envelope) {
    case nil: return try await carry(received, from: sender, to: recipient)
    case .lost: return nil
    case .answerLost:
      _ = try await carry(received, from: sender, to: recipient)
      return nil
    case .twice:
      let first = try await carry(received, from: sender, to: recipient)
      let second = try await carry(received, from: sender, to: recipient)
      return first == second ? second : "the two answers differ"
    case .keptBack:
      state.withLock { $0.keptBack.append((received, sender, recipient)) }
      return nil
    case .changed(let change): return try await carry(change(received), from: sender, to: recipient)
    case .over(let other): return try await carry(received, from: other, to: recipient)
    case .answered(let change): return change(try await carry(received, from: sender, to: recipient))
    }
  }

  /// A question and the answer to it, as the bodies went.
  struct Asked: Sendable {
    let question: [UInt8]
    let answer: [UInt8]
  }

  var asked: [Asked] { state.withLock { $0.asked } }
  /// What comes back in place of the answers to reconciliations.
  func answer(_ answers: @escaping @Sendable ([UInt8], [UInt8]) -> [UInt8]) { state.withLock { $0.answers = answers } }

  private func reconcile(_ question: [UInt8], from sender: String, with recipient: String) async throws(CausewayError) -> [UInt8] {
    guard let node = state.withLock({ $0.nodes[recipient] }) else {
      throw CausewayError("reconcile.no_answer", facts: ["status": "unreachable"])
    }
    let peer = try node.identify(tlsCertificate: Economies.shared[sender].tls.der)
    let honest = try await node.answer(reconciliation: question, from: peer)
    return state.withLock { state in
      let answer = state.answers(question, honest)
      state.asked.append(Asked(question: question, answer: answer))
      return answer
    }
  }

  struct End: PartnerTransport {
    let line: Line
    let sender: String

    func send(_ envelope: SealedEnvelope, to partner: Participant) async throws(CausewayError) -> String {
      try await line.send(envelope, from: sender, to: partner.id)
    }

    func ask(_ method: String, _ path: String, body: [UInt8]?, of partner: Participant) async throws(CausewayError) -> PartnerAnswer {
      try await line.ask(method, path, body: body, from: sender, of: partner.id)
    }
  }
}

extension ReceivedEnvelope {
  init(_ sealed: SealedEnvelope) {
    self.init(
      headerBytes: sealed.headerBytes, signature: sealed.signature, salt: sealed.salt, fieldsSecret: sealed.fieldsSecret,
      contentType: sealed.header.payload.mediaType, payload: sealed.payload)
  }

  func with(headerBytes: [UInt8]? = nil, payload: [UInt8]? = nil, salt: UCRCommitment.Salt? = nil, signature: String? = nil)
    -> ReceivedEnvelope
  {
    ReceivedEnvelope(
      headerBytes: headerBytes ?? self.headerBytes, signature: signature ?? self.signature, salt: salt ?? self.salt,
      fieldsSecret: fieldsSecret, contentType: contentType,
      payload: payload ?? self.payload)
  }
}

/// Keeps what was posted; refuses as often as it is told to.
final class WebhookDouble: WebhookTransport {
  private struct State {
    var refusals = 0
    var bodies: [JSONValue] = []
    var tokens: [String?] = []
  }

  private let state = Mutex(State())
  var bodies: [JSONValue] { state.withLock { $0.bodies } }
  var tokens: [String?] { state.withLock { $0.tokens } }
  func refuse(times: Int) { state.withLock { $0.refusals = times } }

  func post(url: String, token: Redacted<String>?, body: [UInt8]) async throws(CausewayError) {
    let document = try JSONValue.parse(body)
    let isRefused = state.withLock { state in
      if state.refusals > 0 {
        state.refusals -= 1
        return true
      }
      state.bodies.append(document)
      state.tokens.append(token?.exposed)
      return false
    }
    if isRefused { throw CausewayError("deliver.webhook") }
  }
}
