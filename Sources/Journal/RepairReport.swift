import Ledger
package import Primitives

/// What a repair has changed, or would change.
package struct RepairReport: Hashable, Sendable {
  /// Size of the ledger afterwards, and its signed root.
  package var size = 0
  package var root = MerkleTree.emptyRoot
  /// Entries whose bytes, leaf hash or message were put right, by index; the first ``mostListed`` of them.
  package var entries: [Int] = []
  package var entryCount = 0
  /// Entries that were added behind the ledger's end.
  package var appended = 0
  package var nodeCount = 0
  package var isHeadChanged = false
  /// Sizes of the checkpoints that were put right, and of those that could not be and are covered by a later one.
  package var checkpoints: [Int] = []
  package var removedCheckpoints: [Int] = []
  /// Rows that nothing was signed for.
  package var isSurplusRemoved = false

  /// The row of the last archive did not fit its record and was removed: its entries are in the journal again.
  package var isArchiveForgotten = false

  package static let mostListed = 1000

  package init() {}

  /// Whether there was nothing to put right.
  package var isEmpty: Bool {
    entryCount == 0 && appended == 0 && nodeCount == 0 && !isHeadChanged && checkpoints.isEmpty && removedCheckpoints.isEmpty
      && !isSurplusRemoved && !isArchiveForgotten
  }
}
