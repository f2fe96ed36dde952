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
      try LedgerCommand.forEachEntry(reader) { stored throws(CausewayError) in
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
    try await world.china.waitFor(id) { $0["outcome"]?.string == "concluded" }

    let shown = try command(world.cn, ["clearances", id])
    #expect(try JSONValue.parse(Array(shown.output.utf8))["import"]?["registrationId"]?.string == "IG6L7777777")
    let listed = try command(world.cn, ["clearances"])
    #expect(listed.output.split(separator: "\n").contains { $0.contains(id) && $0.contains("concluded") })
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

  @Test func anExportIsVerifiedOfflineExtendedAndEveryAlterationIsNamed() async throws {
    let world = try World.running
    try await world.clear(try World.declaration(number: 300), key: "export")
    try await world.quiet()
    let folder = world.demo.folder + "/export"
    func export() throws -> (status: Int32, output: String, errors: String) {
      try World.run(["ledger", "export", "--config", world.cn.configuration, "--output", folder])
    }
    let exported = try export()
    try #require(exported.status == 0, "\(exported.errors)")
    let key = try verifierKey(world.cn)
    func verify(key: VerifierKey) throws -> (status: Int32, output: String, errors: String) {
      try World.tool(World.verifier, ["--key", key.description, folder])
    }
    #expect(try verify(key: key).status == 0)
    #expect(try verify(key: try verifierKey(world.sg)).status == 65, "another log's key")
    let size = try SignedCheckpoint.verify(try Files.read(folder + "/checkpoint"), origin: key.name, keys: [key]).size
    let bundle = try #require(Tile(.entries, index: 0, size: size))
    let entries = try bundle.entries(parsing: try Files.read(folder + "/" + bundle.path))
    func expectNamed(_ altered: [[UInt8]], _ indices: [Int], _ what: String) throws {
      try Files.write(EntryBundle.bytes(altered), to: folder + "/" + bundle.path)
      let result = try verify(key: key)
      #expect(
        result.status == 65 && indices.contains { result.output.contains("\(bundle.path): entry \($0):") }, "\(what): \(result.output)")
    }
    for index in [0, 1, entries.count / 2, entries.count - 2, entries.count - 1] {
      for position in [1, entries[index].count / 3, entries[index].count - 2] {
        var altered = entries
        altered[index][position] ^= 0x01
        try expectNamed(altered, [index], "byte \(position) of \(index)")
      }
      var removed = entries
      removed.remove(at: index)
      try expectNamed(removed, [index], "\(index) removed")
      guard index + 1 < entries.count else { continue }
      var swapped = entries
      swapped.swapAt(index, index + 1)
      try expectNamed(swapped, [index, index + 1], "\(index) and the next exchanged")
    }
    // An export whose end is damaged is not extended; the same end put right is.
    try await world.clear(try World.declaration(number: 301), key: "export-more")
    try await world.quiet()
    #expect(try export().status == 69, "the last alteration still stands")
    try Files.write(EntryBundle.bytes(entries), to: folder + "/" + bundle.path)
    #expect(try verify(key: key).status == 0)
    let extended = try export()
    #expect(extended.status == 0 && !Files.exists(folder + "/" + bundle.path), "\(extended.errors)")
    #expect(try verify(key: key).status == 0)
    #expect(try export().status == 0 && verify(key: key).status == 0, "nothing new")
  }

  /// What a partner sees of the ledger: only what a signed checkpoint needs, only when it is known; and the mirror it keeps.
  @Test func aPartnerMirrorsTheLedger() async throws {
    let world = try World.running
    try await world.clear(try World.declaration(number: 310), key: "mirror")
    try await world.quiet()
    func get(_ path: String, as site: DemoWorld.Site? = nil) throws -> (status: String, fields: String, body: String) {
      let caller = site ?? world.sg
      let result = try World.tool(
        "/usr/bin/env",
        [
          "curl", "--silent", "--path-as-is", "--max-time", "10", "--cacert", world.sg.folder + "/authorities.pem", "--dump-header", "-",
          "--cert", caller.folder + "/tls-certificate.pem", "--key", caller.folder + "/tls-key.pem",
          "https://127.0.0.1:\(world.cn.partnerPort)\(path)",
        ])
      let parts = result.output.components(separatedBy: "\r\n\r\n")
      return (String(parts[0].split(separator: " ").dropFirst().first ?? ""), parts[0].lowercased(), parts.dropFirst().joined())
    }
    let key = try verifierKey(world.cn)
    let answer = try get("/ledger/checkpoint")
    #expect(answer.status == "200" && answer.fields.contains("content-type: text/plain; charset=utf-8"))
    #expect(answer.fields.contains("cache-control: no-store"))
    let checkpoint = try SignedCheckpoint.verify(Array(answer.body.utf8), origin: key.name, keys: [key])
    let tile = try #require(Tile.partials(size: checkpoint.size).first)
    let served = try get("/ledger/" + tile.path)
    #expect(served.status == "200" && served.fields.contains("content-type: application/octet-stream"))
    #expect(served.fields.contains("immutable") && served.fields.contains("content-length: \(tile.width * 32)"))
    for path in [
      Tile(.hashes(level: 0), index: 0, width: tile.width + 1).path, "tile/0/000", "tile/1/000.p/1", "tile/0/001.p/1", "tile/0/000.p/0",
      tile.path + "?x=1", tile.path + "/", "tile/0/../0/000.p/1", "tile/%30/000.p/1", "tile/7/000.p/1", "tile/63/000.p/1", "tile", "",
      "entries",
    ] {
      #expect(try get("/ledger/" + path).status == "404", "\(path)")
    }
    let folder = world.demo.folder + "/mirror"
    func mirror() throws -> (status: Int32, output: String, errors: String) {
      try World.run(["ledger", "mirror", "--config", world.sg.configuration, "--partner", "CN", "--output", folder])
    }
    func verify() throws -> Int32 { try World.tool(World.verifier, ["--key", key.description, folder]).status }
    let first = try mirror()
    try #require(first.status == 0, "\(first.errors)")
    #expect(try verify() == 0)
    try await world.clear(try World.declaration(number: 311), key: "mirror-more")
    try await world.quiet()
    let old = try Files.read(folder + "/checkpoint")
    #expect(try mirror().status == 0 && verify() == 0)
    #expect(try Files.read(folder + "/checkpoint") != old)

    // The same key signs another history: the mirror stays, and both checkpoints are kept.
    let signer = try CheckpointSigner(origin: key.name, key: try PrivateKey(pem: try Files.text(world.cn.folder + "/ledger-key.pem")))
    let entries = (0..<5).map { Array("another history \($0)".utf8) }
    let forged = try signer.sign(size: 5, root: MerkleTree.root(of: entries.map { MerkleTree.leafHash($0) }))
    let other = StaticLog(folder: world.demo.folder + "/other", origin: key.name, keys: [key])
    var writer = try StaticLogWriter(extending: other, from: nil)
    for entry in entries { try writer.append(entry) }
    try writer.finish(forged)
    func mirrorOther() throws -> (status: Int32, output: String, errors: String) {
      try World.run(["ledger", "mirror", "--config", world.sg.configuration, "--partner", "CN", "--output", other.folder])
    }
    let conflicting = try mirrorOther()
    #expect(conflicting.status == 70 && conflicting.errors.contains("ledger.history_conflict"), "\(conflicting.errors)")
    #expect(try Files.read(other.folder + "/checkpoint") == forged.note)
    let kept = try FileManager.default.contentsOfDirectory(atPath: other.folder).filter { $0.hasPrefix("conflicting-checkpoint-") }
    #expect(kept.count == 1)
    // A mirror that is ahead of the partner, which was rolled back.
    let ahead = try signer.sign(size: 1_000_000, root: SHA256.hash("ahead"))
    try Files.write(ahead.note, to: folder + "/checkpoint")
    let smaller = try mirror()
    #expect(smaller.status == 70 && smaller.errors.contains("ledger.history_conflict"), "\(smaller.errors)")
    #expect(try Files.read(folder + "/checkpoint") == ahead.note)
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
