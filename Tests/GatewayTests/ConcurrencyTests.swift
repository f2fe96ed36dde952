import Exchange
import JSONTree
import Journal
import Ledger
import Primitives
import Testing

@testable import Gateway

/// Many at once: one effect, one answer, nothing lost.
@Suite struct ConcurrencyTests {
  @Test func sameMessageManyTimesAtOnce() async throws {
    let world = try await World()
    let envelope = ReceivedEnvelope(try await world.envelope(of: world.declare().messageID))
    let line = world.line
    let answers = try await withThrowingTaskGroup(of: String.self) { group -> Set<String> in
      for _ in 0..<24 { group.addTask { try await line.carry(envelope, from: "CN", to: "SG") } }
      return try await group.reduce(into: []) { $0.insert($1) }
    }
    #expect(answers.count == 1)
    #expect(try await world.messages(at: "SG").count == 1)
    #expect(try await world.entries(at: "SG").count == 1)
  }

  /// The same document handed in by many connections at once becomes one message.
  @Test func sameDocumentManyTimesAtOnce() async throws {
    let world = try await World()
    let (cn, customs) = (world.cn, world.customs)
    let answers = try await withThrowingTaskGroup(of: Acknowledgement.self) { group -> [Acknowledgement] in
      for _ in 0..<24 {
        group.addTask {
          try await cn.submit(
            Submission(body: Economies.declaration(1), profile: nil, corridor: "CN-SG", ucr: nil, clearanceID: nil, idempotencyKey: "k"),
            by: customs)
        }
      }
      return try await group.reduce(into: []) { $0.append($1) }
    }
    #expect(Set(answers.map(\.messageID)).count == 1)
    #expect(answers.filter { !$0.repeated }.count == 1)
    #expect(try await world.messages(at: "CN").count == 1)
  }

  /// Of many who report the same step at once, one succeeds; the others are told that it is not next.
  @Test func sameStepReportedAtOnce() async throws {
    let world = try await World()
    let id = try await world.declare().clearanceID
    let (cn, customs) = (world.cn, world.customs)
    let outcomes = await withTaskGroup(of: ErrorCode?.self) { group -> [ErrorCode?] in
      for _ in 0..<16 {
        group.addTask {
          do throws(CausewayError) {
            _ = try await cn.report(Array("{\"status\":\"accepted\"}".utf8), on: id, by: customs)
            return nil
          } catch {
            return error.code
          }
        }
      }
      return await group.reduce(into: []) { $0.append($1) }
    }
    #expect(outcomes.filter { $0 == nil }.count == 1)
    #expect(outcomes.compactMap(\.self).allSatisfy { $0 == "clearance.illegal_transition" })
    #expect(try await world.clearance(id, at: "CN").sentSequence == 2)
    try await world.run()
    #expect(try await world.clearance(id, at: "SG").export.status == .accepted)
  }

  /// Everything runs at the same time as it does in production; forty cases arrive, and both ledgers are sound.
  @Test func workersAtOnce() async throws {
    let world = try await World()
    let workers = [world.cn, world.sg].map { node in Task { await node.work() } }
    defer { for worker in workers { worker.cancel() } }
    let (cn, sg, customs) = (world.cn, world.sg, world.customs)
    try await withThrowingTaskGroup(of: Void.self) { group in
      for number in 0..<40 {
        group.addTask {
          let declared = try await cn.submit(
            Submission(
              body: Economies.declaration(number), profile: nil, corridor: "CN-SG", ucr: nil, clearanceID: nil, idempotencyKey: nil),
            by: customs)
          _ = try await cn.message(declared.messageID, waitSeconds: 60)
          while try await cn.clearance(declared.clearanceID, waitSeconds: 60, seen: 1)["import"] == .null {
            try await Task.sleep(for: .milliseconds(10))
          }
        }
      }
      try await group.waitForAll()
    }
    for worker in workers {
      worker.cancel()
      await worker.value
    }
    #expect(try await sg.journal.read { reader throws(CausewayError) in try reader.clearances(ClearanceQuery(limit: 1000)) }.count == 40)
    for economy in ["CN", "SG"] { #expect(try await world.isSound(economy)) }
  }
}
