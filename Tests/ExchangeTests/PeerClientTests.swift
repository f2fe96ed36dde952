import Foundation
import Primitives
import Synchronization
import Testing
import Trust

@testable import Exchange

/// The client against a real TLS server: what it sends, and above all to whom it sends nothing.
@Suite(.enabled(if: TLSServer.isAvailable, "not run: python3 is absent"))
final class PeerClientTests: Sendable {
  let world: World
  let now: Instant
  /// Servers live as long as the test.
  private let servers = Mutex<[TLSServer]>([])

  /// A world of its own, because libcurl and the server judge certificates by the real clock.
  init() throws {
    now = Instant(milliseconds: Int64(Date().timeIntervalSince1970 * 1000))
    world = try World(at: now)
  }

  func identity(_ economy: Economy, authorities: CertificateAuthority? = nil) -> PeerIdentity {
    PeerIdentity(
      certificateChain: economy.tlsCertificate.pem, key: economy.tlsKey.pem(), authorities: (authorities ?? world.authority).certificate.pem
    )
  }

  func serve(_ economy: Economy, maximumTLS12: Bool = false) throws -> TLSServer {
    try serve(economy.tlsCertificate, economy.tlsKey, maximumTLS12: maximumTLS12)
  }

  func serve(_ certificate: Certificate, _ key: PrivateKey, maximumTLS12: Bool = false) throws -> TLSServer {
    let server = try TLSServer(
      certificate: certificate, key: key, clientAuthority: world.authority.certificate, maximumTLS12: maximumTLS12)
    servers.withLock { $0.append(server) }
    return server
  }

  func client(
    _ server: TLSServer, pins: [Certificate]? = nil, identity: PeerIdentity? = nil, host: String = "127.0.0.1",
    limits: PeerLimits = PeerLimits()
  ) throws -> PeerClient {
    PeerClient(
      endpoint: try PeerEndpoint("https://\(host):\(server.port)", rule: .partnerOrLoopback),
      certificates: pins ?? [world.sg.tlsCertificate],
      identity: identity ?? self.identity(world.cn), limits: limits)
  }

  func code(_ body: () async throws(CausewayError) -> PeerResponse) async -> ErrorCode? {
    do {
      _ = try await body()
      return nil
    } catch {
      return error.code
    }
  }

  @Test func deliversAnEnvelope() async throws {
    let server = try serve(world.sg)
    let client = try client(server)
    let payload = [UInt8]((0..<200_000).map { UInt8(truncatingIfNeeded: $0 &* 7) })
    let sealed = try world.seal(world.header(created: now, payload: payload), as: world.cn, payload: payload)
    let response = try await client.deliver(sealed)
    #expect(response.status == 200)
    #expect(response.field("content-type") == "application/jose")
    let expected = utf8(
      """
      Causeway-Envelope=['\(Base64.encode(sealed.headerBytes, .url))']
      Causeway-Signature=['\(sealed.signature)']
      Causeway-Subject-Salt=['\(Hex.encode(sealed.salt.bytes.exposed))']
      Causeway-Fields-Salt=['\(Hex.encode(World.fieldsSecret.bytes.exposed))']
      Content-Type=['application/xml']
      Expect=None
      Accept-Encoding=['identity']

      """)
    #expect(String(decoding: response.body.dropLast(payload.count), as: UTF8.self) == String(decoding: expected, as: UTF8.self))
    let isPayloadIntact = Array(response.body.suffix(payload.count)) == payload
    #expect(isPayloadIntact)
    #expect(server.journal == ["connection", "POST /v1/messages"])
  }

  @Test func answersThatAreNoReceipts() async throws {
    let client = try client(try serve(world.sg))
    let busy = try await client.get("/busy")
    #expect(busy.status == 503)
    #expect(busy.receipt == nil)
    #expect(busy.field("retry-after") == "7" && busy.secondsToWait == 7)
    #expect(try await client.get("/").secondsToWait == nil)
    func wait(_ status: Int, _ values: [String]) -> Int? {
      PeerResponse(status: status, fields: values.map { ("retry-after", $0) }, body: []).secondsToWait
    }
    #expect(wait(429, ["12"]) == 12 && wait(503, ["0"]) == 0)
    for (status, values) in [
      (200, ["12"]), (500, ["12"]), (429, []), (429, ["1", "2"]), (429, ["-1"]), (429, ["1.5"]), (429, [""]), (429, ["9999999999"]),
      (429, ["Sat, 21 Nov 2026 09:00:00 GMT"]),
    ] {
      #expect(wait(status, values) == nil, "\(status) \(values)")
    }
    #expect(try await client.get("/").receipt == nil)
    #expect(try await client.get("/twice").receipt == nil)
    #expect(try await client.request("POST", "/v1/messages", fields: [], body: []).receipt != nil)
  }

  @Test func keepsConnections() async throws {
    let server = try serve(world.sg)
    let client = try client(server, limits: PeerLimits(connections: 3, idleSeconds: 3600))
    for _ in 0..<5 { _ = try await client.get("/") }
    #expect(server.journal.filter { $0 == "connection" }.count == 1)
    try await withThrowingTaskGroup(of: Int.self) { group in
      for _ in 0..<30 { group.addTask { try await client.get("/").status } }
      for try await status in group { #expect(status == 200) }
    }
    #expect(server.journal.filter { $0 == "connection" }.count <= 3)
    #expect(server.journal.filter { $0 == "GET /" }.count == 35)
  }

  /// P-11: nothing leaves for a server that is not the registered one, though its certificate is of the right authority.
  @Test func otherPartnersServer() async throws {
    let server = try serve(world.my)
    let stranger = try client(server)
    #expect(await code { () async throws(CausewayError) in try await stranger.get("/") } == "deliver.peer_identity")
    #expect(!server.journal.contains { $0.hasPrefix("GET") })
    let friend = try client(server, pins: [world.my.tlsCertificate])
    #expect(await code { () async throws(CausewayError) in try await friend.get("/") } == nil)
  }

  /// While keys are rolled over, any of the registered ones will do.
  @Test func severalRegisteredCertificates() async throws {
    let client = try client(try serve(world.sg), pins: [world.my.tlsCertificate, world.sg.tlsCertificate])
    #expect(await code { () async throws(CausewayError) in try await client.get("/") } == nil)
  }

  @Test func serverOfAnotherAuthority() async throws {
    let server = try serve(world.sg)
    let rogue = try CertificateAuthority.create(name: "Rogue", from: now.adding(seconds: -60), days: 2)
    let client = try client(server, identity: identity(world.cn, authorities: rogue))
    #expect(await code { () async throws(CausewayError) in try await client.get("/") } == "deliver.peer_identity")
    #expect(!server.journal.contains { $0.hasPrefix("GET") })
  }

  @Test func certificateForAnotherHost() async throws {
    let key = try PrivateKey.generate(.p256)
    let certificate = try world.authority.issue(
      subject: "SG", key: key.publicKey, profile: .tls, dnsNames: ["gateway.sg.example"], from: now.adding(seconds: -60), days: 2)
    let server = try serve(certificate, key)
    let client = try client(server, pins: [certificate])
    #expect(await code { () async throws(CausewayError) in try await client.get("/") } == "deliver.peer_identity")
    #expect(!server.journal.contains { $0.hasPrefix("GET") })
  }

  @Test func olderTLS() async throws {
    let server = try serve(world.sg, maximumTLS12: true)
    let client = try client(server)
    #expect(await code { () async throws(CausewayError) in try await client.get("/") } == "deliver.tls")
    #expect(!server.journal.contains { $0.hasPrefix("GET") })
  }

  @Test func ownCertificateNotAccepted() async throws {
    let server = try serve(world.sg)
    let rogue = try CertificateAuthority.create(name: "Rogue", from: now.adding(seconds: -60), days: 2)
    let stranger = try Economy("CN", rogue, from: now.adding(seconds: -60))
    let client = try client(server, identity: identity(stranger))
    // TLS 1.3 servers refuse a client certificate after the client has finished: the answer fails, not the connection.
    let code = await code { () async throws(CausewayError) in try await client.get("/") }
    #expect([ErrorCode("deliver.tls"), "deliver.transfer"].contains(code))
    #expect(!server.journal.contains { $0.hasPrefix("GET") })
  }

  @Test func keysThatAreNone() async throws {
    let server = try serve(world.sg)
    let broken = PeerIdentity(certificateChain: "none", key: Redacted("none"), authorities: world.authority.certificate.pem)
    let client = try client(server, identity: broken)
    #expect(await code { () async throws(CausewayError) in try await client.get("/") } == "deliver.tls")
    #expect(await code { () async throws(CausewayError) in try await client.get("/") } == "deliver.tls")
  }

  @Test(arguments: ["/redirect", "/outside"])
  func redirectsAreNotFollowed(path: String) async throws {
    let server = try serve(world.sg)
    #expect(try await client(server).get(path).status == 302)
    #expect(server.journal == ["connection", "GET \(path)"])
  }

  @Test func answersThatAreTooLarge() async throws {
    let client = try client(try serve(world.sg), limits: PeerLimits(totalMilliseconds: 20_000, responseBytes: 1_000_000))
    for path in ["/large", "/endless", "/fields"] {
      #expect(await code { () async throws(CausewayError) in try await client.get(path) } == "deliver.response_too_large", "\(path)")
    }
    #expect(try await client.get("/exact").body.count == 1_000_000)
  }

  @Test func answersThatTakeTooLong() async throws {
    let client = try client(try serve(world.sg), limits: PeerLimits(totalMilliseconds: 700))
    #expect(await code { () async throws(CausewayError) in try await client.get("/slow") } == "deliver.timeout")
    #expect(await code { () async throws(CausewayError) in try await client.get("/") } == nil)
  }

  @Test func cancelling() async throws {
    let client = try client(try serve(world.sg), limits: PeerLimits(connections: 1))
    let codes = await withTaskGroup(of: ErrorCode?.self) { group in
      for _ in 0..<3 { group.addTask { await self.code { () async throws(CausewayError) in try await client.get("/slow") } } }
      try? await Task.sleep(for: .milliseconds(300))
      group.cancelAll()
      return await group.reduce(into: []) { $0.append($1) }
    }
    #expect(codes == ["deliver.cancelled", "deliver.cancelled", "deliver.cancelled"])
    #expect(await code { () async throws(CausewayError) in try await client.get("/") } == nil)
  }

  @Test func nobodyListens() async throws {
    let server = try serve(world.sg)
    let free = try PeerEndpoint("https://127.0.0.1:1", rule: .partnerOrLoopback)
    let client = PeerClient(endpoint: free, certificates: [world.sg.tlsCertificate], identity: identity(world.cn))
    #expect(await code { () async throws(CausewayError) in try await client.get("/") } == "deliver.unreachable")
    let unknown = try PeerEndpoint("https://gateway.invalid", rule: .partner)
    let lost = PeerClient(endpoint: unknown, certificates: [world.sg.tlsCertificate], identity: identity(world.cn))
    #expect(await code { () async throws(CausewayError) in try await lost.get("/") } == "deliver.unreachable")
    #expect(server.journal.isEmpty)
  }

  /// H-05, rebinding: a name that was harmless when it was registered and now leads to this machine.
  @Test func namesThatLeadInside() async throws {
    let server = try serve(world.sg)
    var endpoint = try PeerEndpoint("https://localhost:\(server.port)", rule: .partnerOrLoopback)
    let allowed = PeerClient(endpoint: endpoint, certificates: [world.sg.tlsCertificate], identity: identity(world.cn))
    #expect(await code { () async throws(CausewayError) in try await allowed.get("/") } == nil)
    endpoint.rule = .partner
    let refused = PeerClient(endpoint: endpoint, certificates: [world.sg.tlsCertificate], identity: identity(world.cn))
    #expect(await code { () async throws(CausewayError) in try await refused.get("/inside") } == "deliver.address_refused")
    #expect(!server.journal.contains("GET /inside"))
    #expect(server.journal.filter { $0 == "connection" }.count == 1)
  }

  @Test func proxiesOfTheEnvironmentAreNotUsed() async {
    // In a process of its own: the environment belongs to the whole process.
    await #expect(processExitsWith: .success) {
      for name in ["https_proxy", "HTTPS_PROXY", "ALL_PROXY", "all_proxy"] { setenv(name, "http://127.0.0.1:1", 1) }
      let tests = try PeerClientTests()
      let status = try await tests.client(try tests.serve(tests.world.sg)).get("/").status
      #expect(status == 200)
    }
  }
}
