import Foundation
import Gateway
import JSONTree
import Journal
import Ledger
import Primitives
import Testing
import Trust

@testable import CausewayCLI

/// Two gateways that witness each other over real TLS, what an auditor takes home, and what a log that shows two histories leaves behind.
/// Checked by curl and by the verifier in Python, which share no code with the gateway.
@Suite(.serialized, .oneAtATime) struct WitnessTests {
  private func curl(
    _ site: DemoWorld.Site, as caller: DemoWorld.Site, _ path: String, body: [UInt8]? = nil
  ) throws -> (status: String, type: String, body: String) {
    var arguments = [
      "curl", "--silent", "--max-time", "10", "--cacert", site.folder + "/authorities.pem", "--cert",
      caller.folder + "/tls-certificate.pem", "--key", caller.folder + "/tls-key.pem", "--write-out", "\n%{http_code} %{content_type}",
    ]
    if body != nil { arguments += ["--request", "POST", "--data-binary", "@-"] }
    let result = try World.tool("/usr/bin/env", arguments + ["https://127.0.0.1:\(site.partnerPort)\(path)"], input: body ?? [])
    let end = try #require(result.output.lastIndex(of: "\n"))
    let last = result.output[result.output.index(after: end)...].split(separator: " ", maxSplits: 1)
    return (String(last[0]), last.count > 1 ? String(last[1]) : "", String(result.output[..<end]))
  }

  private func python(_ arguments: [String]) throws -> (status: Int32, output: String, errors: String) {
    try World.tool("/usr/bin/env", ["python3", World.repository + "interop/verifier/causeway_verify.py"] + arguments)
  }

  @Test func gatewaysCosignEachOther() async throws {
    let world = try World()
    defer { world.end() }
    try await world.startBoth()
    try await world.clear(try World.declaration(number: 700), key: "witness")
    try await world.quiet()
    try await DemoRun.awaitFinalCheckpoints(world.demo)
    try await anAuditorNeedsNeitherGateway(world)
    try await requestsAreAnsweredAsSpecified(world)
    try await aRewriteConvictsItsLog(world)
    try await aSecondHistoryConvictsItsLog(world)
  }

  private func anAuditorNeedsNeitherGateway(_ world: World) async throws {
    for site in world.sites {
      let config = ["--config", site.configuration]
      let policy = site.folder + "/policy"
      try Files.write(Array(try World.run(["ledger", "policy", "--corridor", "CN-SG"] + config).output.utf8), to: policy)
      let note = Array(try World.run(["ledger", "checkpoint", "--corridor", "CN-SG"] + config).output.utf8)
      let final = try LogPolicy(parsing: try Files.read(policy)).verify(note)
      #expect(final.cosignatures.count == 1)
      let (proof, entry) = (site.folder + "/0.tlog-proof", site.folder + "/0.entry")
      let proven = try World.run(["ledger", "prove", "0", "--corridor", "CN-SG", "--entry", entry] + config)
      #expect(proven.status == 0, "\(proven.errors)")
      try Files.write(Array(proven.output.utf8), to: proof)
      #expect(try python(["proof", proof, "--entry", entry, "--policy", policy]).status == 0)
      // The whole log as files: read by the independent program, whole and with one byte changed.
      let folder = site.folder + "/export"
      #expect(try World.run(["ledger", "export", "--output", folder] + config).status == 0)
      let read = try python(["log", folder, "--policy", policy])
      #expect(read.status == 0, "\(read)")
      let bundle = try #require(
        try FileManager.default.subpathsOfDirectory(atPath: folder).first { $0.hasPrefix("tile/entries/000") && !$0.hasSuffix(".p") })
      var bytes = try Files.read("\(folder)/\(bundle)")
      bytes[bytes.count / 2] ^= 1
      try Files.write(bytes, to: "\(folder)/\(bundle)")
      #expect(try python(["log", folder, "--policy", policy]).status == 65)
      // The policy of the other log, and another entry.
      let other = site.folder + "/other-policy"
      let economy = site.economy == "CN" ? "SG" : "CN"
      try Files.write(
        Array(try World.run(["ledger", "policy", "--corridor", "CN-SG", "--economy", economy] + config).output.utf8), to: other)
      #expect(try python(["proof", proof, "--entry", entry, "--policy", other]).status == 65)
      try Files.write(Array(try World.run(["ledger", "show", "--from", "1", "--count", "1"] + config).output.utf8.dropLast()), to: entry)
      #expect(try python(["proof", proof, "--entry", entry, "--policy", policy]).status == 65)
      #expect(try World.run(["ledger", "fraud"] + config).status == 0)
    }
    #expect(try World.run(["ledger", "checkpoint", "--corridor", "CN-MY", "--config", world.cn.configuration]).status != 0)
  }

  private func requestsAreAnsweredAsSpecified(_ world: World) async throws {
    let path = "/witness/add-checkpoint"
    let note = try #require(try await world.journal(world.cn) { reader throws(CausewayError) in try reader.latestCheckpoint() }).note
    let size = try #require(
      try await world.journal(world.sg) { reader throws(CausewayError) in try reader.witnessed(origin: world.cn.origin) }
    )
    .size
    #expect(try curl(world.sg, as: world.cn, path, body: Array("no request".utf8)).status == "400")
    #expect(try curl(world.sg, as: world.cn, path, body: [UInt8](repeating: 0x61, count: 1 << 20)).status == "413")
    let behind = try curl(world.sg, as: world.cn, path, body: WitnessRequest(oldSize: 0, proof: [], note: note).bytes)
    #expect(behind.status == "409" && behind.type == "text/x.tlog.size" && behind.body == "\(size)\n")
    #expect(try curl(world.cn, as: world.sg, path, body: WitnessRequest(oldSize: 0, proof: [], note: note).bytes).status == "404")
    let forged = try CheckpointSigner(origin: world.cn.origin, key: .generate(.ed25519)).sign(size: size, root: SHA256.hash("x"))
    #expect(try curl(world.sg, as: world.cn, path, body: WitnessRequest(oldSize: size, proof: [], note: forged.note).bytes).status == "403")
    let place = "/witness/\(SHA256.hash(world.cn.origin).hex)/checkpoint"
    let kept = try curl(world.sg, as: world.cn, place)
    #expect(kept.status == "200" && kept.type == "text/plain; charset=utf-8" && kept.body.hasPrefix("\(world.cn.origin)\n\(size)\n"))
    #expect(try curl(world.sg, as: world.cn, "/witness/\(SHA256.hash("x").hex)/checkpoint").status == "404")
  }

  /// China's real key signs a longer log that does not begin with what Singapore has cosigned, and gives its own proof.
  private func aRewriteConvictsItsLog(_ world: World) async throws {
    let origin = world.cn.origin
    func witnessedSize() async throws -> Int {
      try #require(try await world.journal(world.sg) { reader throws(CausewayError) in try reader.witnessed(origin: origin) }).size
    }
    // A proof from a size that is a power of two leaves out the hash that convicts: such a log would have to show its tiles.
    var number = 710
    while try await witnessedSize().nonzeroBitCount == 1 {
      _ = try await world.china.declare(try World.declaration(number: number), key: "rewrite-\(number)")
      try await world.quiet()
      try await DemoRun.awaitFinalCheckpoints(world.demo)
      number += 1
    }
    let size = try await witnessedSize()
    var tree = CompactTree()
    var nodes: [TreeNode: Digest] = [:]
    for index in 0..<size + 5 {
      nodes[TreeNode(level: 0, index: index)] = SHA256.hash("another entry \(index)")
      tree.append(SHA256.hash("another entry \(index)")) { nodes[$0] = $1 }
    }
    let signer = try CheckpointSigner(origin: origin, key: try PrivateKey(pem: try Files.text(world.cn.folder + "/ledger-key.pem")))
    let proof = try ConsistencyProof(from: size, to: size + 5) { nodes[$0]! }.hashes
    let request = WitnessRequest(oldSize: size, proof: proof, note: try signer.sign(size: size + 5, root: tree.root).note)
    #expect(try curl(world.sg, as: world.cn, "/witness/add-checkpoint", body: request.bytes).status == "422")
    let folder = world.sg.folder + "/fraud"
    let found = try World.run(["ledger", "fraud", "--config", world.sg.configuration, "--output", folder])
    #expect(found.status == 70 && found.output.contains("rewrite  \(origin)"), "\(found)")
    // With the policy also the reporter's signature is checked: Singapore's witness.
    let checked = try python(["fraud", folder + "/1.fraud-proof", "--policy", world.cn.folder + "/policy"])
    #expect(checked.status == 0, "\(checked)")
    #expect(try python(["fraud", folder + "/1.fraud-proof", "--policy", world.sg.folder + "/policy"]).status == 65)
  }

  /// Singapore's real key signs another history of the size that China has cosigned.
  private func aSecondHistoryConvictsItsLog(_ world: World) async throws {
    let origin = world.sg.origin
    let size = try #require(try await world.journal(world.cn) { reader throws(CausewayError) in try reader.witnessed(origin: origin) }).size
    let signer = try CheckpointSigner(origin: origin, key: try PrivateKey(pem: try Files.text(world.sg.folder + "/ledger-key.pem")))
    let fork = try signer.sign(size: size, root: SHA256.hash("another history"))
    let request = WitnessRequest(oldSize: size, proof: [], note: fork.note)
    #expect(try curl(world.cn, as: world.sg, "/witness/add-checkpoint", body: request.bytes).status == "422")
    let folder = world.cn.folder + "/fraud"
    let found = try World.run(["ledger", "fraud", "--config", world.cn.configuration, "--output", folder])
    #expect(found.status == 70 && found.output.contains("split-view  \(origin)"), "\(found)")
    let key = signer.verifierKey.description
    let checked = try python(["fraud", folder + "/1.fraud-proof", "--key", key])
    #expect(checked.status == 0, "\(checked)")
    var bytes = try Files.read(folder + "/1.fraud-proof")
    bytes[bytes.count / 2] ^= 1
    try Files.write(bytes, to: folder + "/altered")
    #expect(try python(["fraud", folder + "/altered", "--key", key]).status == 65)
    #expect(try await world.cn.inside.call("GET", "/health")["ledgerAlarms"]?.int == 1)
    #expect(try world.log(world.cn).contains("partner's ledger shows two histories"))
  }
}
