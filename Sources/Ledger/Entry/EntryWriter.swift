import JSONTree
import Primitives

/// Writes entries in canonical form directly as bytes: the members stand in their order here, so nothing needs sorting.
///
/// `JSONValue.canonical` gives the same bytes at several times the cost; a test holds the two together.
struct EntryWriter: ~Copyable {
  private var text = ByteSink(capacity: 1024)

  /// - Throws: what `JSONValue.canonical` throws on `extra`.
  static func bytes(of draft: EntryDraft, index: Int, time: Instant, previous: Digest) throws(CausewayError) -> [UInt8] {
    var writer = EntryWriter()
    try writer.write(draft, index: index, time: time, previous: previous)
    return writer.text.finish()
  }

  private mutating func write(_ draft: EntryDraft, index: Int, time: Instant, previous: Digest) throws(CausewayError) {
    text.append("{\"actor\":")
    append(draft.actor)
    if let claimed = draft.claimedTime {
      text.append(",\"claimed\":")
      append(claimed)
    }
    if let corridor = draft.corridor {
      text.append(",\"corridor\":")
      append(corridor)
    }
    if !draft.extra.members.isEmpty {
      text.append(",\"extra\":")
      text.append(try JSONValue.object(draft.extra).canonical())
    }
    if let root = draft.fieldsRoot {
      text.append(",\"fields\":")
      append(root)
    }
    text.append(",\"index\":")
    text.append(decimal: index)
    text.append(",\"kind\":")
    append(draft.kind)
    if let id = draft.messageID {
      text.append(",\"message\":")
      append(id.text)
    }
    if let digest = draft.payloadDigest {
      text.append(",\"payload\":")
      append(digest)
    }
    text.append(",\"previous\":")
    append(previous)
    if !draft.reasons.isEmpty {
      text.append(",\"reasons\":[")
      for (offset, reason) in draft.reasons.enumerated() {
        if offset > 0 { text.append(0x2C) }
        append(reason.rawValue)
      }
      text.append(0x5D)
    }
    if let subject = draft.subject {
      text.append(",\"subject\":")
      append(subject)
    }
    text.append(",\"time\":")
    append(time)
    text.append(",\"v\":1")
    if !draft.versions.isEmpty {
      text.append(",\"versions\":{")
      // Names are ASCII: their order is that of their bytes.
      for (offset, version) in draft.versions.sorted(by: { $0.key < $1.key }).enumerated() {
        if offset > 0 { text.append(0x2C) }
        append(version.key)
        text.append(0x3A)
        append(version.value)
      }
      text.append(0x7D)
    }
    text.append(0x7D)
  }

  private mutating func append(_ string: String) { JSONText.append(utf8: string.utf8.span, to: &text) }

  private mutating func append(_ digest: Digest) {
    text.append(0x22)
    text.append(hex: digest)
    text.append(0x22)
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
    text.append(0x22)
    append(year, 4, then: 0x2D)
    append(Int64(month), 2, then: 0x2D)
    append(Int64(day), 2, then: 0x54)
    append(rest / 3_600_000, 2, then: 0x3A)
    append(rest / 60_000 % 60, 2, then: 0x3A)
    append(rest / 1000 % 60, 2, then: 0x2E)
    append(rest % 1000, 3, then: 0x5A)
    text.append(0x22)
  }

  private mutating func append(_ value: Int64, _ width: Int, then separator: UInt8) {
    var divisor: Int64 = width == 4 ? 1000 : width == 3 ? 100 : 10
    while divisor > 0 {
      text.append(0x30 + UInt8(truncatingIfNeeded: value / divisor % 10))
      divisor /= 10
    }
    text.append(separator)
  }
}
