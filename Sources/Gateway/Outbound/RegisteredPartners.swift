package import Exchange
package import Primitives
import Synchronization
package import Trust

/// Carries envelopes to the endpoints that the registry names, one kept client for each partner.
package final class RegisteredPartners: PartnerTransport {
  private let registry: VerifiedRegistry
  private let identity: PeerIdentity
  private let limits: PeerLimits
  private let clock: any WallClock
  private let clients = Mutex<[ByteString: PeerClient]>([:])

  package init(registry: VerifiedRegistry, identity: PeerIdentity, limits: PeerLimits, clock: any WallClock) {
    self.registry = registry
    self.identity = identity
    self.limits = limits
    self.clock = clock
  }

  package func send(_ envelope: SealedEnvelope, to partner: Participant) async throws(CausewayError) -> String {
    let response = try await client(for: partner, isTest: registry.corridor(envelope.header.corridor)?.mode == .test).deliver(envelope)
    guard let receipt = response.receipt else {
      if let seconds = response.secondsToWait { throw CausewayError(Delivery.askedToWait, facts: ["seconds": String(seconds)]) }
      // A problem in the partner's own words is an answer: it is there, and has not taken this message.
      let isAnswer = response.field("content-type")?.hasPrefix("application/problem+json") == true
      throw CausewayError(isAnswer ? "deliver.not_taken" : "deliver.no_receipt", facts: ["status": String(response.status)])
    }
    return receipt
  }

  package func ask(
    _ method: String, _ path: String, body: [UInt8]?, of partner: Participant
  ) async throws(CausewayError) -> PartnerAnswer {
    let corridors = registry.content.corridors.filter { [$0.from, $0.to].contains { ByteString($0) == ByteString(partner.id) } }
    let fields = body == nil ? [] : [(name: "Content-Type", value: "application/octet-stream")]
    let client = try client(for: partner, isTest: corridors.allSatisfy { $0.mode == .test })
    let response = try await client.request(method, path, fields: fields, body: body)
    return PartnerAnswer(status: response.status, body: response.body)
  }

  private func client(for partner: Participant, isTest: Bool) throws(CausewayError) -> PeerClient {
    let key = ByteString("\(partner.id)|\(isTest)")
    if let known = clients.withLock({ $0[key] }) { return known }
    let client = try Self.client(for: partner, isTest: isTest, registry: registry, identity: identity, limits: limits, at: clock.now())
    return clients.withLock { clients in
      if let known = clients[key] { return known }
      clients[key] = client
      return client
    }
  }

  /// A client for a partner as the registry names it.
  ///
  /// - Parameter isTest: whether the partner may be on this machine.
  /// - Throws: `registry.endpoint_malformed`, `registry.endpoint_address`, `registry.certificate_period`.
  package static func client(
    for partner: Participant, isTest: Bool, registry: VerifiedRegistry, identity: PeerIdentity, limits: PeerLimits, at now: Instant
  ) throws(CausewayError) -> PeerClient {
    let endpoint = try PeerEndpoint(partner.endpoint, rule: isTest ? .partnerOrLoopback : .partner)
    let certificates = try registry.certificates(of: partner.id, role: .tls, at: now)
    guard !certificates.isEmpty else { throw CausewayError("registry.certificate_period") }
    return PeerClient(endpoint: endpoint, certificates: certificates, identity: identity, limits: limits)
  }
}
