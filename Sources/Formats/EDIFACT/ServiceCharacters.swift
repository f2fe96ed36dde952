internal import Primitives

/// The characters that separate and release: those of the standard, or those that a service string advice (UNA) gives.
///
/// - Invariant: different from each other, none a letter or digit; single bytes of ASCII.
/// - SeeAlso: ISO 9735-1 §5 and annex B (version 4), ISO 9735:1988 §4 and §8 (version 3).
package struct ServiceCharacters: Hashable, Sendable {
  /// `:` between the components of a composite.
  package var component: UInt8 = 0x3A
  /// `+` between data elements.
  package var element: UInt8 = 0x2B
  /// `.` or `,` in numbers.
  package var decimalMark: UInt8 = 0x2E
  /// `?` makes the next character plain; nil: there is none.
  package var release: UInt8? = 0x3F
  /// `*` between repetitions of a data element, in version 4 only; nil: there is none.
  package var repetition: UInt8?
  /// `'` at the end of a segment.
  package var terminator: UInt8 = 0x27

  package init() {}

  /// Those that hold without UNA.
  package static func standard(version: Int) -> ServiceCharacters {
    var characters = ServiceCharacters()
    if version >= 4 { characters.repetition = 0x2A }
    return characters
  }

  /// What UNA says.
  ///
  /// - Parameter advice: the six bytes behind `UNA`: component, element, decimal mark, release, repetition (a space in version 3), terminator.
  ///   A space in place of the release or repetition character means that there is none.
  /// - Throws: `parse.edifact_decimal_mark`, `parse.edifact_service_characters`.
  init(advice: ArraySlice<UInt8>) throws(SyntaxFinding) {
    let bytes = Array(advice)
    guard bytes.count == 6 else { throw SyntaxFinding("parse.edifact_service_characters", .serviceCharacter, .service("UNA")) }
    component = bytes[0]
    element = bytes[1]
    decimalMark = bytes[2]
    release = bytes[3] == 0x20 ? nil : bytes[3]
    repetition = bytes[4] == 0x20 ? nil : bytes[4]
    terminator = bytes[5]
    guard decimalMark == 0x2E || decimalMark == 0x2C else {
      throw SyntaxFinding("parse.edifact_decimal_mark", .decimalNotation, .service("UNA"))
    }
    guard isSound else { throw SyntaxFinding("parse.edifact_service_characters", .serviceCharacter, .service("UNA")) }
  }

  /// Whether all differ and each can be told from data.
  package var isSound: Bool {
    let separators = [component, element, terminator] + [release, repetition].compactMap { $0 }
    return Set(separators + [decimalMark]).count == separators.count + 1 && separators.allSatisfy(Self.canSeparate)
  }

  /// Graphic ASCII that is no letter, digit or space, or one of the information separators IS 4 to IS 1.
  private static func canSeparate(_ byte: UInt8) -> Bool {
    switch byte {
    case 0x1C...0x1F, 0x21...0x2F, 0x3A...0x40, 0x5B...0x60, 0x7B...0x7E: true
    default: false
    }
  }

  /// `UNA` and the six characters.
  package var advice: [UInt8] {
    Array("UNA".utf8) + [component, element, decimalMark, release ?? 0x20, repetition ?? 0x20, terminator]
  }
}
