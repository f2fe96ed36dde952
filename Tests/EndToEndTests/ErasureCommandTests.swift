import Foundation
import JSONTree
import Journal
import Primitives
import Testing
import Trust

@testable import CausewayCLI

/// Erasure and legal holds as an officer uses them: by the command line, at a running gateway.
@Suite(.serialized, .oneAtATime, .runningWorld) struct ErasureCommandTests {
  private func run(_ arguments: [String], _ site: DemoWorld.Site) throws -> (status: Int32, output: String, errors: String) {
    try World.run(arguments + ["--config", site.configuration], environment: ["CAUSEWAY_TOKEN": site.token.exposed])
  }

  private func storedKey(_ id: String, _ site: DemoWorld.Site, _ world: World) async throws -> [UInt8]? {
    try await world.journal(site) { reader throws(CausewayError) in try reader.dataKey(id)?.wrapped }
  }

  private func files(_ site: DemoWorld.Site) throws -> [Data] {
    let folder = site.folder + "/data"
    return try FileManager.default.contentsOfDirectory(atPath: folder).map { try Data(contentsOf: URL(filePath: "\(folder)/\($0)")) }
  }

  /// Nothing is owed of a clearance any more: until then it has not ended.
  private func settled(_ id: String, _ world: World) async throws {
    for _ in 0..<600 {
      let open = try await world.journal(world.cn) { reader throws(CausewayError) in
        try reader.messages(MessageQuery(clearance: id, states: ["received", "sealed", "recorded"], limit: 1)).count
      }
      if open == 0 { return }
      try await Task.sleep(for: .milliseconds(50))
    }
    Issue.record("something is still owed after half a minute")
  }

  @Test func holdReleaseAndErase() async throws {
    let world = try World.running
    let id = try await world.clear(try World.declaration(number: 700), key: "erase-700")
    let other = try await world.clear(try World.declaration(number: 701), key: "erase-701")
    try await settled(id, world)
    let message = try #require(try await world.china.clearance(id)["messages"]?.array?.first?["messageId"]?.string)
    let receipt = try await world.china.message(message)["receipt"]
    let wrapped = Data(try #require(try await storedKey(id, world.cn, world)))
    #expect(try files(world.cn).contains { $0.range(of: wrapped) != nil })

    #expect(try run(["hold", "set", "--clearance", id, "--reason", "case 12/2026"], world.cn).status == 0)
    let held = try run(["erase", "--clearance", id, "--ground", "court_order"], world.cn)
    #expect(held.status != 0 && held.errors.contains("clearance.held"), "\(held.errors)")
    #expect(try run(["hold", "list"], world.cn).output.contains("case 12/2026"))
    #expect(try run(["hold", "release", "--clearance", id, "--reason", "closed"], world.cn).status == 0)
    let wrong = try run(["erase", "--clearance", id, "--ground", "whim"], world.cn)
    #expect(wrong.status != 0 && wrong.errors.contains("parse.json_member_value"), "\(wrong.errors)")

    let erased = try run(["erase", "--clearance", id, "--ground", "subject_request"], world.cn)
    #expect(erased.status == 0, "\(erased.errors)")
    #expect(try JSONValue.parse(Array(erased.output.utf8))["repeated"] == false)
    #expect(try !files(world.cn).contains { $0.range(of: wrapped) != nil })
    let gone = try await world.china.answer("GET", "/v1/messages/\(message)/documents/source")
    #expect(gone.status == 410 && gone.body["problems"]?.array?.first?["code"]?.string == "clearance.erased")
    #expect(gone.body["title"]?.string?.contains("subject_request") == true)
    #expect(try await world.china.message(message)["receipt"] == receipt && receipt != .null)
    #expect(try await world.china.answer("POST", "/v1/clearances/\(other)/erasure", body: Array("{}".utf8)).status == 400)
    #expect(try run(["ledger", "verify"], world.cn).status == 0)
    let exported = world.demo.folder + "/export-erased"
    let export = try run(["ledger", "export", "--output", exported], world.cn)
    #expect(export.status == 0 && export.output.contains("--key '"))
    let key = try #require(export.output.firstMatch(of: /--key '([^']+)'/)?.output.1)
    #expect(try World.tool(World.verifier, ["--key", String(key), exported]).status == 0)
    #expect(try await world.china.answer("GET", "/v1/messages/\(message)/documents/source").status == 410)
  }

  @Test func whatIsNotThereCannotBeErased() async throws {
    let world = try World.running
    let body = Array("{\"ground\":\"court_order\"}".utf8)
    #expect(try await world.china.answer("POST", "/v1/clearances/0/erasure", body: body).status == 404)
    #expect(try await world.china.answer("POST", "/v1/clearances/0/erasure", token: "cwt_unknown", body: body).status == 401)
  }

  /// What a gateway refuses to start with: a key that others can read, one that is another's, none, and a journal in plain.
  @Test func theStorageKeyIsGuarded() async throws {
    let world = try World()
    defer { world.end() }
    let site = world.cn
    let path = site.folder + "/storage-key.pem"
    // A token with every role but one.
    let token = BearerToken.generate().exposed
    let line = "tokens:\n  - {name: other, hash: \"\(BearerToken.stored(token))\", roles: [submit, customs, inbox, read]}\n"
    try Files.write(Array(try Files.text(site.configuration).replacing("tokens:\n", with: line).utf8), to: site.configuration)
    try await world.start(site)
    let window = PatientWindow(site: site)
    for (method, call) in [
      ("POST", "clearances/0/erasure"), ("POST", "clearances/0/hold"), ("POST", "clearances/0/hold/release"), ("GET", "holds"),
    ] {
      let answer = try await window.answer(method, "/v1/\(call)", token: token, body: method == "POST" ? Array("{}".utf8) : nil)
      #expect(answer.status == 403, "\(call)")
    }
    #expect(try await window.answer("GET", "/v1/clearances", token: token).status == 200)
    world.process(site)?.stop()
    try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: path)
    #expect(try world.refusedStart(site).errors.contains("key.file_mode"))
    try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: path)
    let again = try World.run(["keys", "generate", "--kind", "storage", "--output", path])
    #expect(again.status != 0 && again.errors.contains("key.file_exists"))
    try FileManager.default.removeItem(atPath: path)
    #expect(try world.refusedStart(site).errors.contains("config.file_missing"))
    #expect(try World.run(["keys", "generate", "--kind", "storage", "--output", path]).status == 0)
    #expect(try Files.isPrivate(path))
    #expect(try world.refusedStart(site).errors.contains("journal.storage_key"))
    let sealed = try World.run(["journal", "seal", "--config", site.configuration])
    #expect(sealed.status != 0 && sealed.errors.contains("journal.storage_key"))
  }
}
