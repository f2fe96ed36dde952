import Foundation
import Gateway
import JSONTree
import Journal
import Ledger
import Primitives
import Testing
import Trust

@testable import CausewayCLI

/// The main job, and the commands that look at it: two gateways, real declarations, from the trader's bytes to release on both sides.
@Suite(.serialized, .oneAtATime, .runningWorld) struct MainPathTests {
  /// UTF-8 without and with byte order mark, GB18030, the shortest and the longest declaration.
  @Test(arguments: [
    World.textiles, "export-textiles-12-items.bom.xml", "export-electronics.gb18030.xml", "export-minimal.xml", "export-50-items.xml",
  ])
  func everySampleIsClearedOnBothSides(sample: String) async throws {
    let world = try World.running
    // The sample with a byte order mark is the same declaration again unless it has a reference of its own.
    let document = sample.contains(".bom.") ? try World.declaration(sample, number: 400) : try Files.read(World.samples + sample)
    let id = try await world.clear(document, key: sample)
    try await world.quiet()
    let (china, singapore) = (try await Traces.read(world, world.cn, [id]), try await Traces.read(world, world.sg, [id]))
    let sent = try #require(china.messages[id])
    #expect(sent.count == 7)
    #expect(sent.mapValues(\.digest) == singapore.messages[id]?.mapValues(\.digest))
    #expect(sent.mapValues(\.receipt) == singapore.messages[id]?.mapValues(\.receipt))
    let declaration = try #require(sent.first { $0.value.kind == "declaration" }).key
    // What left one side is what came to the other, byte for byte.
    let wires = try await [world.cn, world.sg].asyncMap { try await $0.inside.bytes("/v1/messages/\(declaration)/documents/wire") }
    #expect(wires[0] == wires[1])
    #expect(SHA256.hash(wires[0]) == sent[declaration]?.digest)
    let source = try await world.cn.inside.bytes("/v1/messages/\(declaration)/documents/source")
    #expect(source == document, "the trader's bytes are kept as they came")
    // Each message's digest stands in both ledgers.
    for site in world.sites {
      let digests = try await ledgerDigests(world, site)
      for (message, traced) in sent {
        #expect(digests[message]?.contains(traced.digest?.hex ?? "") == true, "\(message) in the ledger of \(site.economy)")
      }
    }
    try await DemoRun.verifyLedgers(world.demo)
    let local = try await world.sg.inside.bytes("/v1/messages/\(declaration)/documents/local")
    let validated = try World.run(["validate", "--profile", "sg.tradenet", "-"], input: local)
    #expect(validated.status == 0, "what was lodged is a valid declaration: \(validated.errors)")
  }

  private func ledgerDigests(_ world: World, _ site: DemoWorld.Site) async throws -> [String: Set<String>] {
    try await world.journal(site) { reader throws(CausewayError) in
      var digests: [String: Set<String>] = [:]
      try LedgerCommand.forEachEntry(reader, upTo: nil) { stored throws(CausewayError) in
        let draft = try Entry(parsing: stored.bytes).draft
        if let message = draft.messageID, let digest = draft.payloadDigest { digests[message.text, default: []].insert(digest.hex) }
      }
      return digests
    }
  }

  @Test func aDeclarationIsClearedWithTheCommandsAlone() async throws {
    let world = try World.running
    func command(_ site: DemoWorld.Site, _ arguments: [String], input: [UInt8] = []) throws -> (
      status: Int32, output: String, errors: String
    ) {
      try World.run(arguments, input: input, environment: ["CAUSEWAY_URL": site.inside.base, "CAUSEWAY_TOKEN": site.token.exposed])
    }
    let document = try World.declaration(number: 100)
    let submission = ["submit", "--profile", "cn.decmessage", "--corridor", "CN-SG", "--idempotency-key", "cli-1", "-"]
    let submitted = try command(world.cn, submission, input: document)
    try #require(submitted.status == 0, "\(submitted.errors)")
    let ids = try JSONValue.parse(Array(submitted.output.utf8))
    let (message, id) = (try #require(ids["messageId"]?.string), try #require(ids["clearanceId"]?.string))
    #expect(ids["repeated"] == .bool(false))
    let again = try command(world.cn, submission, input: document)
    #expect(try JSONValue.parse(Array(again.output.utf8))["messageId"]?.string == message)
    let other = try command(world.cn, submission, input: document + [0x20])
    #expect(other.status == 65 && other.errors.contains("receive.idempotency_key_reused"))

    try await world.singapore.waitFor(id, "import", "supplement_requested")
    try await world.singapore.answerSupplement(id)
    for (site, registration) in [(world.cn, "220120260000777777"), (world.sg, "IG6L7777777")] {
      #expect(try command(site, ["status", id, "accepted", "--registration", registration]).status == 0)
      #expect(try command(site, ["status", id, "released"]).status == 0)
    }
    let backwards = try command(world.cn, ["status", id, "accepted"])
    #expect(backwards.status == 65 && backwards.errors.contains("clearance."))
    try await world.china.waitFor(id) { $0["outcome"]?.string == "cleared" }

    let shown = try command(world.cn, ["clearances", id])
    #expect(try JSONValue.parse(Array(shown.output.utf8))["import"]?["registrationId"]?.string == "IG6L7777777")
    let listed = try command(world.cn, ["clearances"])
    #expect(listed.output.split(separator: "\n").contains { $0.contains(id) && $0.contains("cleared") })
    let all = try command(world.cn, ["clearances", "--json"])
    #expect(try JSONValue.parse(Array(all.output.utf8))["clearances"]?.array?.contains { $0["id"]?.string == id } == true)
    let view = try command(world.cn, ["messages", message])
    #expect(try JSONValue.parse(Array(view.output.utf8))["state"]?.string == "delivered")
    #expect(Array(try command(world.cn, ["messages", message, "--document", "source"]).output.utf8) == document)
    #expect(try command(world.cn, ["messages", "01890000-0000-7000-8000-000000000000"]).status == 65)
    let stranger = try World.run(["clearances"], environment: ["CAUSEWAY_URL": world.cn.inside.base, "CAUSEWAY_TOKEN": "guess"])
    #expect(stranger.status == 65 && stranger.errors.contains("receive.token_unknown"))
    let nobody = try World.run(["clearances"], environment: ["CAUSEWAY_URL": "http://127.0.0.1:1", "CAUSEWAY_TOKEN": "guess"])
    #expect(nobody.status == 69)
  }

  @Test func theLedgerIsVerifiedShownProvenAndExported() async throws {
    let world = try World.running
    try await world.clear(try World.declaration(number: 200), key: "ledger")
    try await world.quiet()
    let config = ["--config", world.sg.configuration]
    let verified = try World.run(["ledger", "verify"] + config)
    #expect(verified.status == 0 && verified.output.hasPrefix("sound: "))
    let report = try JSONValue.parse(Array(try World.run(["ledger", "verify", "--json"] + config).output.utf8))
    #expect(report["sound"] == .bool(true))
    let size = try #require(report["entries"]?.int)
    let shown = try World.run(["ledger", "show", "--from", "2", "--count", "3"] + config)
    let entries = shown.output.split(separator: "\n").map { Array($0.utf8) }
    #expect(try entries.map { try Entry(parsing: $0).index } == [2, 3, 4])

    let key = try verifierKey(world.sg)
    let note = Array(try World.run(["ledger", "checkpoint"] + config).output.utf8)
    let checkpoint = try SignedCheckpoint.verify(note, origin: world.sg.origin, keys: [key])
    #expect(checkpoint.size == size)
    for index in [0, 1, size / 2, size - 1] {
      let file = world.demo.folder + "/entry-\(UUID().uuidString)"
      let proven = try World.run(["ledger", "prove", "\(index)", "--entry", file] + config)
      let proof = try LogProof(parsing: Array(proven.output.utf8))
      let entry = [UInt8](try Data(contentsOf: URL(filePath: file)))
      #expect(try proof.verify(entry: entry, policy: LogPolicy(log: [key])).checkpoint.size >= checkpoint.size)
      var altered = entry
      altered[entry.count / 2] ^= 1
      #expect(throws: CausewayError("ledger.proof_mismatch")) { try proof.verify(entry: altered, policy: LogPolicy(log: [key])) }
    }
    #expect(try World.run(["ledger", "prove", "\(size)"] + config).status != 0)
  }

  @Test func anExportIsVerifiedOfflineAndEveryAlterationIsNamed() async throws {
    let world = try World.running
    try await world.clear(try World.declaration(number: 300), key: "export")
    try await world.quiet()
    let folder = world.demo.folder + "/export"
    let exported = try World.run(["ledger", "export", "--config", world.cn.configuration, "--output", folder])
    try #require(exported.status == 0, "\(exported.errors)")
    #expect(
      try World.run(["ledger", "export", "--config", world.cn.configuration, "--output", folder]).status != 0, "nothing is overwritten")
    let key = try verifierKey(world.cn)
    let lines = EntryLines.split(try Files.read(folder + "/entries.jsonl"))
    func verify(_ lines: [[UInt8]], key: String) throws -> (status: Int32, output: String, errors: String) {
      try Files.write(lines.flatMap(EntryLines.line), to: folder + "/entries.jsonl")
      return try World.tool(World.verifier, ["--key", key, folder])
    }
    #expect(try verify(lines, key: key.description).status == 0)
    #expect(try verify(lines, key: try verifierKey(world.sg).description).status == 65, "another log's key")
    for index in [0, 1, lines.count / 2, lines.count - 2, lines.count - 1] {
      for position in [1, lines[index].count / 3, lines[index].count - 2] {
        var altered = lines
        altered[index][position] ^= 0x01
        let result = try verify(altered, key: key.description)
        #expect(result.status == 65 && result.output.contains("entry \(index):"), "byte \(position) of \(index): \(result.output)")
      }
      var removed = lines
      removed.remove(at: index)
      let gone = try verify(removed, key: key.description)
      #expect(gone.status == 65 && gone.output.contains("entry \(index):"), "\(index) removed: \(gone.output)")
      guard index + 1 < lines.count else { continue }
      var swapped = lines
      swapped.swapAt(index, index + 1)
      let result = try verify(swapped, key: key.description)
      #expect(
        result.status == 65 && (result.output.contains("entry \(index):") || result.output.contains("entry \(index + 1):")),
        "\(result.output)")
    }
    #expect(try verify(lines, key: key.description).status == 0)
  }

  @Test func theRegistryAndKeysAreShownAndChecked() async throws {
    let world = try World.running
    let source = [world.cn.folder + "/registry.json", "--key", world.cn.folder + "/registry-key.pem"]
    let checked = try World.run(["registry", "check"] + source)
    #expect(checked.status == 0 && checked.output.contains("2 participants, 1 corridors"))
    let shown = try World.run(["registry", "show"] + source)
    #expect(shown.status == 0 && shown.output.contains("CN-SG") && shown.output.contains("新加坡"))
    let json = try JSONValue.parse(Array(try World.run(["registry", "show", "--json"] + source).output.utf8))
    #expect(json["participants"]?.array?.count == 2)
    let wrongKey = [world.cn.folder + "/registry.json", "--key", world.cn.folder + "/signing-public.pem"]
    let made = world.cn.folder + "/signing-made.pem"
    let generated = try World.run(["keys", "generate", "--kind", "p256", "--output", made])
    #expect(generated.status == 0 && generated.output.contains("BEGIN PUBLIC KEY") && !generated.output.contains("PRIVATE"))
    try Files.write(Array(generated.output.utf8), to: world.cn.folder + "/signing-public.pem")
    #expect(try World.run(["registry", "check"] + wrongKey).status != 0)
    #expect(try World.run(["keys", "generate", "--kind", "p256", "--output", made]).status == 78, "a key is not overwritten")
    let mode = try FileManager.default.attributesOfItem(atPath: made)[.posixPermissions] as? Int
    #expect(mode == 0o600)
    let certificate = try World.run(["keys", "show", "--json", world.cn.folder + "/tls-certificate.pem"])
    #expect(try JSONValue.parse(Array(certificate.output.utf8))["subject"]?.string?.contains("gateway CN") == true)
    let privateKey = try World.run(["keys", "show", made])
    #expect(privateKey.status != 0 && !privateKey.output.contains("PRIVATE"), "a private key is never shown")
    let token = try JSONValue.parse(Array(try World.run(["keys", "token", "--json"]).output.utf8))
    #expect(BearerToken.verify(token["token"]?.string ?? "", against: token["hash"]?.string ?? ""))
  }

  private func verifierKey(_ site: DemoWorld.Site) throws -> VerifierKey {
    let registry = try Composition.registry(.init(document: site.folder + "/registry.json", key: site.folder + "/registry-key.pem"))
    return try VerifierKey(parsing: try #require(try registry.ledgerKeys(of: site.economy, at: SystemClock().now()).first))
  }
}

extension Sequence {
  func asyncMap<Mapped>(_ transform: (Element) async throws -> Mapped) async rethrows -> [Mapped] {
    var mapped: [Mapped] = []
    for element in self { mapped.append(try await transform(element)) }
    return mapped
  }
}
