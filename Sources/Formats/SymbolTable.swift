import Primitives

/// The names of a document, each once, found by their UTF-8 bytes.
///
/// A hash table of its own, because a `Dictionary` would hash each name again each time it grows; the hash is Swift's, seeded per
/// process, so that a sender cannot choose names that collide.
struct SymbolTable: Sendable {
  private(set) var names: [String] = []
  private var hashes: [Int] = []
  /// Index of a name plus one; 0: free. A power of two long, at most half full.
  private var slots = [Int32](repeating: 0, count: 128)

  func find(_ name: String) -> Int32? {
    let index = slots[slot(of: name.utf8.span, Self.hash(name.utf8.span))]
    return index == 0 ? nil : index - 1
  }

  mutating func intern(_ name: String) -> Int32 { intern(name.utf8.span, name) }

  /// - Parameter text: makes the name when it is new.
  mutating func intern(_ name: Span<UInt8>, _ text: @autoclosure () -> String) -> Int32 {
    let hash = Self.hash(name)
    let slot = slot(of: name, hash)
    if slots[slot] != 0 { return slots[slot] - 1 }
    names.append(text())
    hashes.append(hash)
    slots[slot] = Int32(names.count)
    if names.count * 2 > slots.count { grow() }
    return Int32(names.count - 1)
  }

  private func slot(of name: Span<UInt8>, _ hash: Int) -> Int {
    let mask = slots.count - 1
    var slot = hash & mask
    while slots[slot] != 0 {
      let index = Int(slots[slot]) - 1
      if hashes[index] == hash, name.isUTF8(of: names[index]) { return slot }
      slot = (slot + 1) & mask
    }
    return slot
  }

  private mutating func grow() {
    slots = [Int32](repeating: 0, count: slots.count * 4)
    let mask = slots.count - 1
    for (index, hash) in hashes.enumerated() {
      var slot = hash & mask
      while slots[slot] != 0 { slot = (slot + 1) & mask }
      slots[slot] = Int32(index + 1)
    }
  }

  private static func hash(_ name: Span<UInt8>) -> Int {
    var hasher = Hasher()
    unsafe name.withUnsafeBufferPointer { unsafe hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
    return hasher.finalize()
  }
}

/// Names that the documents of a format have, each with its number: documents that are parsed with a vocabulary give these names the same
/// numbers, so that nobody has to look them up again.
package final class Vocabulary: Sendable {
  let symbols: SymbolTable

  /// - Parameter names: each once; numbered from 0.
  package init(_ names: [String] = []) {
    var symbols = SymbolTable()
    for name in names { _ = symbols.intern(name) }
    self.symbols = symbols
  }

  package var count: Int { symbols.names.count }

  /// The number of a name; nil: it is not one of them.
  package func number(of name: String) -> Int32? { symbols.find(name) }

  static let empty = Vocabulary()
}
