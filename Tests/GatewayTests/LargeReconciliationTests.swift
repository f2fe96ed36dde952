import Exchange
import Foundation
import JSONTree
import Journal
import Primitives
import Testing

@testable import Gateway

/// A corridor-day of 100,000 messages in two journals, five differences in it, and what it costs to find them.
@Suite struct LargeReconciliationTests {
  private static let clearances = 10_000
  private static let messagesEach = 10
  private static let day = "2026-11-20"

  /// Fills a journal as the gateway of one side would have: of each clearance a declaration and nine statuses, sealed during the day.
  private static func fill(_ path: String, side: String) throws {
    // Inside SQLite: what is compared are bytes of headers, digests and receipts, and those are all different.
    try World.execute(
      path,
      """
      BEGIN;
      WITH RECURSIVE number(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM number WHERE n < \(clearances * messagesEach - 1)),
        named AS (
          SELECT n, n / \(messagesEach) AS c, n % \(messagesEach) AS s,
            printf('%08x-%04x-7%03x-8%03x-%012x', 26843545 + n / 4096, n % 4096, n % 997, n % 991, n * 7919) AS id,
            \(time) AS created
          FROM number)
      INSERT INTO message (id, direction, clearance, kind, corridor, partner, state, sequence, payload_digest, versions, created, updated,
        revision, header, signature, receipt, details, envelope_created)
      SELECT id, CASE WHEN s % 2 = 0 THEN \(side == "export" ? 1 : 0) ELSE \(side == "export" ? 0 : 1) END, printf('%032x', c + 1),
        CASE s WHEN 0 THEN 'declaration' ELSE 'status' END, 'CN-SG', '\(side == "export" ? "SG" : "CN")',
        CASE WHEN (s % 2 = 0) = \(side == "export" ? 1 : 0) THEN 'delivered' ELSE 'handled' END, s / 2 + 1,
        CAST(printf('%032d', n) AS BLOB), '{}', created, created, 1,
        CAST(printf('{"clearance":"%032x","messageId":"%s","corridor":"CN-SG"}', c + 1, id) AS BLOB), x'00',
        CAST(printf('receipt of %s', id) AS BLOB), x'7B7D', created
      FROM named;
      WITH RECURSIVE number(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number WHERE n < \(clearances))
      INSERT INTO clearance (id, ucr, corridor, side, status, state, created, updated, revision)
      SELECT printf('%032x', n), printf('6CN%d', n), 'CN-SG', '\(side)', 'cleared',
        CAST(printf('{"id":"%032x","ucr":"6CN%d","corridor":"CN-SG","ownSide":"\(side)","export":{"revision":1,"status":"released"},'
          || '"import":{"revision":1,"status":"released"},"sentSequence":5,"receivedSequence":5,"timeline":[],"salt":"00","commitment":"00"}',
          n, n) AS BLOB), 1795000000000, 1795000000000, 1
      FROM number;
      COMMIT;
      """)
  }

  /// The day's beginning, and then a message every 0.8 seconds.
  private static var time: String {
    "\(ReconciliationQuestion.start(of: day)?.milliseconds ?? 0) + n * 800"
  }

  private static func id(_ number: Int) -> String {
    func hex(_ value: Int, _ digits: Int) -> String {
      let text = String(value, radix: 16)
      return String(repeating: "0", count: max(0, digits - text.utf8.count)) + text
    }
    return [
      hex(26_843_545 + number / 4096, 8), hex(number % 4096, 4), "7" + hex(number % 997, 3), "8" + hex(number % 991, 3),
      hex(number * 7919, 12),
    ].joined(separator: "-")
  }

  private static func sides(_ world: World) async throws {
    for (economy, side) in [("CN", "export"), ("SG", "import")] {
      await world.stop(economy)
      try fill(world.path(economy) + "/journal.sqlite", side: side)
    }
  }

  @Test func fiveDifferencesInAHundredThousandMessages() async throws {
    let world = try await World()
    try await Self.sides(world)
    let (cn, sg) = (world.path("CN") + "/journal.sqlite", world.path("SG") + "/journal.sqlite")
    // A declaration that was never received; a status that was never sent; another header; no receipt; cleared on one side only.
    let (declaration, status, header, receipt, clearance) = (
      Self.id(12_340), Self.id(50_001), Self.id(77_002), Self.id(99_998), Self.hexID(4321)
    )
    try World.execute(sg, "DELETE FROM message WHERE id = '\(declaration)'")
    try World.execute(sg, "DELETE FROM message WHERE id = '\(status)'")
    try World.execute(sg, "UPDATE message SET header = x'7B7D' WHERE id = '\(header)'")
    try World.execute(cn, "UPDATE message SET receipt = NULL, state = 'dead' WHERE id = '\(receipt)'")
    try World.execute(
      sg,
      """
      UPDATE clearance SET state = CAST(replace(CAST(state AS TEXT), '"import":{"revision":1,"status":"released"}',
        '"import":{"revision":1,"status":"accepted"}') AS BLOB) WHERE id = '\(clearance)'
      """)
    for economy in ["CN", "SG"] { try await world.start(economy, isSealed: false) }
    let expected: Set = [
      "not_received \(declaration)", "not_sent \(status)", "content_differs \(header)", "receipt_missing \(receipt)",
      "status_differs \(clearance)",
    ]
    for economy in ["CN", "SG"] {
      let before = world.line.asked.count
      let result = try await world[economy].reconcile(corridor: "CN-SG", day: Self.day, by: "tester")
      #expect(Set((result["findings"]?.array ?? []).map(World.named)) == expected)
      #expect(result["complete"]?.bool == true)
      // Bodies as they went, both ways.
      let asked = world.line.asked[before...]
      let bytes = asked.reduce(0) { $0 + $1.question.count + $1.answer.count }
      #expect(bytes == result["bytes"]?.int)
      #expect(bytes < 100_000, "\(bytes) bytes")
      #expect(asked.count == result["questions"]?.int && asked.count <= 8, "\(asked.count) questions")
    }
    let items = try #require(try await world.cn.reconcile(corridor: "CN-SG", day: Self.day, by: "tester")["own"]?["items"]?.int)
    #expect(items == Self.clearances * (Self.messagesEach + 1))
  }

  private static func hexID(_ number: Int) -> String {
    let text = String(number, radix: 16)
    return String(repeating: "0", count: 32 - text.utf8.count) + text
  }
}
