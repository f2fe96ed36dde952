import Primitives

/// Finds a code in a list of codes by its UTF-8 bytes: an open-addressing hash table of positions.
///
/// Codes are short; hashing them with FNV-1a costs a few nanoseconds. The codes come from our own files, so the table needs no seed.
struct CodeIndex: Sendable {
  private(set) var codes: [String] = []
  /// Position + 1; 0 is free. The number of slots is a power of two and at least twice the number of codes.
  private var slots: [Int32]

  init(capacity: Int) {
    var size = 8
    while size < capacity * 2 { size *= 2 }
    slots = [Int32](repeating: 0, count: size)
    codes.reserveCapacity(capacity)
  }

  /// - Returns: false when the code is there already.
  /// - Precondition: fewer than `capacity` codes were inserted.
  mutating func insert(_ code: String) -> Bool {
    precondition(codes.count * 2 < slots.count, "the index was made for fewer codes")
    let slot = slot(of: code)
    guard slots[slot] == 0 else { return false }
    codes.append(code)
    slots[slot] = Int32(codes.count)
    return true
  }

  func position(of code: String) -> Int? {
    let found = slots[slot(of: code)]
    return found == 0 ? nil : Int(found - 1)
  }

  private func slot(of code: String) -> Int {
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    for byte in code.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
    let mask = slots.count - 1
    var slot = Int(truncatingIfNeeded: hash ^ hash >> 32) & mask
    while slots[slot] != 0, !codes[Int(slots[slot] - 1)].hasSameBytes(as: code) { slot = (slot + 1) & mask }
    return slot
  }
}
