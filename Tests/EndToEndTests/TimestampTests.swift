import Foundation
import JSONTree
import Journal
import Primitives
import TestSupport
import Testing

@testable import CausewayCLI

/// A gateway that has its checkpoints time-stamped over HTTP, evidence with time-stamps, and an authority that goes away and comes back.
@Suite(.serialized, .oneAtATime) struct TimestampTests {
  /// What `causeway`, `causeway-verify` and the program in Python say of a file: status, codes of the findings, and how many time-stamps.
  private func answers(_ file: String, key: String, authorities: String? = nil) throws -> [String] {
    let options = ["--registry-key", key, "--json"]
    let believing = authorities.map { ["--tsa-authorities", $0] } ?? []
    let script = World.repository + "interop/verifier/causeway_evidence.py"
    return try [
      World.run(["evidence", "verify"] + options + believing + [file]),
      World.tool(World.verifier, ["evidence"] + options + believing + [file]),
      World.tool("/usr/bin/env", ["python3", script] + options + [file]),
    ].map { said in
      let report = try JSONValue.parse(Array(said.output.utf8))
      let stamps = (report["timeStamps"]?.array ?? []).map { $0["verified"] == true ? "verified" : "unchecked" }
      let codes = Set((report["findings"]?.array ?? []).map { $0["code"]?.string ?? "" })
      return ([String(said.status)] + codes.sorted() + stamps).joined(separator: " ")
    }
  }

  private func health(_ world: World, seconds: Int = 40, _ holds: (JSONValue) -> Bool) async throws -> JSONValue {
    let deadline = ContinuousClock.now + .seconds(seconds)
    var last = JSONValue.null
    while ContinuousClock.now < deadline {
      last = try await world.china.call("GET", "/health")["timestamps"] ?? .null
      if holds(last) { return last }
      try await Task.sleep(for: .milliseconds(100))
    }
    Issue.record("the time-stamps did not get there: \(String(decoding: last.serialized(), as: UTF8.self))")
    return last
  }

  private func kinds(_ world: World) async throws -> [String] {
    try await world.journal(world.cn) { reader throws(CausewayError) in
      try reader.entries(from: 0, limit: 10_000).compactMap { try? JSONValue.parse($0.bytes)["kind"]?.string }
    }
  }

  @Test func checkpointsAreStampedAndTheStampsAreEvidence() async throws {
    let authority = try TimeStampAuthority()
    var server = try authority.serve()
    let world = try World()
    defer { world.end() }
    let site = world.cn
    let trusted = site.folder + "/tsa.pem"
    try Files.write(Array(try authority.authority.utf8), to: trusted)
    let settings = "timestamping: {url: \"\(server.url)\", authorities: tsa.pem, everySeconds: 1}\n"
    let configuration = try Files.text(site.configuration) + settings
    // Whom it does not believe it does not start with.
    try Files.write(
      Array(try Files.text(site.configuration).utf8) + Array(settings.replacing("tsa.pem", with: "signing-certificate.pem").utf8),
      to: site.configuration)
    let refused = try world.refusedStart(site)
    #expect(refused.status == 78 && refused.errors.contains("config.timestamp_authorities"), "\(refused)")
    try Files.write(Array(configuration.utf8), to: site.configuration)
    try await world.startBoth()
    let ids = try await world.china.declare(try World.declaration(number: 710), key: "stamped")
    try await world.singapore.waitFor(ids.clearance, "import", "supplement_requested")
    try await world.quiet()
    let size = try await world.journal(site) { reader throws(CausewayError) in try reader.ledgerHead().size }
    _ = try await health(world) { $0["size"]?.int ?? 0 >= size }
    try await evidence(world, ids.message, trusted)
    try await container(world, ids.message, trusted)
    // Out of reach: a debt, and declarations as ever.
    let port = server.port
    server.stop()
    let second = try await world.china.declare(try World.declaration(number: 711), key: "unstamped")
    try await world.singapore.waitFor(second.clearance, "import", "supplement_requested")
    _ = try await health(world) { $0["debtSince"]?.string != nil }
    #expect(try await kinds(world).filter { $0.hasPrefix("timestamp.") } == ["timestamp.debt"])
    let third = try await world.china.declare(try World.declaration(number: 712), key: "in-debt")
    try await world.singapore.waitFor(third.clearance, "import", "supplement_requested")
    server = try authority.serve(port: port)
    _ = try await health(world, seconds: 90) { $0["debtSince"] == .null }
    #expect(try await kinds(world).filter { $0.hasPrefix("timestamp.") } == ["timestamp.debt", "timestamp.repaid"])
    let metrics = try await HTTPClient.send("GET", site.inside.base + "/metrics", token: nil)
    #expect(String(decoding: metrics.body, as: UTF8.self).contains("gateway_timestamp_failures_total{code=\"timestamp.no_answer\"}"))
    server.stop()
  }

  private func evidence(_ world: World, _ message: String, _ trusted: String) async throws {
    let site = world.cn
    let (key, file) = (site.folder + "/registry-key.pem", site.folder + "/stamped.evidence")
    let exported = try World.run(["evidence", "export", "--config", site.configuration, "--message", message, "--output", file])
    #expect(exported.status == 0, "\(exported)")
    let count = try #require(try JSONValue.parse(try Files.read(file))["timeStamps"]?.array).count
    try #require(count > 0)
    func each(_ status: String, _ word: String) -> String { ([status] + Array(repeating: word, count: count)).joined(separator: " ") }
    let unchecked = each("0", "unchecked")
    #expect(try answers(file, key: key) == [unchecked, unchecked, unchecked])
    #expect(try answers(file, key: key, authorities: trusted) == [each("0", "verified"), each("0", "verified"), unchecked])
    // Authorities of somebody else, a file that holds none, and one that is not there.
    let strangers = site.folder + "/strangers.pem"
    try Files.write(Array(try TimeStampAuthority().authority.utf8), to: strangers)
    #expect(
      try answers(file, key: key, authorities: strangers) == ["65 evidence.timestamp", "65 evidence.timestamp", unchecked])
    for program in [(World.executable, ["evidence", "verify"]), (World.verifier, ["evidence"])] {
      func status(_ authorities: String) throws -> Int32 {
        try World.tool(program.0, program.1 + ["--registry-key", key, "--tsa-authorities", authorities, file]).status
      }
      #expect(try status(key) == 64)
      #expect(try status(site.folder + "/signing-certificate.pem") == 64)
      #expect(try status(site.folder + "/absent.pem") == 66)
    }
    let people = try World.tool(World.verifier, ["evidence", "--registry-key", key, "--tsa-authorities", trusted, file])
    #expect(people.output.contains(", verified: entries ") && people.output.contains(" existed before "), "\(people.output)")
    // A token whose time is another one, in a file that is signed by nobody any more: each program names both.
    var object = try #require(try JSONValue.parse(try Files.read(file)).object)
    var tokens = try #require(object["timeStamps"]?.array)
    var token = try #require(tokens[0].string.flatMap { Base64.decode($0) })
    token[token.count / 2] ^= 1
    tokens[0] = .string(Base64.encode(token))
    object["timeStamps"] = .array(tokens)
    try Files.write(try JSONValue.object(object).canonical(), to: file + ".altered")
    let altered = try answers(file + ".altered", key: key, authorities: trusted)
    #expect(altered.allSatisfy { $0.hasPrefix("65 evidence.signature") }, "\(altered)")
    #expect(altered[0].contains("evidence.timestamp") && altered[1] == altered[0])
  }

  /// The time-stamps of a container are read by OpenSSL's own program, beside the checkpoints that they are for.
  private func container(_ world: World, _ message: String, _ trusted: String) async throws {
    let site = world.cn
    let (file, folder) = (site.folder + "/stamped.asice", site.folder + "/container")
    let arguments = ["evidence", "export", "--config", site.configuration, "--message", message, "--container", "--output", file]
    let exported = try World.run(arguments)
    #expect(exported.status == 0, "\(exported)")
    #expect(try World.tool("/usr/bin/env", ["python3", "-m", "zipfile", "-e", file, folder]).status == 0)
    func openssl(_ number: Int, _ checkpoint: String) throws -> Int32 {
      let token = "\(folder)/time-stamps/\(number).tst"
      return try World.tool(
        "/usr/bin/env", ["openssl", "ts", "-verify", "-token_in", "-in", token, "-data", checkpoint, "-CAfile", trusted]
      ).status
    }
    let note = "\(folder)/time-stamps/0.checkpoint"
    #expect(try openssl(0, note) == 0)
    var bytes = try Files.read(note)
    bytes[bytes.count / 2] ^= 1
    try Files.write(bytes, to: note + ".altered")
    #expect(try openssl(0, note + ".altered") != 0)
  }
}
