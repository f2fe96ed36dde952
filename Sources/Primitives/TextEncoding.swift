internal import Glibc

/// The character encodings that documents are read and written in.
package enum TextEncoding: String, Sendable, CaseIterable {
  case utf8 = "utf-8"
  /// GB18030 with its two-byte and four-byte characters; it includes GBK and GB2312.
  case gb18030

  /// The encoding with a name of the IANA registry, in any case of letters, or nil when it is not one that is read here.
  ///
  /// GBK and GB2312 are read as GB18030, which contains them: senders declare the older name and use characters of the newer.
  package init?(ianaName name: some Sequence<UInt8>) {
    switch String(decoding: name.map { $0 >= 0x41 && $0 <= 0x5A ? $0 + 32 : $0 }, as: UTF8.self) {
    case "utf-8", "utf8": self = .utf8
    case "gb18030", "gbk", "gb2312": self = .gb18030
    default: return nil
    }
  }

  /// The name that an XML declaration gives it.
  package var ianaName: String { self == .utf8 ? "UTF-8" : "GB18030" }

  /// The bytes as UTF-8, or the offset of the first byte that is not valid.
  ///
  /// Strict: no replacement characters, no overlong forms, no surrogates, no characters cut off at the end.
  package func decode(_ bytes: [UInt8]) -> Result<[UInt8], InvalidText> {
    switch self {
    case .utf8:
      return Self.firstInvalid(bytes).map { .failure(InvalidText(offset: $0)) } ?? .success(bytes)
    case .gb18030: return Self.convert(bytes, from: "GB18030", to: "UTF-8", unit: 3)
    }
  }

  /// UTF-8 bytes in this encoding, or the offset of the first character that it does not have.
  package func encode(utf8 bytes: [UInt8]) -> Result<[UInt8], InvalidText> {
    switch self {
    case .utf8: decode(bytes)
    case .gb18030: Self.convert(bytes, from: "UTF-8", to: "GB18030", unit: 2)
    }
  }

  /// Where text stopped being valid: an offset in bytes from 0 in the input.
  package struct InvalidText: Error, Equatable, Sendable {
    package let offset: Int
  }

  /// The offset of the first byte that is not UTF-8. Runs of ASCII, which most texts consist of, are passed over eight bytes at a time; what stands
  /// between two of them is whole characters.
  private static func firstInvalid(_ bytes: [UInt8]) -> Int? {
    unsafe bytes.withUnsafeBytes { raw in
      var at = 0
      while at < raw.count {
        if at + 8 <= raw.count, unsafe raw.loadUnaligned(fromByteOffset: at, as: UInt64.self) & 0x8080_8080_8080_8080 == 0 {
          at += 8
          continue
        }
        var end = at
        while unsafe end < raw.count && raw[end] >= 0x80 { end += 1 }
        if end > at {
          do throws(UTF8.ValidationError) {
            _ = try UTF8Span(validating: bytes.span.extracting(at..<end))
          } catch {
            return at + error.byteOffsets.lowerBound
          }
        }
        at = end + 1
      }
      return nil
    }
  }

  /// - Parameter unit: output bytes to expect for each input byte beyond ASCII, at most.
  private static func convert(_ bytes: [UInt8], from: String, to: String, unit: Int) -> Result<[UInt8], InvalidText> {
    if bytes.allSatisfy({ $0 < 0x80 }) { return .success(bytes) }
    let converter = unsafe iconv_open(to, from)
    guard Int(bitPattern: converter) != -1 else { preconditionFailure("the C library has no converter from \(from) to \(to)") }
    defer { _ = unsafe iconv_close(converter) }
    var consumed = 0
    var failed = false
    var input = bytes
    let output = unsafe [UInt8](unsafeUninitializedCapacity: bytes.count * unit + 16) { buffer, initialized in
      unsafe input.withUnsafeMutableBytes { raw in
        var from = unsafe raw.baseAddress?.assumingMemoryBound(to: CChar.self)
        var left = raw.count
        var to = unsafe UnsafeMutableRawPointer(buffer.baseAddress)?.assumingMemoryBound(to: CChar.self)
        var room = buffer.count
        failed = unsafe iconv(converter, &from, &left, &to, &room) != 0
        consumed = raw.count - left
        initialized = buffer.count - room
      }
    }
    return failed ? .failure(InvalidText(offset: consumed)) : .success(output)
  }
}
