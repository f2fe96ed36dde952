import Journal
import Primitives

// Several gateways on one journal share the work: each does what no other one is doing. On a journal of its own a gateway claims nothing.
extension GatewayNode {
  /// Does a step unless another gateway on the journal is doing it.
  ///
  /// - Parameter other: is returned then.
  func alone<Result: Sendable>(
    _ name: String, orElse other: Result, _ step: () async throws(CausewayError) -> Result
  ) async throws(CausewayError) -> Result {
    guard journal.isShared else { return try await step() }
    guard try await !journal.claim([name], atMost: 1).isEmpty else { return other }
    return try await holding([name], step)
  }

  /// Does work of which no other gateway on the journal is doing any with the same key.
  ///
  /// - Parameters:
  ///   - stage: what kind of work; at most one task of a gateway does it.
  ///   - key: what holds work together that has an order: the clearance.
  ///   - find: looks for so much work.
  ///   - body: is given what was found and could be claimed; at most one of each key, or what `find` gives.
  func claiming<Work: Sendable>(
    _ stage: String, atMost limit: Int, by key: (Work) -> String, find: (Int) async throws(CausewayError) -> [Work],
    _ body: ([Work]) async throws(CausewayError) -> Int
  ) async throws(CausewayError) -> Int {
    var found = try await find(limit)
    guard journal.isShared, !found.isEmpty else { return try await body(found) }
    func name(_ work: Work) -> String { "\(stage).\(key(work))" }
    var claimed: [String] = []
    var width = limit
    while claimed.isEmpty {
      claimed = try await journal.claim(found.map(name), atMost: limit)
      if !claimed.isEmpty { break }
      // What comes first is with others: there may be more behind it.
      let seen = found.count
      width *= 2
      if width <= 16 * limit { found = try await find(width) }
      guard width <= 16 * limit, found.count > seen else { return 0 }
    }
    return try await holding(claimed) { () throws(CausewayError) in
      // Another gateway may have done it between the look and the claim.
      let mine = Set(claimed.map { ByteString($0) })
      return try await body(try await find(width).filter { mine.contains(ByteString(name($0))) })
    }
  }

  private func holding<Result: Sendable>(
    _ names: [String], _ body: () async throws(CausewayError) -> Result
  ) async throws(CausewayError) -> Result {
    do throws(CausewayError) {
      let result = try await body()
      await journal.release(names)
      return result
    } catch {
      await journal.release(names)
      throw error
    }
  }

  /// Shows until the task is cancelled that this gateway is there.
  func keepClaims() async {
    while !Task.isCancelled {
      await journal.keepClaims()
      try? await Task.sleep(for: .seconds(5))
    }
  }
}
