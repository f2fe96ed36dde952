import Journal
import Primitives
import Testing

/// What replays ask of a store: groups of messages that stand alike, and the rows of replays.
@Suite struct ReplayStoreTests {
  @Test(arguments: StoreKind.all) func groups(kind: StoreKind) async throws {
    let fixture = try JournalFixture(kind)
    let journal = try await fixture.open()
    for number in 0..<12 {
      var message = Sample.message(number, direction: number == 11 ? .outbound : .inbound, state: number < 9 ? "dead" : "done")
      message.reason = number < 6 ? "deliver.expired" : number < 8 ? "deliver.no_receipt" : nil
      message.partner = number.isMultiple(of: 3) ? "my" : "sg"
      message.updated = Sample.now.adding(seconds: Int64(number))
      _ = try await journal.commit(Change(operations: [.putMessage(message, expecting: .absent)]))
    }
    func groups(_ edit: (inout MessageQuery) -> Void) async throws -> [MessageGroup] {
      var query = MessageQuery(states: ["dead"])
      edit(&query)
      return try await journal.read { [query] reader throws(CausewayError) in try reader.messageGroups(query) }
    }
    let all = try await groups { _ in }
    #expect(all.map(\.count) == [4, 2, 1, 1, 1])
    #expect(all[0].reason == "deliver.expired" && all[0].partner == "sg" && all[0].direction == .inbound && all[0].kind == "declaration")
    #expect(all[0].first == Sample.now.adding(seconds: 1) && all[0].last == Sample.now.adding(seconds: 5) && all[0].oldest == Sample.now)
    #expect(all.reduce(0) { $0 + $1.count } == 9)
    #expect(try await groups { $0.exceptReason = "deliver.expired" }.map(\.count) == [1, 1, 1], "without a reason is not that reason")
    #expect(try await groups { $0.partner = "my" }.map(\.count) == [2, 1])
    #expect(try await groups { $0.kind = "status" }.isEmpty)
    #expect(try await groups { $0.updated = Sample.now.adding(seconds: 2)...Sample.now.adding(seconds: 3) }.map(\.count) == [1, 1])
    #expect(try await groups { $0.ids = [Sample.id(0), Sample.id(3), Sample.id(11)] }.map(\.count) == [2])
    #expect(try await groups { $0.limit = 1 }.count == 1)
    #expect(try await groups { $0.states = [] }.reduce(0) { $0 + $1.count } == 12)
    await journal.close()
  }

  @Test(arguments: StoreKind.all) func replays(kind: StoreKind) async throws {
    let fixture = try JournalFixture(kind)
    var journal = try await fixture.open()
    func put(_ id: String, _ state: String, _ expectation: Change.Expectation) async throws -> Change.Outcome {
      let record = ReplayRecord(id: id, state: state, details: Array("{\"\(state)\":1}".utf8), created: Sample.now)
      return try await journal.commit(Change(operations: [.putReplay(record, expecting: expectation)]))
    }
    for id in ["a", "b", "c"] { #expect(try await put(id, "running", .absent).committed != nil) }
    guard case .replay(let existing?) = try await put("a", "done", .absent).conflict else { throw CausewayError("journal.not_found") }
    #expect(existing.state == "running" && existing.revision == 1)
    #expect(try await put("b", "paused", .revision(1)).committed != nil)
    #expect(try await put("b", "done", .revision(1)).conflict != nil, "a write from an old state")
    await journal.close()
    journal = try await fixture.open()
    func ids(_ state: String?) async throws -> [String] {
      try await journal.read { reader throws(CausewayError) in try reader.replays(state: state, limit: 10).map(\.id) }
    }
    #expect(try await ids("running") == ["a", "c"])
    #expect(try await ids(nil) == ["c", "b", "a"])
    let stored = try await journal.read { reader throws(CausewayError) in try reader.replay("b") }
    #expect(stored?.state == "paused" && stored?.revision == 2 && stored?.details == Array("{\"paused\":1}".utf8))
    #expect(stored?.created == Sample.now && stored?.position == 2)
    #expect(try await journal.read { reader throws(CausewayError) in try reader.replay("x") } == nil)
    await journal.close()
  }
}
