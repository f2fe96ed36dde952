internal import Primitives

/// Writes segments: separators as they are needed, service characters in texts released, texts in the repertoire of the interchange.
///
/// Texts of a segment come in the order of their positions. Separators are written only before a text, so that none stands at the end of a
/// segment or element.
/// - SeeAlso: ISO 9735-1 §8.6 and §9 (exclusion and suppression).
struct SegmentWriter: Sendable {
  /// A position behind the tag: all from 0.
  struct Position: Comparable, Sendable {
    var element: Int
    var repetition = 0
    var component = 0

    static func < (left: Self, right: Self) -> Bool {
      (left.element, left.repetition, left.component) < (right.element, right.repetition, right.component)
    }
  }

  enum Failure: Error, Sendable {
    /// A character that the repertoire does not have, or a service character that cannot be released.
    case character
    /// Out of order, or repeated where the syntax has no repetition character.
    case position
  }

  let characters: ServiceCharacters
  let repertoire: CharacterRepertoire
  private var isService = [Bool](repeating: false, count: 256)
  private(set) var output: [UInt8] = []
  private var last: Position?
  /// Segments that were begun.
  private(set) var count = 0

  init(characters: ServiceCharacters, repertoire: CharacterRepertoire) {
    self.characters = characters
    self.repertoire = repertoire
    for byte in [characters.component, characters.element, characters.terminator] { isService[Int(byte)] = true }
    for byte in [characters.release, characters.repetition].compactMap({ $0 }) { isService[Int(byte)] = true }
  }

  mutating func advice() { output += characters.advice }

  mutating func begin(_ tag: String) {
    output += Array(tag.utf8)
    last = nil
    count += 1
  }

  mutating func end() { output.append(characters.terminator) }

  /// - Parameter text: UTF-8; when empty nothing is written.
  mutating func text(_ text: ArraySlice<UInt8>, at position: Position) throws(Failure) {
    guard !text.isEmpty else { return }
    if let last, position <= last { throw .position }
    let isSameElement = last?.element == position.element
    separate(characters.element, isSameElement ? 0 : position.element - (last?.element ?? -1))
    let isSameRepetition = isSameElement && last?.repetition == position.repetition
    let repetitions = isSameRepetition ? 0 : position.repetition - (isSameElement ? last?.repetition ?? 0 : 0)
    if repetitions > 0 {
      guard let repetition = characters.repetition else { throw .position }
      separate(repetition, repetitions)
    }
    separate(characters.component, position.component - (isSameRepetition ? last?.component ?? 0 : 0))
    guard let encoded = repertoire.encode(text) else { throw .character }
    try release(encoded)
    last = position
  }

  private mutating func separate(_ character: UInt8, _ count: Int) {
    for _ in 0..<max(count, 0) { output.append(character) }
  }

  private mutating func release(_ text: [UInt8]) throws(Failure) {
    for byte in text {
      if isService[Int(byte)] {
        guard let release = characters.release else { throw .character }
        output.append(release)
      }
      output.append(byte)
    }
  }
}
