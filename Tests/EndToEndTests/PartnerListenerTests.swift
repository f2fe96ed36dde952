import Foundation
import Gateway
import JSONTree
import Journal
import Primitives
import Testing
import Trust

@testable import CausewayCLI

/// Who may speak to the partner listener (P-02, P-09, P-10): TLS 1.3 with a certificate that the registry names, nothing else.
/// Spoken to with `curl` and `openssl`, which share no code with the gateway's own client.
@Suite(.serialized, .oneAtATime, .runningWorld) struct PartnerListenerTests {
  /// The HTTP status, "000" when there was no HTTP at all, and the body.
  private func curl(_ site: DemoWorld.Site, _ authorities: String, _ arguments: [String]) throws -> (status: String, body: String) {
    let result = try World.tool(
      "/usr/bin/env",
      [
        "curl", "--silent", "--max-time", "10", "--http1.1", "--cacert", authorities, "--write-out", "\n%{http_code}", "--request", "POST",
        "--data-binary", "x",
      ] + arguments + ["https://127.0.0.1:\(site.partnerPort)/v1/messages"])
    let lines = result.output.split(separator: "\n", omittingEmptySubsequences: false)
    return (String(lines.last ?? ""), lines.dropLast().joined(separator: "\n"))
  }

  private func identity(_ folder: String, _ name: String) -> [String] {
    ["--cert", "\(folder)/\(name)-certificate.pem", "--key", "\(folder)/\(name)-key.pem"]
  }

  @Test func onlyRegisteredCertificatesAreHeard() throws {
    let world = try World.running
    let authorities = world.cn.folder + "/authorities.pem"
    // The twin first: China's own certificate reaches Singapore's application, which misses the envelope.
    let twin = try curl(world.sg, authorities, identity(world.cn.folder, "tls"))
    #expect(twin.status == "400" && twin.body.contains("verify.http_field"), "\(twin)")

    #expect(try curl(world.sg, authorities, []).status == "000", "no certificate")
    let folder = world.demo.folder + "/strangers"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    let made = try World.tool(
      "/usr/bin/env",
      [
        "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=gateway CN", "-days",
        "2",
        "-keyout", folder + "/self-key.pem", "-out", folder + "/self-certificate.pem",
      ])
    try #require(made.status == 0, "\(made.errors)")
    #expect(try curl(world.sg, authorities, identity(folder, "self")).status == "000", "self-signed")
    // Same names, another authority, which also calls itself as ours does.
    let now = SystemClock().now()
    let authority = try CertificateAuthority.create(name: "Causeway demo authority", from: now.adding(seconds: -60), days: 2)
    let key = try PrivateKey.generate(.p256)
    let certificate = try authority.issue(
      subject: "gateway CN", key: key.publicKey, profile: .tls, ipAddresses: ["127.0.0.1"], from: now.adding(seconds: -60), days: 2)
    try Files.write(Array(key.pem().exposed.utf8), to: folder + "/foreign-key.pem")
    try Files.write(Array(certificate.pem.utf8), to: folder + "/foreign-certificate.pem")
    #expect(try curl(world.sg, authorities, identity(folder, "foreign")).status == "000", "another authority")
    // A certificate without its key: a registered one shown by somebody else.
    #expect(
      try curl(world.sg, authorities, ["--cert", world.cn.folder + "/tls-certificate.pem", "--key", folder + "/foreign-key.pem"]).status
        == "000")
    // Our authority's signing certificate is not one for TLS: refused by its usage or by the registry.
    let signing = try curl(world.sg, authorities, identity(world.cn.folder, "signing"))
    #expect(["000", "403"].contains(signing.status), "\(signing)")
    // The listener does not trust the caller; nor does curl trust a listener of another authority.
    #expect(try curl(world.sg, folder + "/foreign-certificate.pem", identity(world.cn.folder, "tls")).status == "000")
  }

  @Test func olderProtocolVersionsAreRefused() throws {
    let world = try World.running
    let authorities = world.cn.folder + "/authorities.pem"
    let identity = identity(world.cn.folder, "tls")
    #expect(try curl(world.sg, authorities, identity + ["--tls-max", "1.2"]).status == "000")
    #expect(try curl(world.sg, authorities, identity + ["--tlsv1.3"]).status == "400")
    let shown = try World.tool(
      "/usr/bin/env",
      [
        "openssl", "s_client", "-connect", "127.0.0.1:\(world.sg.partnerPort)", "-CAfile", authorities, "-cert",
        world.cn.folder + "/tls-certificate.pem",
        "-key", world.cn.folder + "/tls-key.pem",
      ])
    #expect(shown.output.contains("TLSv1.3") && shown.output.contains("Verify return code: 0"))
    for version in ["-tls1", "-tls1_1", "-tls1_2"] {
      let refused = try World.tool(
        "/usr/bin/env", ["openssl", "s_client", "-connect", "127.0.0.1:\(world.sg.partnerPort)", version, "-cipher", "ALL@SECLEVEL=0"])
      #expect(refused.status != 0 && refused.output.contains("(NONE)"), "\(version)")
    }
  }

  @Test func identityDoesNotComeFromHeaders() throws {
    let world = try World.running
    let authorities = world.cn.folder + "/authorities.pem"
    let claims = ["X-SSL-Client-DN", "X-SSL-Client-Cert", "X-Forwarded-For", "X-Forwarded-Client-Cert", "X-Client-Verify", "Forwarded"]
      .flatMap { ["--header", "\($0): CN=gateway SG"] }
    #expect(try curl(world.sg, authorities, claims).status == "000")
    let plain = try curl(world.sg, authorities, identity(world.cn.folder, "tls"))
    let claimed = try curl(world.sg, authorities, identity(world.cn.folder, "tls") + claims)
    #expect(plain.status == claimed.status && plain.body == claimed.body)
    // The inside API's tokens open nothing here, and the partner's certificate opens no other route.
    let routed = try World.tool(
      "/usr/bin/env",
      [
        "curl", "--silent", "--cacert", authorities, "--write-out", "%{http_code}", "--output", "/dev/null", "--header",
        "Authorization: Bearer \(world.sg.token.exposed)",
      ] + identity(world.cn.folder, "tls") + ["https://127.0.0.1:\(world.sg.partnerPort)/v1/clearances"])
    #expect(routed.output == "404")
  }

  /// A message as it went over the wire, sent again with other tools: by its sender it gets the same receipt, altered or from somebody else's
  /// connection it gets a signed refusal, and no effect.
  @Test func aMessageIsTakenFromItsSenderAloneAndUnaltered() async throws {
    let world = try World.running
    let ids = try await world.china.declare(try World.declaration(number: 50), key: "wire")
    let receipt = try #require(try await world.china.receipted(ids.message)["receipt"]?.string)
    try await world.singapore.waitFor(ids.clearance, "import", "supplement_requested")
    try await world.quiet()
    let payload = try await world.cn.inside.bytes("/v1/messages/\(ids.message)/documents/wire")
    let (header, signature, salt, secret) = try await world.journal(world.cn) {
      reader throws(CausewayError) -> ([UInt8], String, String, String) in
      guard let id = MessageID(ids.message), let message = try reader.message(id), let clearance = try reader.clearance(ids.clearance),
        let fields = try reader.payload(owner: ids.message, kind: "fields")
      else {
        throw CausewayError("journal.not_found")
      }
      return (
        message.header, String(decoding: message.signature, as: UTF8.self), try JSONValue.parse(clearance.state)["salt"]?.string ?? "",
        Hex.encode(fields.bytes)
      )
    }
    let before = try await world.singapore.waitFor(ids.clearance) { view in
      view["messages"]?.array?.allSatisfy { ["handled", "delivered"].contains($0["state"]?.string) } == true
    }
    func send(_ header: [UInt8], _ payload: [UInt8], as sender: DemoWorld.Site) throws -> (status: String, body: String) {
      let file = world.demo.folder + "/payload"
      try Files.write(payload, to: file)
      let result = try World.tool(
        "/usr/bin/env",
        [
          "curl", "--silent", "--max-time", "10", "--http1.1", "--cacert", world.cn.folder + "/authorities.pem", "--write-out",
          "\n%{http_code}",
          "--header", "Causeway-Envelope: \(Base64.encode(header, .url))", "--header", "Causeway-Signature: \(signature)",
          "--header", "Causeway-Subject-Salt: \(salt)", "--header", "Causeway-Fields-Salt: \(secret)", "--header",
          "Content-Type: application/xml", "--data-binary", "@" + file,
        ]
          + identity(sender.folder, "tls") + ["https://127.0.0.1:\(world.sg.partnerPort)/v1/messages"])
      let lines = result.output.split(separator: "\n")
      return (String(lines.last ?? ""), String(lines.first ?? ""))
    }
    func refusal(_ answer: (status: String, body: String)) throws -> JSONValue? {
      let parts = answer.body.split(separator: ".", omittingEmptySubsequences: false)
      guard answer.status == "200", parts.count == 3, let bytes = Base64.decode(parts[1], .url) else { return nil }
      let receipt = try JSONValue.parse(bytes)
      return receipt["outcome"]?.string == "refused" ? receipt : nil
    }
    for _ in 0..<3 { #expect(try send(header, payload, as: world.cn) == ("200", receipt), "the same receipt, byte for byte") }
    var alteredPayload = payload
    alteredPayload[payload.count / 2] ^= 0x01
    #expect(try refusal(try send(header, alteredPayload, as: world.cn)) != nil, "payload")
    let alteredHeader = Array(String(decoding: header, as: UTF8.self).replacing("\"revision\":1", with: "\"revision\":2").utf8)
    try #require(alteredHeader != header)
    #expect(try refusal(try send(alteredHeader, payload, as: world.cn)) != nil, "header")
    #expect(try refusal(try send(header, payload, as: world.sg)) != nil, "another participant's connection")
    let after = try await world.singapore.clearance(ids.clearance)
    #expect(
      after == before,
      "no effect: \(String(decoding: before.serialized(), as: UTF8.self)) \(String(decoding: after.serialized(), as: UTF8.self))")
    #expect(try send(header, payload, as: world.cn) == ("200", receipt), "and still the same receipt")
    #expect(try World.run(["ledger", "verify", "--config", world.sg.configuration]).status == 0)
  }

  @Test func anOversizedMessageIsNotTaken() throws {
    let world = try World.running
    let file = world.demo.folder + "/large"
    try Files.write([UInt8](repeating: 0x41, count: 17 << 20), to: file)
    let result = try World.tool(
      "/usr/bin/env",
      [
        "curl", "--silent", "--max-time", "20", "--http1.1", "--cacert", world.cn.folder + "/authorities.pem", "--write-out",
        "\n%{http_code}",
        "--data-binary", "@" + file,
      ] + identity(world.cn.folder, "tls") + ["https://127.0.0.1:\(world.sg.partnerPort)/v1/messages"])
    #expect(result.output.hasSuffix("\n413") && result.output.contains("receive.too_large"), "\(result.output)")
  }
}

/// The registry at the start of a gateway: altered, older, or another one of the same version (attacks.md P-08).
@Suite(.serialized, .oneAtATime) struct RegistryStartTests {
  @Test func anAlteredOrOlderRegistryIsRefused() async throws {
    let world = try World()
    defer { world.end() }
    let site = world.cn
    let file = site.folder + "/registry.json"
    let original = try Files.read(file)
    for position in stride(from: original.count / 5, to: original.count, by: original.count / 5) {
      var altered = original
      altered[position] ^= 0x01
      try Files.write(altered, to: file)
      let refused = try world.refusedStart(site)
      #expect(
        refused.status != 0 && ["registry.", "parse.json", "verify.jws"].contains { refused.errors.contains($0) },
        "byte \(position): \(refused.errors)")
      #expect(try World.run(["registry", "check", file, "--key", site.folder + "/registry-key.pem"]).status != 0)
    }
    // Signed by somebody else, content unchanged.
    let stranger = try PrivateKey.generate(.p256)
    let content = try Registry.verify(original, keys: [try PublicKey(pem: try Files.text(site.folder + "/registry-key.pem"))]).content
    try Files.write(try Registry.sign(content, key: stranger), to: file)
    let foreign = try world.refusedStart(site)
    #expect(foreign.status != 0 && foreign.errors.contains("registry."), "\(foreign.errors)")

    // From here on the stranger's key is the registry's: versions can be made, as with `causeway registry sign`.
    try Files.write(Array(stranger.publicKey.pem.utf8), to: site.folder + "/registry-key.pem")
    try Files.write(Array(stranger.pem().exposed.utf8), to: site.folder + "/registry-private.pem", isSecret: true)
    func sign(version: Int, seconds: Int64 = 0) throws {
      let draft = RegistryContent(
        version: version, issued: content.issued.adding(seconds: seconds), participants: content.participants, corridors: content.corridors)
      let path = site.folder + "/draft.json"
      try Files.write(draft.json.serialized(), to: path)
      let signed = try World.run(["registry", "sign", path, "--key", site.folder + "/registry-private.pem"])
      try #require(signed.status == 0, "\(signed.errors)")
      try Files.write(Array(signed.output.utf8), to: file)
    }
    func starts() async throws -> Bool {
      let process = try await world.start(site)
      process.stop()
      return process.exitCode == 0
    }
    try sign(version: 5)
    #expect(try await starts())
    try sign(version: 4)
    let older = try world.refusedStart(site)
    #expect(older.status != 0 && older.errors.contains("registry.version_back"), "\(older.errors)")
    try sign(version: 5, seconds: 60)
    let reused = try world.refusedStart(site)
    #expect(reused.status != 0 && reused.errors.contains("registry.version_reused"), "\(reused.errors)")
    try sign(version: 5)
    #expect(try await starts(), "the same one again")
    try sign(version: 6)
    #expect(try await starts(), "a newer one")
  }
}
