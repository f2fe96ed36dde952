import Foundation
import JSONTree
import Journal
import JournalSQLite
import Ledger
import Primitives
import TestSupport
import Testing
import Trust

@testable import Gateway

/// Gateways that witness each other; attacks L-02 to L-05.
@Suite struct WitnessingTests {
  private func world(_ economies: [String] = ["CN", "SG"], settings: String = "") async throws -> World {
    try await World(economies, settings: settings, registry: Economies.shared.witnessed)
  }

  private func corridor(_ id: String) throws -> Corridor { try #require(Economies.shared.witnessed.corridor(id)) }

  /// Every gateway asks every witness once.
  private func cosign(_ node: GatewayNode) async throws -> Int {
    var count = 0
    for witness in node.witnesses { count += try await node.askToCosign(witness) }
    return count
  }

  @Test func checkpointsBecomeFinalThroughThePartner() async throws {
    let world = try await world()
    try await world.declare(1)
    try await world.run()
    #expect(try await world.cn.finalCheckpoint(of: corridor("CN-SG")) == nil)
    #expect(try await cosign(world.cn) == 1)
    #expect(try await cosign(world.sg) == 1)
    // Nothing new, nothing asked; and cosigning makes no entries that would have to be cosigned again.
    #expect(try await cosign(world.cn) == 0)
    for node in [world.cn, world.sg] {
      let final = try #require(try await node.finalCheckpoint(of: corridor("CN-SG")))
      #expect(final.checkpoint.size == (await node.journal.latestCheckpoint)?.size)
      // Whoever has the policy file and the note needs neither gateway.
      let owner = try #require(node.registry.participant(node.economy))
      let text = node.keyring.policyText(of: try corridor("CN-SG"), log: owner, at: world.clock.now())
      #expect(try LogPolicy(parsing: Array(text.utf8)).verify(final.checkpoint.note) == final)
    }
    try await world.declare(2)
    try await world.run()
    #expect(try await cosign(world.cn) == 1)
    #expect(try await world.cn.finalCheckpoint(of: corridor("CN-SG"))?.checkpoint.size == (await world.cn.journal.latestCheckpoint)?.size)
  }

  @Test func aQuorumOfTwoNeedsTwo() async throws {
    let world = try await world(["CN", "SG", "MY"])
    try await world.declare(1)
    try await world.run()
    world.line.cutOff(["MY"])
    #expect(try await cosign(world.cn) == 1)
    #expect(try await world.cn.finalCheckpoint(of: corridor("CN-SG")) != nil)
    #expect(try await world.cn.finalCheckpoint(of: corridor("CN-MY")) == nil)
    world.line.cutOff([])
    #expect(try await cosign(world.cn) == 1)
    #expect(try await world.cn.finalCheckpoint(of: corridor("CN-MY"))?.cosignatures.count == 2)
  }

  /// attacks L-05: ten thousand pairs of requests at the same time, most of them out of order. The size never falls, and what is
  /// answered 200 extends what was answered before.
  @Test func requestsAtTheSameTimeNeverRollTheWitnessBack() async throws {
    let world = try await world()
    let party = Economies.shared["CN"]
    let signer = try CheckpointSigner(origin: party.origin, key: party.ledgerKey)
    var tree = CompactTree()
    var nodes: [TreeNode: Digest] = [:]
    var notes: [[UInt8]] = []
    let count = 400
    for index in 0..<count {
      let leaf = SHA256.hash("entry \(index)")
      nodes[TreeNode(level: 0, index: index)] = leaf
      tree.append(leaf) { nodes[$0] = $1 }
      notes.append(try signer.sign(size: tree.size, root: tree.root).note)
    }
    let (lookup, checkpoints) = (nodes, notes)
    func request(_ old: Int, _ new: Int) throws -> [UInt8] {
      let proof = old == 0 ? [] : try ConsistencyProof(from: old, to: new) { lookup[$0]! }.hashes
      return WitnessRequest(oldSize: old, proof: proof, note: checkpoints[new - 1]).bytes
    }
    var random = SplitMix(state: 7)
    var known = 0
    var answers: [String: Int] = [:]
    for round in 0..<10_000 {
      // Most rounds change nothing: both ask with what the witness has, for the same or for smaller and larger trees.
      let steps = round.isMultiple(of: 30) && known + 2 <= count ? [known + 1, known + 2] : [max(1, known), max(1, known - 1)]
      let pair = try steps.shuffled(using: &random).map { new in (new, try request(min(known, new), new)) }
      let sg = world.sg
      let results = try await withThrowingTaskGroup(of: (Int, WitnessAnswer).self) { group in
        for (new, body) in pair { group.addTask { (new, try await sg.addCheckpoint(body, from: "CN")) } }
        var results: [(Int, WitnessAnswer)] = []
        for try await result in group { results.append(result) }
        return results
      }
      let state = try await sg.journal.read { reader throws(CausewayError) in try reader.witnessed(origin: party.origin) }
      let size = state?.size ?? 0
      #expect(size >= known)
      for (new, answer) in results {
        switch answer {
        case .cosigned:
          #expect(new >= known && new <= size)
          answers["200", default: 0] += 1
        case .conflict(let told):
          #expect(told >= known && told <= size)
          answers["409", default: 0] += 1
        default: Issue.record("\(answer)")
        }
      }
      known = size
    }
    #expect(known > 300 && answers["409", default: 0] > 5_000 && answers["200", default: 0] > 5_000)
  }

  /// attacks L-03: the log shows its witness another history. Refused, kept as a proof that convicts it, recorded, and no position is
  /// trusted any more; the messages go on.
  @Test func aSplitViewIsRefusedAndKept() async throws {
    let world = try await world()
    let declared = try await world.declare(1)
    try await world.run()
    #expect(try await cosign(world.sg) == 1)
    let party = Economies.shared["SG"]
    let signer = try CheckpointSigner(origin: party.origin, key: party.ledgerKey)
    let size = try #require(await world.sg.journal.latestCheckpoint).size
    let fork = try signer.sign(size: size, root: SHA256.hash("another history"))
    #expect(try await world.cn.addCheckpoint(WitnessRequest(oldSize: size, proof: [], note: fork.note).bytes, from: "SG") == .inconsistent)
    let record = try #require(try await world.cn.fraudProofs().first)
    let proof = try FraudProof(parsing: record.note)
    #expect(proof.kind == .splitView)
    #expect(try proof.verdict(keys: [signer.verifierKey]) == .proven)
    try FraudProof.verifyReporter(record.note, keys: [Economies.shared["CN"].cosigner.key])
    let entry = try #require(try await world.entries(at: "CN").last)
    #expect(entry.draft.kind == "ledger.fraud_found" && entry.draft.extra["proof"]?.string == SHA256.hash(record.note).hex)
    #expect(await world.cn.health()["ledgerAlarms"]?.int == 1)
    // The same again adds nothing; an honest continuation is cosigned no more.
    #expect(try await world.cn.addCheckpoint(WitnessRequest(oldSize: size, proof: [], note: fork.note).bytes, from: "SG") == .forbidden)
    #expect(try await world.cn.fraudProofs().count == 1)
    try await world.report("lodged", on: declared.clearanceID, at: "SG")
    try await world.run()
    #expect(try await cosign(world.sg) == 0)
    // A message still gets its receipt; its position counts for nothing.
    let second = try await world.declare(2)
    try await world.run()
    #expect(try await world.message(second.messageID, at: "CN").state == "delivered")
    let receipt = try #require(try await world.entries(at: "CN").last { $0.draft.kind == "receipt.received" })
    #expect(receipt.draft.extra["trusted"]?.bool == false)
  }

  /// attacks L-03: two receipts with one size and two roots convict the log by themselves.
  @Test func aSplitViewInReceiptsIsKept() async throws {
    let world = try await world()
    _ = try await world.declare(1)
    _ = try await world.cn.deliverDue()
    let party = Economies.shared["SG"]
    let signer = try CheckpointSigner(origin: party.origin, key: party.ledgerKey)
    let size = try #require(await world.sg.journal.latestCheckpoint).size
    let fork = try signer.sign(size: size, root: SHA256.hash([7]))
    _ = try await world.declare(2)
    world.line.fail { _ in
      .answered { genuine in
        (try? resigned(genuine, by: "SG") {
          $0["ledger"] = ["index": 0, "checkpoint": .string(String(decoding: fork.note, as: UTF8.self))]
        }) ?? ""
      }
    }
    _ = try await world.cn.deliverDue()
    let proofs = try await world.cn.fraudProofs()
    #expect(proofs.count == 1)
    #expect(try FraudProof(parsing: proofs[0].note).verdict(keys: [signer.verifierKey]) == .proven)
  }

  /// Somebody else sends an honest checkpoint with a wrong proof: refused, and nobody is accused.
  @Test func aWrongProofAccusesNobody() async throws {
    let world = try await world()
    let declared = try await world.declare(1)
    try await world.run()
    #expect(try await cosign(world.sg) == 1)
    let size = try #require(await world.sg.journal.latestCheckpoint).size
    try await world.report("lodged", on: declared.clearanceID, at: "SG")
    try await world.run()
    let note = try #require(await world.sg.journal.latestCheckpoint).note
    for proof in [[], [SHA256.hash("x")], [Digest](repeating: SHA256.hash("x"), count: 63)] {
      #expect(try await world.cn.addCheckpoint(WitnessRequest(oldSize: size, proof: proof, note: note).bytes, from: "SG") == .inconsistent)
    }
    #expect(try await world.cn.fraudProofs().isEmpty)
    #expect(try await cosign(world.sg) == 1)
  }

  /// attacks L-04: started from yesterday's copy. Its witness shows what it signed since; it reads and does not write.
  @Test func aRestoredBackupStopsWriting() async throws {
    let world = try await world()
    try await world.declare(1)
    try await world.run()
    await world.stop("CN")
    let path = world.path("CN") + "/journal.sqlite"
    let backup = try #require(FileManager.default.contents(atPath: path))
    try await world.start("CN")
    await world.cn.compareHistory()
    #expect(await world.cn.journal.fault == nil)
    try await world.declare(2)
    try await world.run()
    #expect(try await cosign(world.cn) == 1)
    await world.stop("CN")
    try backup.write(to: URL(filePath: path))
    try await world.start("CN")
    await world.cn.compareHistory()
    #expect(await world.cn.journal.fault?.code == "ledger.behind")
    #expect(await world.cn.health()["fault"]?.string == "ledger.behind")
    await #expect(throws: CausewayError("journal.faulted")) { try await world.declare(3) }
    #expect(try await world.entries(at: "CN").count > 0)
  }

  /// The same, when the copy wrote on before any witness could be asked: it is found with the next request to cosign.
  @Test func aRestoredBackupThatWroteOnStopsToo() async throws {
    let world = try await world()
    try await world.declare(1)
    try await world.run()
    await world.stop("CN")
    let path = world.path("CN") + "/journal.sqlite"
    let backup = try #require(FileManager.default.contents(atPath: path))
    try await world.start("CN")
    try await world.declare(2)
    #expect(try await cosign(world.cn) == 1)
    await world.stop("CN")
    try backup.write(to: URL(filePath: path))
    world.line.cutOff(["SG"])
    try await world.start("CN")
    await world.cn.compareHistory()
    #expect(await world.cn.journal.fault == nil)
    for number in 3...6 { try await world.declare(number) }
    world.line.cutOff([])
    #expect(try await cosign(world.cn) == 0)
    #expect(await world.cn.journal.fault?.code == "ledger.forked")
    // The witness keeps what convicts it.
    #expect(try await world.sg.fraudProofs().count <= 1)
  }

  /// A witness that claims a larger tree without our signature on one stops nobody.
  @Test func aWitnessCannotStopALogByItsWord() async throws {
    let world = try await world()
    try await world.declare(1)
    try await world.run()
    let party = Economies.shared["CN"]
    let forger = try CheckpointSigner(origin: party.origin, key: .generate(.ed25519))
    let forged = try forger.sign(size: 1_000, root: SHA256.hash("x"))
    _ = try await world.sg.journal.commit(
      Change(operations: [
        .advanceWitnessed(
          WitnessedRecord(origin: party.origin, size: 1_000, root: forged.root, note: forged.note, time: world.clock.now()), from: nil)
      ]))
    await world.cn.compareHistory()
    #expect(try await cosign(world.cn) == 0)
    #expect(await world.cn.journal.fault == nil)
  }

  /// An outage of the witness is a recorded, bounded debt, and is repaid.
  @Test func aDebtIsRecordedBoundedAndRepaid() async throws {
    let world = try await world(settings: "witnessing: {graceSeconds: 60, longestDebtSeconds: 3600}")
    try await world.declare(1)
    try await world.run()
    world.line.cutOff(["SG"])
    #expect(try await cosign(world.cn) == 0)
    #expect(try await world.entries(at: "CN").allSatisfy { $0.draft.kind != "witness.debt" })
    world.clock.advance(seconds: 61)
    #expect(try await cosign(world.cn) == 0)
    #expect(try await cosign(world.cn) == 0)
    func entries(_ kind: String) async throws -> Int {
      try await world.entries(at: "CN").filter { $0.draft.kind == kind && $0.draft.extra["witness"]?.string == "SG" }.count
    }
    #expect(try await entries("witness.debt") == 1)
    try await world.declare(2)
    world.clock.advance(seconds: 3_600)
    await #expect(throws: CausewayError("receive.witness_debt")) { try await world.declare(3) }
    world.line.cutOff([])
    #expect(try await cosign(world.cn) == 1)
    #expect(try await cosign(world.cn) == 1)
    #expect(try await entries("witness.repaid") == 1)
    try await world.declare(3)
  }

  /// The answers to what is no honest request (C2SP tlog-witness).
  @Test func otherRequestsAreAnsweredAsSpecified() async throws {
    let world = try await world()
    try await world.declare(1)
    try await world.run()
    let note = try #require(await world.cn.journal.latestCheckpoint).note
    #expect(try await world.sg.addCheckpoint(Array("no request".utf8), from: "CN") == .malformed)
    #expect(try await world.cn.addCheckpoint(WitnessRequest(oldSize: 0, proof: [], note: note).bytes, from: "SG") == .unknownLog)
    let stranger = try CheckpointSigner(origin: "unknown.example/ledger", key: .generate(.ed25519)).sign(size: 1, root: SHA256.hash("x"))
    #expect(try await world.sg.addCheckpoint(WitnessRequest(oldSize: 0, proof: [], note: stranger.note).bytes, from: "CN") == .unknownLog)
    let forged = try CheckpointSigner(origin: Economies.shared["CN"].origin, key: .generate(.ed25519)).sign(size: 1, root: SHA256.hash("x"))
    #expect(try await world.sg.addCheckpoint(WitnessRequest(oldSize: 0, proof: [], note: forged.note).bytes, from: "CN") == .forbidden)
    #expect(try await world.sg.addCheckpoint(WitnessRequest(oldSize: 1, proof: [], note: note).bytes, from: "CN") == .conflict(size: 0))
    guard case .cosigned(let lines) = try await world.sg.addCheckpoint(WitnessRequest(oldSize: 0, proof: [], note: note).bytes, from: "CN")
    else {
      Issue.record("200")
      return
    }
    #expect(String(decoding: lines, as: UTF8.self).hasPrefix("\u{2014} witness.sg.example "))
    let unwitnessed = try await World()
    #expect(try await unwitnessed.sg.addCheckpoint(WitnessRequest(oldSize: 0, proof: [], note: note).bytes, from: "CN") == .unknownLog)
  }
}
