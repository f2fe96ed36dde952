import JSONTree
package import Primitives

/// One line of the ledger, as it is hashed: canonical JSON (RFC 8785) of at most 65 535 bytes.
///
/// Members: `v` (1), `index`, `time` and, where it differs, `claimed` (RFC 3339, UTC, milliseconds), `kind`, `corridor`, `subject`,
/// `message`, `payload`, `fields`, `actor`, `versions`, `reasons`, `extra`, `previous`. Digests are 64 lower-case hexadecimal
/// digits; absent members are left out.
///
/// - Invariant: ``bytes`` is the canonical form of the other properties and ``leafHash`` is its hash.
package struct Entry: Hashable, Sendable {
  /// Place in the log, from 0.
  package let index: Int
  /// When the ledger recorded it: never earlier than the entry before.
  package let time: Instant
  /// What was recorded. Its `claimedTime` is nil when it equals ``time``.
  package var draft: EntryDraft { content.draft }
  /// Shared by the copies of an entry: it has many parts, and entries are handed on by the hundred.
  private let content: Content
  /// ``leafHash`` of the entry before; 32 zero bytes for the first.
  package let previous: Digest
  package let bytes: [UInt8]
  /// `SHA-256(0x00 ‖ bytes)`: the leaf in the tree and the link in the chain.
  package let leafHash: Digest

  /// The length field of an entry bundle has 16 bits (C2SP tlog-tiles, Log entries).
  package static let largestByteCount = 65_535
  /// `previous` of the first entry.
  package static let genesis = Digest.zero

  package static func == (left: Self, right: Self) -> Bool { left.bytes == right.bytes }
  package func hash(into hasher: inout Hasher) { hasher.combine(leafHash) }

  /// Writes the entry that follows `previous`.
  ///
  /// - Parameters:
  ///   - now: the ledger's clock. The entry's time is the later of it and `notBefore`, so that a clock that was set back cannot
  ///     date an entry before another; the clock's own reading is then kept as `claimed`.
  ///   - notBefore: time of the entry before.
  /// - Throws: `ledger.draft_invalid` (facts `field`, `expected`), `ledger.entry_too_large`, `ledger.full`.
  package init(_ draft: EntryDraft, index: Int, now: Instant, notBefore: Instant?, previous: Digest) throws(CausewayError) {
    guard index >= 0, index < MerkleTree.largestSize else {
      throw CausewayError("ledger.full", facts: ["limit": String(MerkleTree.largestSize)])
    }
    let time = max(now, notBefore ?? now)
    var draft = draft
    let claimed = draft.claimedTime ?? now
    draft.claimedTime = claimed == time ? nil : claimed
    if let (field, expected) = draft.firstFlaw {
      throw CausewayError("ledger.draft_invalid", facts: ["field": field, "expected": expected])
    }
    let bytes: [UInt8]
    do {
      bytes = try EntryWriter.bytes(of: draft, index: index, time: time, previous: previous)
    } catch {
      throw CausewayError("ledger.draft_invalid", facts: ["field": "extra", "expected": "canonical JSON"])
    }
    guard bytes.count <= Self.largestByteCount else {
      throw CausewayError("ledger.entry_too_large", facts: ["limit": String(Self.largestByteCount)])
    }
    self.init(unchecked: draft, index: index, time: time, previous: previous, bytes: bytes)
  }

  private final class Content: Sendable {
    let draft: EntryDraft

    init(_ draft: EntryDraft) { self.draft = draft }
  }

  init(unchecked draft: EntryDraft, index: Int, time: Instant, previous: Digest, bytes: [UInt8]) {
    self.index = index
    self.time = time
    content = Content(draft)
    self.previous = previous
    self.bytes = bytes
    leafHash = MerkleTree.leafHash(bytes)
  }
}

extension EntryDraft {
  /// The first field that breaks its grammar, with what belongs there; nil when all are well-formed.
  var firstFlaw: (field: String, expected: String)? {
    if !Self.isKind(kind) { return ("kind", "dotted lower-case words") }
    if let corridor, !Self.isToken(corridor, upTo: 64) { return ("corridor", "1 to 64 printable ASCII characters") }
    if !Self.isToken(actor, upTo: 256) { return ("actor", "1 to 256 printable ASCII characters") }
    let areVersions = versions.count <= 32 && versions.allSatisfy { Self.isToken($0, upTo: 64) && Self.isToken($1, upTo: 256) }
    if !areVersions { return ("versions", "at most 32 names with printable ASCII texts") }
    if reasons.count > 64 || !reasons.allSatisfy({ Self.isKind($0.rawValue) }) { return ("reasons", "at most 64 codes") }
    return nil
  }

  private static func isToken(_ text: String, upTo limit: Int) -> Bool {
    !text.isEmpty && text.utf8.count <= limit && text.utf8.allSatisfy { 0x20 <= $0 && $0 < 0x7F }
  }

  private static func isKind(_ text: String) -> Bool {
    guard let first = text.utf8.first, (0x61...0x7A).contains(first), text.utf8.count <= 64 else { return false }
    var last = first
    for byte in text.utf8 {
      switch byte {
      case 0x61...0x7A, 0x30...0x39, 0x5F: break
      case 0x2E where last != 0x2E: break
      default: return false
      }
      last = byte
    }
    return last != 0x2E
  }
}
