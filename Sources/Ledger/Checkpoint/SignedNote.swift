package import Primitives

/// Text with signature lines, read but not verified.
///
/// - SeeAlso: C2SP signed-note, Format.
package struct SignedNote: Hashable, Sendable {
  package struct Signature: Hashable, Sendable {
    /// Name of the key. Not empty, no white space, no plus sign.
    package let name: String
    /// First four bytes of the key's hash, big-endian. Names no key by itself.
    package let keyID: UInt32
    /// Signature without the key id, in the form of the key's algorithm. At least one byte.
    package let bytes: [UInt8]

    package init(name: String, keyID: UInt32, bytes: [UInt8]) {
      self.name = name
      self.keyID = keyID
      self.bytes = bytes
    }

    /// The signature line, with its line feed.
    package var line: [UInt8] {
      SignedNote.dash + Array("\(name) \(Base64.encode(bigEndianBytes(keyID) + bytes))\n".utf8)
    }
  }

  /// What is signed, with its final line feed.
  package let text: [UInt8]
  package let signatures: [Signature]

  /// Largest note read. The specification asks for at least 16 signatures, of which some may take 5 kB.
  package static let largestByteCount = 256 << 10
  package static let mostSignatures = 64

  package init(text: [UInt8], signatures: [Signature]) {
    self.text = text
    self.signatures = signatures
  }

  /// Reads a note.
  ///
  /// - Throws: `ledger.note_malformed` (fact `reason`).
  package init(parsing bytes: [UInt8]) throws(CausewayError) {
    let parts = try Self.split(bytes)
    text = parts.text
    let lines = parts.lines.split(separator: 0x0A, omittingEmptySubsequences: false)
    guard lines.count <= Self.mostSignatures else { throw Self.malformed("too many signatures") }
    signatures = try lines.map { line throws(CausewayError) in try Self.signature(line) }
  }

  /// The text of a note, and its signature lines without the last line feed, unread.
  ///
  /// - Throws: `ledger.note_malformed` (fact `reason`).
  static func split(_ bytes: [UInt8]) throws(CausewayError) -> (text: [UInt8], lines: ArraySlice<UInt8>) {
    guard bytes.count <= Self.largestByteCount else { throw Self.malformed("too large") }
    guard bytes.allSatisfy({ $0 >= 0x20 || $0 == 0x0A }) else { throw Self.malformed("control character") }
    guard String(validating: bytes, as: UTF8.self) != nil else { throw Self.malformed("not UTF-8") }
    guard bytes.last == 0x0A else { throw Self.malformed("no final line feed") }
    // The text ends with the first line feed of the last empty line.
    guard bytes.count >= 3,
      let blank = (1..<bytes.count - 1).last(where: { bytes[$0] == 0x0A && bytes[$0 - 1] == 0x0A })
    else { throw Self.malformed("no signatures") }
    return (Array(bytes[..<blank]), bytes[(blank + 1)..<(bytes.count - 1)])
  }

  /// The note as bytes: text, empty line, signature lines.
  package var bytes: [UInt8] {
    text + [0x0A] + signatures.flatMap(\.line)
  }

  /// Em dash and space.
  private static let dash: [UInt8] = [0xE2, 0x80, 0x94, 0x20]

  private static func signature(_ line: ArraySlice<UInt8>) throws(CausewayError) -> Signature {
    guard line.starts(with: dash) else { throw malformed("signature line") }
    let parts = line.dropFirst(dash.count).split(separator: 0x20, omittingEmptySubsequences: false)
    guard parts.count == 2 else { throw malformed("signature line") }
    let name = String(decoding: parts[0], as: UTF8.self)
    guard isKeyName(name) else { throw malformed("key name") }
    guard let bytes = Base64.decode(String(decoding: parts[1], as: UTF8.self)), bytes.count >= 5 else { throw malformed("signature") }
    return Signature(name: name, keyID: bytes.prefix(4).reduce(0) { $0 << 8 | UInt32($1) }, bytes: Array(bytes.dropFirst(4)))
  }

  static func isKeyName(_ name: String) -> Bool {
    !name.isEmpty && name.unicodeScalars.allSatisfy { !$0.properties.isWhitespace && $0 != "+" && $0.value >= 0x20 }
  }

  private static func malformed(_ reason: String) -> CausewayError { CausewayError("ledger.note_malformed", facts: ["reason": reason]) }
}

func bigEndianBytes(_ value: UInt32) -> [UInt8] {
  [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> $0) }
}
