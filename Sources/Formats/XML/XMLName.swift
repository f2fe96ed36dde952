/// Names of XML 1.0 without a colon: what Namespaces in XML 1.0 §3 calls an NCName.
enum XMLName {
  /// Whether a text in UTF-8 is one.
  static func isLocal(_ name: Span<UInt8>) -> Bool {
    isPlain(name) || isAny(name.withUnsafeBufferPointer { String(decoding: $0, as: UTF8.self) })
  }

  static func isLocal(_ name: String) -> Bool { isLocal(name.utf8.span) }

  /// Names in ASCII letters, digits and `_ - .` that begin with a letter: most are.
  private static func isPlain(_ name: Span<UInt8>) -> Bool {
    guard !name.isEmpty, name[0] | 0x20 >= 0x61, name[0] | 0x20 <= 0x7A else { return false }
    for index in name.indices where !isPlain(name[index]) { return false }
    return true
  }

  private static func isAny(_ name: String) -> Bool {
    var first = true
    for scalar in name.unicodeScalars {
      guard isNameStart(scalar.value) || (!first && isNameRest(scalar.value)) else { return false }
      first = false
    }
    return !first
  }

  private static func isPlain(_ byte: UInt8) -> Bool {
    (byte | 0x20 >= 0x61 && byte | 0x20 <= 0x7A) || (byte >= 0x30 && byte <= 0x39) || byte == 0x5F || byte == 0x2D || byte == 0x2E
  }

  private static func isNameStart(_ value: UInt32) -> Bool {
    switch value {
    case 0x41...0x5A, 0x5F, 0x61...0x7A, 0xC0...0xD6, 0xD8...0xF6, 0xF8...0x2FF, 0x370...0x37D, 0x37F...0x1FFF, 0x200C...0x200D,
      0x2070...0x218F, 0x2C00...0x2FEF, 0x3001...0xD7FF, 0xF900...0xFDCF, 0xFDF0...0xFFFD, 0x1_0000...0xE_FFFF:
      true
    default: false
    }
  }

  private static func isNameRest(_ value: UInt32) -> Bool {
    switch value {
    case 0x2D, 0x2E, 0x30...0x39, 0xB7, 0x300...0x36F, 0x203F...0x2040: true
    default: false
    }
  }
}
