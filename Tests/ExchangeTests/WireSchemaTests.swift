import Exchange
import Foundation
import JSONTree
import Primitives
import TestSupport
import Testing
import Trust

/// What goes over the wire holds to `schemas/envelope.schema.json` and `schemas/receipt.schema.json`, by which a partner may be built.
@Suite struct WireSchemaTests {
  let world = World.shared

  static func schema(_ name: String) throws -> JSONSchema {
    let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    return try JSONSchema([UInt8](try Data(contentsOf: root.appending(path: "schemas/\(name).schema.json"))))
  }

  @Test func envelopeHeaders() throws {
    let schema = try Self.schema("envelope")
    var headers = MessageKind.allCases.map { world.header(kind: $0) }
    headers.append(world.header(kind: .status, mediaType: "application/json", inReplyTo: world.header().messageID))
    headers += [.test, .pilot].map { world.header(mode: $0) }
    for header in headers { #expect(try schema.errors(in: try JSONValue.parse(header.canonicalBytes)) == []) }
    let good = try #require(try JSONValue.parse(world.header().canonicalBytes).object)
    for member in good.members where member.name != "revision" {
      var less = good
      less[member.name] = nil
      #expect(try schema.errors(in: .object(less)) == ["/\(member.name) required"])
      var other = good
      other[member.name] = []
      #expect(try schema.errors(in: .object(other)) != [], "\(member.name)")
    }
    var more = good
    more["x-debug"] = true
    #expect(try schema.errors(in: .object(more)) != [])
  }

  @Test func receipts() throws {
    let schema = try Self.schema("receipt")
    let sealed = try world.seal(world.header(), as: world.cn)
    let message = try #require(try world.accepted(sealed, tls: world.cn))
    let position = Receipt.LedgerPosition(index: 41, checkpoint: "sg.example/log\n42\nq1s=\n\n— sg.example/log AAAA\n")
    let problems = [
      Problem("validate.missing", pointer: "/Declaration/GoodsItem[2]", line: 7, element: "GoodsItem.GrossMass", facts: ["list": "Rec20"]),
      Problem("validate.pattern"),
    ]
    var receipts = [Receipt.accepting(message, ledger: position), .refusing(message, problems: problems, ledger: position)]
    let unreadable = ReceivedEnvelope(headerBytes: utf8("[]"), signature: "a..b", salt: World.salt, contentType: "text/xml", payload: [])
    for (received, now) in [(ReceivedEnvelope(sealed), World.now.adding(seconds: 7200)), (unreadable, World.now)] {
      guard case .refused(let refusal) = try world.verdict(received, tls: world.cn, at: now) else {
        Issue.record("accepted")
        continue
      }
      receipts.append(.refusing(refusal, receiver: "SG", ledger: nil))
    }
    for receipt in receipts { #expect(try schema.errors(in: try JSONValue.parse(receipt.canonicalBytes)) == []) }
    // An acceptance without its place on the ledger is none, and a refusal without reasons neither.
    for (receipt, member) in [(receipts[0], "ledger"), (receipts[0], "messageId"), (receipts[1], "reasons")] {
      var less = try #require(try JSONValue.parse(receipt.canonicalBytes).object)
      less[member] = nil
      #expect(try schema.errors(in: .object(less)) == ["/\(member) required"])
    }
  }

  @Test func reconciliations() throws {
    let (questions, answers) = (try Self.schema("reconciliation-question"), try Self.schema("reconciliation-answer"))
    var source = ItemSource(21)
    let set = ReconciliationSet(source.items(200))
    let (message, clearance) = (MessageID(at: World.now, random: source.bytes(10)), ClearanceID(Hex.encode(source.bytes(16)))!)
    let facts = [
      ReconciliationFacts(
        .message(
          .init(sender: "CN", envelope: source.digest(), payload: source.digest(), receipt: source.digest(), isAccepted: false)),
        isInFlight: false),
      ReconciliationFacts(
        .clearance(.init(export: .init(status: "released", revision: 2), import: .init(status: "supplement_requested", revision: 1))),
        isInFlight: true), ReconciliationFacts(.nothing(isOnLedger: true), isInFlight: false),
      ReconciliationFacts(.erased, isInFlight: false),
    ]
    let question = ReconciliationQuestion(
      corridor: "CN-SG", day: "2026-11-21", ranges: [KeyPrefix("0")!, KeyPrefix("1f")!],
      subjects: [
        .message(message), .clearance(clearance), .message(MessageID(at: World.now, random: source.bytes(10))), .clearance(.random()),
      ])
    let whole = ReconciliationQuestion(corridor: "CN-SG", day: "2026-11-21", ranges: [.all])
    for question in [question, whole] { #expect(try questions.errors(in: try JSONValue.parse(question.bytes)) == []) }
    let answer = ReconciliationAnswer(set: set.summary, ranges: set.answer(question.ranges), facts: facts)
    let split = ReconciliationAnswer(set: set.summary, ranges: set.answer(whole.ranges), facts: [])
    for body in [answer.bytes(to: question), split.bytes(to: whole)] { #expect(try answers.errors(in: try JSONValue.parse(body)) == []) }
    for (schema, body) in [(questions, question.bytes), (answers, answer.bytes(to: question))] {
      var more = try #require(try JSONValue.parse(body).object)
      more["x-debug"] = true
      #expect(try schema.errors(in: .object(more)) != [])
      more["x-debug"] = nil
      more["version"] = 2
      #expect(try schema.errors(in: .object(more)) != [])
    }
  }
}
