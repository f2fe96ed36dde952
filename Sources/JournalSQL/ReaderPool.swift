package import Primitives
import Synchronization

/// The connections of a store that only read. Each body goes to the one that has the fewest.
package final class ReaderPool<Reader: Sendable>: Sendable {
  package let readers: [Reader]
  /// How many bodies each reader has been given and not finished.
  private let load: Mutex<[Int]>

  /// - Parameter count: 1…16; what is outside counts as the nearer bound.
  package init<Failure: Error>(count: Int, _ make: (Int) throws(Failure) -> Reader) throws(Failure) {
    var readers: [Reader] = []
    for number in 0..<min(max(count, 1), 16) { readers.append(try make(number)) }
    self.readers = readers
    load = Mutex([Int](repeating: 0, count: readers.count))
  }

  /// Lends the reader with the fewest bodies.
  package func lend<Result: Sendable>(
    _ body: (Reader) async throws(CausewayError) -> Result
  ) async throws(CausewayError) -> Result {
    let chosen = load.withLock { load in
      let index = load.indices.min { load[$0] < load[$1] } ?? 0
      load[index] += 1
      return index
    }
    defer { load.withLock { $0[chosen] -= 1 } }
    return try await body(readers[chosen])
  }
}
