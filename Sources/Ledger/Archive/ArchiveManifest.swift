import JSONTree
package import Primitives
import Trust

/// What an archive says of itself: which entries of which ledger it holds, as of which signed checkpoint, and which archive came before.
///
/// An archive is a folder in the layout of C2SP tlog-tiles as of ``note``: all tiles of hashes, the bundles of its own entries, and this
/// manifest beside the checkpoint. Its digest stands on the ledger itself, in an entry `ledger.archived`.
///
/// Canonical JSON (RFC 8785): `{"checkpoint":…note…,"origin":…,"previous":…hex…,"start":0,"state":{…},"v":1}`.
/// - Invariant: ``start`` and ``end`` are multiples of 256 and `start < end`; ``bytes`` is the canonical form of the other properties.
package struct ArchiveManifest: Hashable, Sendable {
  /// The ledger's name.
  package let origin: String
  /// First entry.
  package let start: Int
  /// Where a verification stands behind the last entry.
  package let state: AuditState
  /// A checkpoint of at least ``end`` entries, as its log has signed it, with the cosignatures it had. Not verified here.
  package let note: [UInt8]
  /// ``digest`` of the archive before; zero for the first.
  package let previous: Digest
  package let bytes: [UInt8]
  /// SHA-256 of ``bytes``.
  package let digest: Digest

  /// Where the manifest is in the archive's folder.
  package static let path = "manifest.json"
  package static let largestByteCount = 1 << 16
  /// Kind of the ledger's entry that records an archive.
  package static let recordKind = "ledger.archived"
  /// The newest entries that no archive takes from a journal.
  package static let keptEntryCount = 1024

  /// Behind the last entry.
  package var end: Int { state.size }

  /// - Throws: `ledger.archive_malformed` (fact `field`).
  package init(origin: String, start: Int, state: AuditState, note: [UInt8], previous: Digest) throws(CausewayError) {
    guard start >= 0, start < state.size, start.isMultiple(of: Tile.fullWidth) else { throw Self.malformed("start") }
    guard state.size.isMultiple(of: Tile.fullWidth) else { throw Self.malformed("state") }
    guard let text = String(validating: note, as: UTF8.self) else { throw Self.malformed("checkpoint") }
    let json: JSONValue = [
      "checkpoint": .string(text), "origin": .string(origin), "previous": .string(previous.hex), "start": .number(JSONNumber(start)),
      "state": state.json, "v": 1,
    ]
    bytes = try json.canonical()
    guard bytes.count <= Self.largestByteCount else { throw Self.malformed("size") }
    self.origin = origin
    self.start = start
    self.state = state
    self.note = note
    self.previous = previous
    digest = SHA256.hash(bytes)
  }

  /// Reads a manifest that may come from anybody.
  ///
  /// - Throws: `ledger.archive_malformed` (fact `field`).
  package init(parsing bytes: [UInt8]) throws(CausewayError) {
    guard bytes.count <= Self.largestByteCount, let json = try? JSONValue.parseCanonical(bytes), json["v"]?.int == 1 else {
      throw Self.malformed("form")
    }
    guard let origin = json["origin"]?.string else { throw Self.malformed("origin") }
    guard let start = json["start"]?.int else { throw Self.malformed("start") }
    guard let state = json["state"].flatMap({ AuditState(json: $0) }) else { throw Self.malformed("state") }
    guard let note = json["checkpoint"]?.string else { throw Self.malformed("checkpoint") }
    guard let previous = json["previous"]?.string.flatMap({ Digest(hex: $0) }) else { throw Self.malformed("previous") }
    try self.init(origin: origin, start: start, state: state, note: Array(note.utf8), previous: previous)
    // A member too many, or one in another spelling, would make two manifests of one archive.
    guard self.bytes == bytes else { throw Self.malformed("form") }
  }

  private static func malformed(_ field: String) -> CausewayError { CausewayError("ledger.archive_malformed", facts: ["field": field]) }
}

// MARK: - The record on the ledger

extension ArchiveManifest {
  /// The entry by which the ledger records the archive.
  package func record(actor: String) -> EntryDraft {
    EntryDraft(
      kind: Self.recordKind, actor: actor,
      extra: [
        "end": .number(JSONNumber(end)), "manifest": .string(digest.hex), "previous": .string(previous.hex),
        "root": .string(state.tree.root.hex), "start": .number(JSONNumber(start)),
      ])
  }

  /// Whether the entry records this archive and stands behind all of its entries.
  package func isRecorded(by entry: Entry) -> Bool {
    entry.index >= end && entry.draft.kind.hasSameBytes(as: Self.recordKind) && entry.draft.extra == record(actor: "").extra
  }

  /// Behind the last archived entry, by an entry that records an archive; nil for another entry.
  package static func recordedEnd(_ entry: Entry) -> Int? {
    guard entry.draft.kind.hasSameBytes(as: recordKind), let end = entry.draft.extra["end"]?.int, end > 0, end <= entry.index else {
      return nil
    }
    return end
  }
}
