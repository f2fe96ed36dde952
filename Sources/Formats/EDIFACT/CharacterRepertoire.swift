internal import Primitives

/// The characters of an interchange and their bytes: what the syntax identifier of UNB (data element 0001) names.
///
/// | identifier | repertoire |
/// |---|---|
/// | UNOA, UNOB | ISO 646 without the positions that differ between countries; UNOA without small letters |
/// | UNOC to UNOL | ISO 8859 parts 1, 2, 5, 7, 3, 4, 6, 8, 9, 15 |
/// | UNOW, UNOY | ISO 10646 as UTF-8 |
/// | UNOX | ISO 2022; only its initial state, ASCII: an escape sequence is refused |
///
/// Control characters are in none of them.
/// - SeeAlso: ISO 9735-1 §6, code list 0001; ISO 8859, ISO 10646.
package struct CharacterRepertoire: Sendable {
  /// What one byte is.
  enum Role: UInt8, Sendable {
    case outside
    /// Stands for itself.
    case plain
    /// A character of the upper half, see ``scalars``.
    case upper
    /// Part of a UTF-8 sequence.
    case sequence
  }

  package let identifier: String
  /// By byte.
  let roles: [Role]
  /// Code points of bytes A0 to FF; 0: none. Empty unless there are bytes with the role `upper`.
  let scalars: [UInt16]
  /// The other way round: the byte of a code point.
  private let codes: [UInt16: UInt8]
  var isUTF8: Bool { roles[0xC3] == .sequence }

  /// - Parameter version: of the syntax; level A has the underscore from version 4 on.
  /// - Returns: nil when the identifier is none that is read here.
  package init?(identifier: String, version: Int) {
    let bytes = Array(identifier.utf8)
    guard bytes.count == 4, bytes.starts(with: "UNO".utf8) else { return nil }
    var roles = [Role](repeating: .outside, count: 256)
    for byte in 0x20...0x7E { roles[byte] = .plain }
    var scalars: [UInt16] = []
    switch bytes[3] {
    case 0x41, 0x42:
      // The positions that ISO 646 leaves to countries and applications, and the two with alternatives.
      for byte in "#$@[\\]^`{|}~".utf8 { roles[Int(byte)] = .outside }
      if version < 4 { roles[0x5F] = .outside }
      if bytes[3] == 0x41 { for byte in 0x61...0x7A { roles[byte] = .outside } }
    case 0x43...0x4C:
      scalars = Self.parts[Int(bytes[3]) - 0x43].unicodeScalars.map { UInt16($0.value) }
      for (offset, scalar) in scalars.enumerated() where scalar != 0 { roles[0xA0 + offset] = .upper }
    case 0x57, 0x59: for byte in 0x80...0xFF { roles[byte] = .sequence }
    case 0x58: break
    default: return nil
    }
    self.identifier = identifier
    self.roles = roles
    self.scalars = scalars
    var codes: [UInt16: UInt8] = [:]
    for (offset, scalar) in scalars.enumerated() where scalar != 0 { codes[scalar] = UInt8(0xA0 + offset) }
    self.codes = codes
  }

  /// For the first look at UNB, before it is known what it says: every graphic byte of ASCII.
  static let header: CharacterRepertoire = {
    guard let repertoire = CharacterRepertoire(identifier: "UNOX", version: 4) else { preconditionFailure("UNOX is a repertoire") }
    return repertoire
  }()

  // MARK: Writing

  /// UTF-8 text in this repertoire; nil when it has a character that is not in it.
  ///
  /// - Complexity: O(bytes).
  func encode(_ text: ArraySlice<UInt8>) -> [UInt8]? {
    guard text.contains(where: { $0 >= 0x80 }) else {
      return text.allSatisfy { roles[Int($0)] == .plain } ? Array(text) : nil
    }
    guard !isUTF8 else { return text.allSatisfy { roles[Int($0)] != .outside } ? Array(text) : nil }
    var result: [UInt8] = []
    for scalar in String(decoding: text, as: UTF8.self).unicodeScalars {
      if scalar.value < 0x80 {
        guard roles[Int(scalar.value)] == .plain else { return nil }
        result.append(UInt8(scalar.value))
      } else {
        guard let code = UInt16(exactly: scalar.value).flatMap({ codes[$0] }) else { return nil }
        result.append(code)
      }
    }
    return result
  }

  /// Whether UTF-8 text can be written in this repertoire.
  package func holds(_ text: ArraySlice<UInt8>) -> Bool { encode(text) != nil }
}
