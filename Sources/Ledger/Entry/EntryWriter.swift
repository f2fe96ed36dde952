import JSONTree
import Primitives

/// Writes entries in canonical form directly as bytes: the members stand in their order here, so nothing needs sorting.
///
/// `JSONValue.canonical` gives the same bytes at several times the cost; a test holds the two together.
struct EntryWriter {
  private(set) var bytes: [UInt8] = []

  /// - Throws: what `JSONValue.canonical` throws on `extra`.
  init(_ draft: EntryDraft, index: Int, time: Instant, previous: Digest) throws(CausewayError) {
    bytes.reserveCapacity(640)
    bytes += "{\"actor\":".utf8
    append(draft.actor)
    if let claimed = draft.claimedTime {
      bytes += ",\"claimed\":".utf8
      append(claimed)
    }
    if let corridor = draft.corridor {
      bytes += ",\"corridor\":".utf8
      append(corridor)
    }
    if !draft.extra.members.isEmpty {
      bytes += ",\"extra\":".utf8
      bytes += try JSONValue.object(draft.extra).canonical()
    }
    if let root = draft.fieldsRoot {
      bytes += ",\"fields\":".utf8
      append(root)
    }
    bytes += ",\"index\":".utf8
    bytes += String(index).utf8
    bytes += ",\"kind\":".utf8
    append(draft.kind)
    if let id = draft.messageID {
      bytes += ",\"message\":".utf8
      append(id.text)
    }
    if let digest = draft.payloadDigest {
      bytes += ",\"payload\":".utf8
      append(digest)
    }
    bytes += ",\"previous\":".utf8
    append(previous)
    if !draft.reasons.isEmpty {
      bytes += ",\"reasons\":[".utf8
      for (offset, reason) in draft.reasons.enumerated() {
        if offset > 0 { bytes.append(0x2C) }
        append(reason.rawValue)
      }
      bytes.append(0x5D)
    }
    if let subject = draft.subject {
      bytes += ",\"subject\":".utf8
      append(subject)
    }
    bytes += ",\"time\":".utf8
    append(time)
    bytes += ",\"v\":1".utf8
    if !draft.versions.isEmpty {
      bytes += ",\"versions\":{".utf8
      for (offset, version) in draft.versions.sorted(by: { ByteString($0.key) < ByteString($1.key) }).enumerated() {
        if offset > 0 { bytes.append(0x2C) }
        append(version.key)
        bytes.append(0x3A)
        append(version.value)
      }
      bytes.append(0x7D)
    }
    bytes.append(0x7D)
  }

  /// A text of printable ASCII, as all texts of an entry are.
  private mutating func append(_ text: String) {
    bytes.append(0x22)
    let start = bytes.count
    bytes += text.utf8
    // Hardly ever: most texts are names and codes.
    if bytes[start...].contains(where: { $0 == 0x22 || $0 == 0x5C }) {
      bytes.removeSubrange(start...)
      for byte in text.utf8 { bytes += byte == 0x22 || byte == 0x5C ? [0x5C, byte] : [byte] }
    }
    bytes.append(0x22)
  }

  private mutating func append(_ digest: Digest) {
    bytes.append(0x22)
    bytes += digest.hexDigits
    bytes.append(0x22)
  }

  /// As `Instant.rfc3339`.
  private mutating func append(_ time: Instant) {
    let milliseconds = time.milliseconds
    var days = milliseconds / 86_400_000
    var rest = milliseconds % 86_400_000
    if rest < 0 {
      days -= 1
      rest += 86_400_000
    }
    let (year, month, day) = CivilDate.fromDays(days)
    bytes.append(0x22)
    append(year, 4, then: 0x2D)
    append(Int64(month), 2, then: 0x2D)
    append(Int64(day), 2, then: 0x54)
    append(rest / 3_600_000, 2, then: 0x3A)
    append(rest / 60_000 % 60, 2, then: 0x3A)
    append(rest / 1000 % 60, 2, then: 0x2E)
    append(rest % 1000, 3, then: 0x5A)
    bytes.append(0x22)
  }

  private mutating func append(_ value: Int64, _ width: Int, then separator: UInt8) {
    var divisor: Int64 = width == 4 ? 1000 : width == 3 ? 100 : 10
    while divisor > 0 {
      bytes.append(0x30 + UInt8(truncatingIfNeeded: value / divisor % 10))
      divisor /= 10
    }
    bytes.append(separator)
  }
}
