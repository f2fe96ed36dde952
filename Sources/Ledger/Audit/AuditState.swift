package import JSONTree
package import Primitives

/// Where a verification of a ledger has got to: all that is needed to go on behind it.
///
/// Worth as much as whoever kept it: believe one only when its root is that of a signed checkpoint.
/// JSON: `{"frontier":[…hex…],"lastHash":…hex…,"lastTime":…,"size":17,"v":1}`.
package struct AuditState: Hashable, Sendable {
  /// The tree of all entries verified.
  package let tree: CompactTree
  /// Leaf hash of the last of them; `Entry.genesis` when there is none.
  package let lastHash: Digest
  /// Time of the last of them; nil when there is none.
  package let lastTime: Instant?

  package init(tree: CompactTree = CompactTree(), lastHash: Digest = Entry.genesis, lastTime: Instant? = nil) {
    self.tree = tree
    self.lastHash = lastHash
    self.lastTime = lastTime
  }

  /// Number of entries verified.
  package var size: Int { tree.size }

  package var json: JSONValue {
    [
      "frontier": .array(tree.frontier.map { .string($0.hex) }), "lastHash": .string(lastHash.hex),
      "lastTime": lastTime.map { .string($0.rfc3339) } ?? .null, "size": .number(JSONNumber(size)), "v": 1,
    ]
  }

  /// - Returns: nil when the JSON is of another form.
  package init?(json: JSONValue) {
    guard json["v"]?.int == 1, let size = json["size"]?.int, let array = json["frontier"]?.array, array.count <= 53,
      let lastHash = json["lastHash"]?.string.flatMap({ Digest(hex: $0) })
    else { return nil }
    let frontier = array.compactMap { $0.string.flatMap { Digest(hex: $0) } }
    guard frontier.count == array.count, let tree = CompactTree(size: size, frontier: frontier) else { return nil }
    let lastTime = json["lastTime"]?.string.flatMap { Instant(rfc3339: $0) }
    guard (lastTime == nil) == (size == 0) else { return nil }
    self.init(tree: tree, lastHash: lastHash, lastTime: lastTime)
  }
}
