import Foundation
import JSONTree
import Journal
import Ledger
import Primitives
import Synchronization
import Testing

@testable import Gateway

@Suite struct BellTests {
  /// Whoever has seen less than what was rung does not sleep, whenever the ring comes.
  @Test func noWakeUpIsLost() async {
    let bell = Bell()
    let heard = Count()
    await withTaskGroup(of: Void.self) { group in
      for _ in 0..<4 {
        group.addTask {
          var seen = 0
          while seen < 200 {
            await bell.wait(for: .news, after: seen, atMost: .seconds(60))
            let now = bell.rung(for: .news)
            if now > seen { heard.add() }
            seen = now
          }
        }
      }
      group.addTask {
        for _ in 0..<200 {
          bell.ring()
          await Task.yield()
        }
      }
    }
    #expect(bell.rung(for: .news) == 200)
    #expect(heard.value >= 4)
  }

  @Test func sleepsOnWhenItRingsForSomethingElse() async {
    let bell = Bell()
    let heard = Count()
    await withTaskGroup(of: Void.self) { group in
      group.addTask {
        await bell.wait(for: [.received, .documents], after: 0, atMost: .seconds(60))
        heard.add()
      }
      bell.ring(for: [.deliveries, .news])
      #expect(bell.rung(for: [.received, .documents]) == 0)
      await bell.wait(for: .received, after: 0, atMost: .milliseconds(20))
      #expect(heard.value == 0)
      bell.ring(for: .documents)
      await group.waitForAll()
    }
    #expect(heard.value == 1)
  }

  @Test func endsWithTheTimeOrTheTask() async {
    let bell = Bell()
    await bell.wait(after: 0, atMost: .milliseconds(1))
    await bell.wait(after: 0, atMost: .milliseconds(-5))
    bell.ring()
    await bell.wait(after: 0, atMost: .seconds(60))
    let rung = bell.rung()
    let task = Task { await bell.wait(after: rung, atMost: .seconds(60)) }
    task.cancel()
    await task.value
    #expect(bell.rung(for: .news) == 1)
  }
}

@Suite struct MetricsTests {
  @Test func expositionText() {
    let metrics = Metrics()
    metrics.count("b_total", [("code", "x.y"), ("stage", "a\"b\\c\nd")])
    metrics.count("a_total")
    metrics.count("a_total", by: 2)
    metrics.count("b_total", [("code", "a.b")], by: 5)
    let expected = """
      # TYPE a_total counter
      a_total 3
      # TYPE b_total counter
      b_total{code="a.b"} 5
      b_total{code="x.y",stage="a\\"b\\\\c\\nd"} 1
      # TYPE waiting gauge
      waiting 7

      """
    #expect(metrics.text(gauges: [("waiting", 7)]) == expected)
  }
}

@Suite struct ViewTests {
  @Test func clearanceAndMessages() async throws {
    let world = try await World()
    let declared = try await world.declare(1, ucr: "6CN0001")
    try await world.run()
    let view = try await world.cn.clearance(declared.clearanceID, waitSeconds: 0, seen: nil)
    let members = try #require(view.object).members.map(\.name)
    #expect(
      Set(members) == [
        "id", "ucr", "corridor", "mode", "ownSide", "outcome", "export", "import", "beforeProposal", "sentSequence", "receivedSequence",
        "timeline",
        "messages",
      ])
    #expect(view["ucr"]?.string == "6CN0001")
    #expect(view["import"]?["status"]?.string == "supplement_requested")
    #expect(view["messages"]?.array?.compactMap { $0["kind"]?.string } == ["declaration", "status"])
    let text = String(decoding: view.serialized(), as: UTF8.self)
    #expect(!text.contains(try await world.clearance(declared.clearanceID, at: "CN").salt), "the salt is never shown")
    let message = try await world.cn.message(declared.messageID, waitSeconds: 0)
    #expect(message["documents"]?.array?.compactMap(\.string).sorted() == ["complement", "report", "source", "wire"])
    #expect(message["receipt"]?.string == world.line.sent.first?.answer)
    #expect(message["ledgerIndices"]?.array?.count == 2)
    #expect(message["problems"] == .null)
    let list = try await world.cn.clearances()
    #expect(list["clearances"]?.array?.count == 1)
    let source = try await world.cn.document(of: declared.messageID, kind: "source")
    #expect(source.bytes == Economies.declaration(1))
    await #expect(throws: CausewayError("receive.not_found")) { try await world.cn.document(of: declared.messageID, kind: "secret") }
    await #expect(throws: CausewayError("receive.not_found")) { try await world.cn.message("x", waitSeconds: 0) }
    await #expect(throws: CausewayError("receive.not_found")) { try await world.cn.clearance("x", waitSeconds: 0, seen: nil) }
  }

  /// Whoever waits is answered when something new has happened, not when the time is over.
  @Test func waitingForNews() async throws {
    let world = try await World()
    let declared = try await world.declare()
    let seen = try #require(try await world.cn.clearance(declared.clearanceID, waitSeconds: 0, seen: nil)["timeline"]?.array).count
    let cn = world.cn
    async let news = cn.clearance(declared.clearanceID, waitSeconds: 60, seen: seen)
    try await world.report("accepted", on: declared.clearanceID, at: "CN")
    #expect(try await news["timeline"]?.array?.count == seen + 1)
  }

  @Test func reportThatIsNotOfItsForm() async throws {
    let world = try await World()
    let id = try await world.declare().clearanceID
    for body in [
      "{}", "[]", "{\"status\":\"withdrawn\"}", "{\"status\":\"accepted\",\"x\":1}", "{\"status\":\"accepted\",\"reasons\":[1]}",
      "{\"status\":\"refused\",\"reasons\":[\"No good\"]}", "{\"status\":\"refused\",\"reasons\":\"a.b\"}",
      "{\"status\":\"accepted\",\"registrationId\":\"123456789012345678901234567890123456\"}",
      "{\"status\":\"accepted\",\"registrationId\":\"1\\u0001\"}", "{\"status\":\"accepted\",\"registrationId\":\" 1\"}",
    ] {
      await #expect(throws: CausewayError.self, "\(body)") { try await world.cn.report(Array(body.utf8), on: id, by: world.customs) }
    }
    try await world.report("refused", on: id, at: "CN", ",\"reasons\":[\"customs.value_doubtful\"]")
    try await world.run()
    let inbox = try await world.sg.inboxItems(after: 0, limit: 10)
    let item = try #require(inbox.last { $0.record.kind == "status" })
    #expect(try statusSaid(in: try #require(item.payload).bytes, as: "uncefact.cdar.xml").reasons.map(\.code) == ["customs.value_doubtful"])
  }
}

@Suite struct InboxTests {
  @Test func offeredUntilAcknowledged() async throws {
    let world = try await World()
    try await world.declare(1)
    try await world.declare(2)
    try await world.run()
    let items = try #require(try await world.sg.inbox(waitSeconds: 0, by: world.customs)["items"]?.array)
    #expect(items.map { $0["kind"]?.string } == ["declaration", "declaration"])
    #expect(try await world.sg.inbox(waitSeconds: 0, by: world.customs)["items"]?.array?.count == 2, "looking takes nothing away")
    let first = try #require(items.first)
    #expect(
      Set(try #require(first.object).members.map(\.name)) == [
        "sequence", "clearanceId", "kind", "revision", "mode", "messageId", "created", "mediaType", "sha256", "document",
      ])
    let sequence = try #require(first["sequence"]?.int)
    try await world.sg.acknowledge(sequence, by: world.customs)
    try await world.sg.acknowledge(sequence, by: world.customs)
    #expect(
      try await world.sg.inbox(waitSeconds: 0, by: world.customs)["items"]?.array?.map { $0["sequence"]?.int } == [
        items[1]["sequence"]?.int
      ])
    await #expect(throws: CausewayError("receive.not_found")) { try await world.sg.acknowledge(999, by: world.customs) }
    await #expect(throws: CausewayError("receive.not_found")) { try await world.sg.acknowledge(-1, by: world.customs) }
    try await world.restart("SG")
    #expect(try await world.sg.inbox(waitSeconds: 0, by: world.customs)["items"]?.array?.count == 1)
  }

  @Test func webhookInOrderAtLeastOnce() async throws {
    let world = try await World()
    let way = GatewayConfiguration.Handover.webhook(url: "https://window.example/in", token: Redacted("secret"))
    for number in 1...3 { try await world.declare(number) }
    try await world.run()
    world.webhooks.refuse(times: 1)
    await #expect(throws: CausewayError("deliver.webhook")) { try await world.sg.handOverDocuments(way) }
    #expect(world.webhooks.bodies.isEmpty)
    #expect(try await world.sg.handOverDocuments(way) == 3)
    #expect(world.webhooks.bodies.compactMap { $0["sequence"]?.int } == [1, 2, 3])
    #expect(world.webhooks.tokens.allSatisfy { $0 == "secret" })
    #expect(try await world.sg.handOverDocuments(way) == 0)
    try await world.restart("SG")
    #expect(try await world.sg.handOverDocuments(way) == 0, "the place is remembered")
    try await world.declare(4)
    try await world.run()
    #expect(try await world.sg.handOverDocuments(way) == 1)
  }

  /// Each way remembers its own place, whatever its place in the configuration file.
  @Test func folderAfterARestart() async throws {
    let world = try await World()
    let folder = world.folder + "/out"
    try await world.declare(1)
    try await world.run()
    let way = GatewayConfiguration.Handover.folder(path: folder)
    let webhook = GatewayConfiguration.Handover.webhook(url: "https://window.example/in", token: nil)
    #expect(try await world.sg.handOverDocuments(webhook) == 1)
    #expect(try await world.sg.handOverDocuments(way) == 1)
    let file = folder + "/1-declaration.json"
    let document = try JSONValue.parse([UInt8](try #require(FileManager.default.contents(atPath: file))))
    #expect(document["sequence"]?.int == 1)
    #expect(document["document"]?.string != nil)
    // Stopped between the file and the note of it: the same file is written again.
    try FileManager.default.removeItem(atPath: file)
    _ = try await world.sg.journal.commit(Change(operations: [.setValue("handover.folder.\(folder)", nil)]))
    try await world.restart("SG")
    #expect(try await world.sg.handOverDocuments(way) == 1)
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["1-declaration.json"])
    let blocked = GatewayConfiguration.Handover.folder(path: file)
    await #expect(throws: CausewayError("deliver.folder")) { try await world.sg.handOverDocuments(blocked) }
  }
}

private final class Count: Sendable {
  private let count = Mutex(0)
  var value: Int { count.withLock { $0 } }
  func add() { count.withLock { $0 += 1 } }
}
