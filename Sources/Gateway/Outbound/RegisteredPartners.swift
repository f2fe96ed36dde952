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
    let response = try await client(for: partner, corridor: envelope.header.corridor).deliver(envelope)
    guard let receipt = response.receipt else {
      throw CausewayError("deliver.no_receipt", facts: ["status": String(response.status)])
    }
    return receipt
  }

  package func reconcile(_ question: [UInt8], with partner: Participant, in corridor: String) async throws(CausewayError) -> [UInt8] {
    try await client(for: partner, corridor: corridor).reconcile(question)
  }

  private func client(for partner: Participant, corridor: String) throws(CausewayError) -> PeerClient {
    let isTest = registry.corridor(corridor)?.mode == .test
    let key = ByteString("\(partner.id)|\(isTest)")
    if let known = clients.withLock({ $0[key] }) { return known }
    let endpoint = try PeerEndpoint(partner.endpoint, rule: isTest ? .partnerOrLoopback : .partner)
    let certificates = try registry.certificates(of: partner.id, role: .tls, at: clock.now())
    guard !certificates.isEmpty else { throw CausewayError("registry.certificate_period") }
    let client = PeerClient(endpoint: endpoint, certificates: certificates, identity: identity, limits: limits)
    return clients.withLock { clients in
      if let known = clients[key] { return known }
      clients[key] = client
      return client
    }
  }
}
