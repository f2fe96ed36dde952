package import Primitives
import Trust

/// All items of one corridor-day as one side holds them, in the order of their keys: 64 bytes for each, nothing else.
///
/// The fingerprint of a range is a SHA-256 over its items in order, so that whoever can choose items cannot choose them such that two
/// different ranges have one fingerprint; sums and exclusive-ors of digests do not have that property.
package struct ReconciliationSet: Sendable {
  /// A range of at most so many items is listed, a larger one is split.
  package static let listed = 32
  private static let domain = Array("causeway/reconciliation/range/v1\n".utf8)
  private static let width = 64

  /// For each item 32 bytes of key and 32 of value, by rising key.
  private let bytes: [UInt8]
  /// Of the whole set.
  package let fingerprint: Digest

  /// - Parameter items: of two that have the same subject one is kept, whatever their order.
  /// - Complexity: O(*n* log *n*).
  package init(_ items: some Sequence<ReconciliationItem>) {
    var builder = Builder()
    for item in items { builder.add(item) }
    self = builder.finish()
  }

  private init(sorted bytes: [UInt8]) {
    self.bytes = bytes
    fingerprint = Self.fingerprint(bytes[...])
  }

  /// Takes items as they come from a store, without keeping anything but their 64 bytes.
  package struct Builder: Sendable {
    private var bytes: [UInt8] = []

    package init() {}

    package var count: Int { bytes.count / width }

    package mutating func add(_ item: ReconciliationItem) {
      bytes += item.subject.key
      bytes += item.value.bytes
    }

    package func finish() -> ReconciliationSet {
      let order = bytes.withUnsafeBytes { buffer in
        (0..<count).sorted { precedes(buffer, $0, $1, width) }
      }
      var sorted: [UInt8] = []
      sorted.reserveCapacity(bytes.count)
      for index in order {
        let item = bytes[index * width..<(index + 1) * width]
        if sorted.count >= width, sorted.suffix(width).prefix(32).elementsEqual(item.prefix(32)) { continue }
        sorted += item
      }
      return ReconciliationSet(sorted: sorted)
    }
  }

  package var count: Int { bytes.count / Self.width }
  package var summary: ReconciliationAnswer.Summary { .init(size: count, fingerprint: fingerprint) }

  /// Of all items in a range. O(*n*) in their number.
  package func fingerprint(of prefix: KeyPrefix) -> Digest {
    let range = range(of: prefix)
    return Self.fingerprint(bytes[range.lowerBound * Self.width..<range.upperBound * Self.width])
  }

  /// How many items a range has. O(log *n*).
  package func count(in prefix: KeyPrefix) -> Int { range(of: prefix).count }

  /// The items of a range by rising key, the first of them when there are more than `limit`.
  package func items(in prefix: KeyPrefix, atMost limit: Int = Int.max) -> [ReconciliationItem] {
    range(of: prefix).prefix(limit).map { index in
      let item = bytes[index * Self.width..<(index + 1) * Self.width]
      guard let subject = ReconciliationSubject(key: item.prefix(32)), let value = Digest(item.suffix(32)) else {
        preconditionFailure("keys in a set were made from subjects")
      }
      return ReconciliationItem(subject, value)
    }
  }

  /// Where the range begins and ends, in items.
  private func range(of prefix: KeyPrefix) -> Range<Int> {
    func firstIndex(_ isReached: (Int) -> Bool) -> Int {
      var (low, high) = (0, count)
      while low < high {
        let middle = (low + high) / 2
        let key = bytes[middle * Self.width..<middle * Self.width + 32]
        if isReached(prefix.place(of: key)) { high = middle } else { low = middle + 1 }
      }
      return low
    }
    return firstIndex { $0 >= 0 }..<firstIndex { $0 > 0 }
  }

  private static func fingerprint(_ items: ArraySlice<UInt8>) -> Digest {
    let hasher = SHA256.Hasher()
    hasher.update(domain)
    hasher.update(items)
    return hasher.finish()
  }

  private static func precedes(_ buffer: UnsafeRawBufferPointer, _ left: Int, _ right: Int, _ width: Int) -> Bool {
    UnsafeRawBufferPointer(rebasing: buffer[left * width..<(left + 1) * width])
      .lexicographicallyPrecedes(UnsafeRawBufferPointer(rebasing: buffer[right * width..<(right + 1) * width]))
  }
}

extension ReconciliationSet {
  /// What this side holds in the ranges that a question names: a few items are listed, more are split into 16 fingerprints.
  ///
  /// Nothing is remembered between questions.
  /// - Complexity: O(*n*) in all items of the ranges, which do not overlap.
  package func answer(_ ranges: [KeyPrefix]) -> [ReconciliationAnswer.Range] {
    ranges.map { prefix in
      count(in: prefix) <= Self.listed
        ? .items(items(in: prefix)) : .split(prefix.children.map { fingerprint(of: $0) })
    }
  }
}
