import JSONTree
import Ledger
import Primitives
import Testing
import Trust

@Suite struct EntryTests {
  private func entry(_ draft: EntryDraft, index: Int = 0, now: Instant = LedgerSamples.start, notBefore: Instant? = nil) throws -> Entry {
    try Entry(draft, index: index, now: now, notBefore: notBefore, previous: Entry.genesis)
  }

  @Test func isCanonicalJSONThatReadsBack() throws {
    for index in 0..<20 {
      let written = try entry(LedgerSamples.draft(index), index: index)
      let read = try Entry(parsing: written.bytes)
      #expect(read.draft == written.draft)
      #expect(read.index == index && read.time == written.time && read.previous == written.previous)
      #expect(read.leafHash == SHA256.hash([0] + written.bytes))
      #expect(try JSONValue.parse(written.bytes).canonical() == written.bytes)
    }
  }

  @Test func holdsExactlyTheDocumentedMembers() throws {
    let written = try entry(EntryDraft(kind: "gateway.started", actor: "gateway.cn"))
    #expect(
      String(decoding: written.bytes, as: UTF8.self)
        == """
        {"actor":"gateway.cn","index":0,"kind":"gateway.started","previous":"\(String(repeating: "0", count: 64))",\
        "time":"\(LedgerSamples.start.rfc3339)","v":1}
        """)
  }

  /// attacks L-16: a clock that was set back does not date an entry before the one before it, and its reading is kept.
  @Test func timeNeverDecreases() throws {
    let later = LedgerSamples.start.adding(seconds: 60)
    let written = try entry(LedgerSamples.draft(1), now: LedgerSamples.start, notBefore: later)
    #expect(written.time == later)
    #expect(written.draft.claimedTime == LedgerSamples.start)
    let honest = try entry(LedgerSamples.draft(1), now: later, notBefore: later)
    #expect(honest.time == later && honest.draft.claimedTime == nil)
  }

  @Test func claimedTimeIsKeptBesideTheRecordedOne() throws {
    var draft = LedgerSamples.draft(1)
    draft.claimedTime = LedgerSamples.start.adding(seconds: -5)
    let written = try entry(draft)
    #expect(written.time == LedgerSamples.start && written.draft.claimedTime == draft.claimedTime)
    #expect(try Entry(parsing: written.bytes).draft.claimedTime == draft.claimedTime)
  }

  @Test(arguments: [
    EntryDraft(kind: "", actor: "a"), EntryDraft(kind: "Sent", actor: "a"), EntryDraft(kind: "a..b", actor: "a"),
    EntryDraft(kind: "a.", actor: "a"), EntryDraft(kind: "a", actor: ""), EntryDraft(kind: "a", actor: "b\r\nc"),
    EntryDraft(kind: "a", corridor: "", actor: "b"), EntryDraft(kind: "a", actor: "b", versions: ["n\u{E9}": "1"]),
    EntryDraft(kind: "a", actor: "b", reasons: [ErrorCode(rawValue: "NOT A CODE")]),
    EntryDraft(kind: "a", actor: "b", extra: JSONObject([("x", 1), ("x", 2)])),
  ])
  func malformedDraftsAreRefused(_ draft: EntryDraft) {
    #expect(throws: CausewayError("ledger.draft_invalid")) { try entry(draft) }
  }

  @Test func fitsAnEntryBundle() throws {
    let draft = { (size: Int) in EntryDraft(kind: "a", actor: "b", extra: ["x": .string(String(repeating: "y", count: size))]) }
    let room = 65_535 - (try entry(draft(1)).bytes.count - 1)
    #expect(try entry(draft(room)).bytes.count == 65_535)
    #expect(throws: CausewayError("ledger.entry_too_large")) { try entry(draft(room + 1)) }
  }

  @Test func otherSpellingsAreRefused() throws {
    let good = String(decoding: try entry(LedgerSamples.draft(0)).bytes, as: UTF8.self)
    _ = try Entry(parsing: Array(good.utf8))
    let spoiled = [
      " " + good, good + "\n", good.replacing("\"v\":1", with: "\"v\":1.0"), good.replacing("\"v\":1", with: "\"v\":2"),
      good.replacing("\"index\":0", with: "\"index\":-1"), good.replacing("\"index\":0", with: "\"index\":9007199254740992"),
      good.replacing("\"index\":0,", with: ""), good.replacing("\"actor\"", with: "\"aktor\""),
      good.replacing("{\"actor\"", with: "{\"a\":1,\"actor\""), good.replacing("gateway.cn", with: "\\u0067ateway.cn"),
      good.replacing("message.sent", with: "message..sent"), good.replacing(".000Z", with: "Z"),
      good.replacing(".000Z", with: ".000+00:00"),
      "", "[]", "{}", "null", good.replacing("\"v\":1", with: "\"v\":1,\"v\":1"),
    ]
    for text in spoiled {
      #expect(text != good)
      #expect(throws: CausewayError.self, "\(text)") { try Entry(parsing: Array(text.utf8)) }
    }
  }
}
