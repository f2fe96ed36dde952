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
    let index = slots[slot(of: name, Self.hash(name))]
    return index == 0 ? nil : index - 1
  }

  mutating func intern(_ name: String) -> Int32 {
    let hash = Self.hash(name)
    let slot = slot(of: name, hash)
    if slots[slot] != 0 { return slots[slot] - 1 }
    names.append(name)
    hashes.append(hash)
    slots[slot] = Int32(names.count)
    if names.count * 2 > slots.count { grow() }
    return Int32(names.count - 1)
  }

  private func slot(of name: String, _ hash: Int) -> Int {
    let mask = slots.count - 1
    var slot = hash & mask
    while slots[slot] != 0 {
      let index = Int(slots[slot]) - 1
      if hashes[index] == hash, names[index].utf8.elementsEqual(name.utf8) { return slot }
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

  private static func hash(_ name: String) -> Int {
    var hasher = Hasher()
    var name = name
    name.withUTF8 { unsafe hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
    return hasher.finalize()
  }
}
