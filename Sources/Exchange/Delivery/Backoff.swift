/// How long to wait before trying again: twice as long each time, up to a limit, and by chance between half of that and the whole, so that a
/// partner that comes back is not met by everything at once.
package struct Backoff: Hashable, Sendable {
  /// At least 1.
  package let firstSeconds: Int
  package let longestSeconds: Int

  package init(firstSeconds: Int, longestSeconds: Int) {
    self.firstSeconds = firstSeconds
    self.longestSeconds = longestSeconds
  }

  /// - Parameters:
  ///   - failures: how many there were before this one.
  ///   - chance: 0…1.
  /// - Returns: milliseconds.
  package func pause(after failures: Int, chance: Double) -> Int64 {
    let ceiling = Int64(min(longestSeconds, firstSeconds << min(max(failures, 0), 20))) * 1000
    return ceiling / 2 + Int64(Double(ceiling - ceiling / 2) * min(max(chance, 0), 1))
  }
}
