import JSONTree
import Primitives
import Testing
import Trust

@testable import Ledger

/// The quick reader may refuse what the thorough one accepts, never the other way round, and never reads other values.
@Suite struct EntryScannerTests {
  private static let drafts: [EntryDraft] = [
    LedgerSamples.draft(1), LedgerSamples.draft(3), LedgerSamples.draft(5), EntryDraft(kind: "a", actor: "b"),
    EntryDraft(
      kind: "gateway.key_2.rolled", corridor: "CN-SG", actor: "a b~!", claimedTime: Instant(milliseconds: -1),
      versions: ["b": "1", "a": "2"],
      reasons: ["a.b", "c_1"]),
    LedgerSamples.draft(4),
    EntryDraft(
      kind: "receipt.received", corridor: "CN-SG", subject: SHA256.hash("b"), fieldsRoot: SHA256.hash("c"), actor: "SG",
      extra: ["outcome": "accepted", "receipt": .string(SHA256.hash("a").hex), "empty": "", "Size": 999_999_999_999_999, "a b~!": 0]),
    EntryDraft(kind: "a", actor: "quote \" and \\ backslash"), EntryDraft(kind: "a", actor: "b", extra: ["a": "\n"]),
    EntryDraft(kind: "a", actor: "b", extra: ["a": 1_000_000_000_000_000]), EntryDraft(kind: "a", actor: "b", extra: ["a": -1]),
    EntryDraft(kind: "a", actor: "b", extra: ["é": 1]), EntryDraft(kind: "a", actor: "b", extra: ["a": ["b": true]]),
  ]

  private func entry(_ draft: EntryDraft, _ index: Int) throws -> Entry {
    try Entry(draft, index: index, now: LedgerSamples.start, notBefore: nil, previous: SHA256.hash("before"))
  }

  private func agree(_ bytes: [UInt8]) -> Bool {
    guard let scanned = EntryScanner.scan(bytes) else { return true }
    guard let entry = try? Entry(parsing: bytes) else { return false }
    return entry.index == scanned.index && entry.time == scanned.time && entry.previous == scanned.previous
  }

  @Test func usualEntriesAreRecognised() throws {
    for (index, draft) in Self.drafts.prefix(7).enumerated() {
      let bytes = try entry(draft, index * 1000).bytes
      #expect(EntryScanner.scan(bytes) != nil && agree(bytes))
    }
    // Escapes, and in `extra` whatever is neither plain text nor a whole number below 10¹⁵, are left to the thorough reader.
    for draft in Self.drafts.dropFirst(7) { #expect(EntryScanner.scan(try entry(draft, 0).bytes) == nil) }
  }

  @Test func damagedEntriesAreNeverTakenForWhole() throws {
    for draft in Self.drafts {
      let bytes = try entry(draft, 10).bytes
      for offset in bytes.indices {
        for mask in [UInt8(0x01), 0x02, 0x04, 0x10, 0x20, 0x80] {
          var changed = bytes
          changed[offset] ^= mask
          #expect(agree(changed), "\(String(decoding: changed, as: UTF8.self))")
        }
        #expect(agree(Array(bytes[..<offset])))
        var shorter = bytes
        shorter.remove(at: offset)
        #expect(agree(shorter), "\(String(decoding: shorter, as: UTF8.self))")
        var longer = bytes
        longer.insert(bytes[offset], at: offset)
        #expect(agree(longer), "\(String(decoding: longer, as: UTF8.self))")
      }
    }
  }

  /// The scanner looks at eight bytes at once: no value of one of them may hide behind its neighbours.
  @Test func noByteIsTakenForAnother() throws {
    for draft in [Self.drafts[0], Self.drafts[6]] {
      let bytes = try entry(draft, 10).bytes
      var changed = bytes
      for offset in bytes.indices {
        for value in UInt8.min...UInt8.max {
          changed[offset] = value
          #expect(agree(changed), "\(value) at \(offset)")
        }
        changed[offset] = bytes[offset]
      }
    }
  }

  @Test func writtenBytesAreTheCanonicalForm() throws {
    for (index, draft) in Self.drafts.enumerated() {
      let bytes = try entry(draft, index).bytes
      #expect(try JSONValue.parse(bytes).canonical() == bytes)
    }
  }
}
