import JSONTree
import Journal
import Primitives
import TestSupport
import Testing
import Trust

@testable import Gateway
@testable import Ledger

extension EvidenceTests {
  /// Has the newest checkpoint of an economy's ledger stamped.
  ///
  /// - Returns: its size.
  @discardableResult func stamp(_ world: World, _ economy: String, by authority: TimeStampAuthority) async throws -> Int {
    let stored = try #require(try await world[economy].journal.read { reader throws(CausewayError) in try reader.latestCheckpoint() })
    let request = TimeStampRequest(stamping: SHA256.hash(stored.note))
    let timeStamp = try request.verify(
      try authority.answer(request.der), authorities: [try Certificate(pem: try authority.authority)])
    _ = try await world[economy].journal.commit(
      Change(operations: [.putTimestamp(TimestampRecord(timeStamp, size: stored.size))]))
    return stored.size
  }

  private func edited(_ file: [UInt8], by economy: String, _ edits: [(String, JSONValue?)]) throws -> [UInt8] {
    try changed(file, by: economy) { json in
      edits.reduce(json) { json, edit in json.setting(edit.0.utf8.split(separator: 0x2F).map { String(Substring($0)) }[...], edit.1) }
    }
  }

  /// Each entry has the earliest time-stamp that covers it, and none when there is none yet.
  @Test func entriesHaveTheirEarliestTimeStamp() async throws {
    let authority = try TimeStampAuthority()
    let world = try await World(registry: Economies.shared.witnessed)
    let declared = try await world.declare()
    let first = try await stamp(world, "CN", by: authority)
    try await world.run()
    let second = try await stamp(world, "CN", by: authority)
    #expect(first < second)
    // Nothing new is covered by it.
    try await world.report("accepted", on: declared.clearanceID, at: "CN")
    try await world.run()
    for node in [world.cn, world.sg] { for witness in node.witnesses { _ = try await node.askToCosign(witness) } }
    let file = try await export(.clearance(declared.clearanceID), at: "CN", world)
    try expectAgreement(file, [])
    #expect(try Self.schema.errors(in: try JSONValue.parse(file)) == [])
    let entries = verify(file).messages.flatMap(\.entries).map(\.index)
    let stamps = verify(file).timeStamps
    #expect(stamps.map(\.size) == [first, second] && stamps.allSatisfy { !$0.isVerified })
    #expect(stamps[0].entries == entries.filter { $0 < first }.sorted() && !stamps[0].entries.isEmpty)
    #expect(stamps[1].entries == entries.filter { (first..<second).contains($0) }.sorted() && !stamps[1].entries.isEmpty)
    #expect(entries.contains { $0 >= second }, "and one that is younger than all time-stamps")
    #expect(verify(file).lines.contains { $0.contains("imprint fits, signature not checked") && $0.contains(stamps[0].time.rfc3339) })
    // By somebody who believes this authority, and by somebody who believes another one.
    let verified = verify(file, authorities: [try Certificate(pem: try authority.authority)])
    #expect(verified.isSound && verified.timeStamps.map(\.isVerified) == [true, true])
    #expect(verified.timeStamps.map(\.time) == stamps.map(\.time))
    let other = try Certificate(pem: try TimeStampAuthority().authority)
    let refused = verify(file, authorities: [other])
    #expect(refused.timeStamps.isEmpty)
    #expect(Set(refused.findings.map { $0.facts["reason"] }) == ["timestamp.signature", "no time-stamp"])
    #expect(verify(file, authorities: []).isSound == false)
  }

  @Test func aTimeStampOfSomethingElseIsFound() async throws {
    let authority = try TimeStampAuthority()
    let released = try await released()
    try await stamp(released.world, "CN", by: authority)
    let file = try await export(.message(released.declaration), at: "CN", released.world)
    try expectAgreement(file, [])
    let json = try JSONValue.parse(file)
    let entries = try #require(json["messages"]?.array?.first?["entries"]?.array)
    #expect(entries.count > 1 && entries.allSatisfy { $0["stamped"]?.string != nil })
    let token = try #require(json["timeStamps"]?.array?.first?.string.flatMap { Base64.decode($0) })
    let foreign = try authority.token(try authority.question(SHA256.hash([1]).hex))
    func stamped(_ change: (LogProof) throws -> LogProof) throws -> JSONValue {
      let text = try #require(entries[0]["stamped"]?.string)
      return .string(String(decoding: try change(try LogProof(parsing: Array(text.utf8))).bytes, as: UTF8.self))
    }
    func tokens(_ tokens: [UInt8]...) -> JSONValue { .array(tokens.map { .string(Base64.encode($0)) }) }
    let (place, none) = ("/messages/0/entries/0/stamped", entries.indices.map { "evidence.timestamp /messages/0/entries/\($0)/stamped" })
    let nothing = ["evidence.timestamp /timeStamps/0"]
    let cases: [(String, [(String, JSONValue?)], [String])] = [
      ("nothing", [], []),
      ("a maker tells less", [(place, .null)], []),
      ("no token", [("/timeStamps", [])], none),
      ("another token", [("/timeStamps", tokens(foreign))], none + nothing),
      ("one more", [("/timeStamps", tokens(token, foreign))], ["evidence.timestamp /timeStamps/1"]),
      ("the same twice", [("/timeStamps", tokens(token, token))], ["evidence.timestamp /timeStamps/1"]),
      ("no token at all", [("/timeStamps", tokens([0x30, 0]))], none + nothing),
      ("cut off", [("/timeStamps", tokens(Array(token.dropLast(1))))], none + nothing),
      ("bytes behind it", [("/timeStamps", tokens(token + [0]))], none + nothing),
      ("nobody's", [(place, .null), ("/messages/0/entries", [entries[0].setting(["stamped"], .null)])], nothing),
      ("the proof of another entry", [(place, entries[1]["stamped"])], [none[0]]),
      ("another index", [(place, try stamped { LogProof(index: $0.index + 1, hashes: $0.hashes, note: $0.note) })], [none[0]]),
      ("a shorter path", [(place, try stamped { LogProof(index: $0.index, hashes: $0.hashes.dropLast(), note: $0.note) })], [none[0]]),
      (
        "a checkpoint that nobody has stamped",
        [
          (place, try stamped { LogProof(index: $0.index, hashes: $0.hashes, note: $0.note + Array("\u{2014} other/log AAAAAAAA\n".utf8)) })
        ],
        [none[0]]
      ),
      (
        "the checkpoint of another log",
        [
          (
            place,
            try stamped {
              let text = String(decoding: $0.note, as: UTF8.self).replacing("gateway.cn", with: "gateway.sg")
              return LogProof(index: $0.index, hashes: $0.hashes, note: Array(text.utf8))
            }
          )
        ], [none[0]]
      ),
    ]
    for (name, edits, expected) in cases {
      let forged = try edited(file, by: "CN", edits)
      let incomplete = name == "nobody's" ? ["evidence.incomplete /messages/0/entries"] : []
      try expectAgreement(forged, expected + incomplete, name)
    }
    // Only who looks at the signature sees that it is none.
    var unsigned = token
    unsigned[token.count - 1] ^= 1
    let forged = try edited(file, by: "CN", [("/timeStamps", tokens(unsigned))])
    try expectAgreement(forged, [])
    let found = verify(forged, authorities: [try Certificate(pem: try authority.authority)])
    #expect(found.findings.contains { $0.code == "evidence.timestamp" && $0.pointer == "/timeStamps/0" } && found.timeStamps.isEmpty)
  }
}
