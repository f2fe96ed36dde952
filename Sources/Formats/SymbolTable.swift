import Primitives

/// The names of a document, each once, found by their UTF-8 bytes.
///
/// A hash table of its own, because a `Dictionary` would hash each name again each time it grows; the hash is Swift's, seeded per
/// process, so that a sender cannot choose names that collide.
struct SymbolTable: Sendable {
  private(set) var names: [String] = []
  /// By name, as ``names``.
  private(set) var entries: [Entry] = []
  /// The UTF-8 bytes of all names, one behind the other.
  private(set) var text: [UInt8] = []
  /// Index of a name plus one; 0: free. A power of two long, at most half full.
  private var slots = [Int32](repeating: 0, count: 128)

  struct Entry: Sendable {
    let hash: Int
    let start: Int32
    let end: Int32
    /// An XML element or attribute may have this local name.
    let isXML: Bool

    /// Of the name in ``SymbolTable/text``.
    var range: Range<Int> { Int(start)..<Int(end) }
  }

  var count: Int { entries.count }

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
    let start = Int32(self.text.count)
    for index in name.indices { self.text.append(name[index]) }
    names.append(text())
    entries.append(Entry(hash: hash, start: start, end: Int32(self.text.count), isXML: XMLName.isLocal(name)))
    slots[slot] = Int32(count)
    if count * 2 > slots.count { grow() }
    return Int32(count - 1)
  }

  private func slot(of name: Span<UInt8>, _ hash: Int) -> Int {
    let mask = slots.count - 1
    var slot = hash & mask
    while slots[slot] != 0 {
      let entry = entries[Int(slots[slot]) - 1]
      if entry.hash == hash, text.span.extracting(entry.range).hasSameBytes(as: name) { return slot }
      slot = (slot + 1) & mask
    }
    return slot
  }

  private mutating func grow() {
    slots = [Int32](repeating: 0, count: slots.count * 4)
    let mask = slots.count - 1
    for (index, entry) in entries.enumerated() {
      var slot = entry.hash & mask
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

  package var count: Int { symbols.count }

  /// The number of a name; nil: it is not one of them.
  package func number(of name: String) -> Int32? { symbols.find(name) }

  static let empty = Vocabulary()
}
