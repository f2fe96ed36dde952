package import Ledger
package import Primitives

/// Where the ledger ends: all that appending needs.
package struct LedgerHead: Hashable, Sendable {
  /// The tree of all entries.
  package var tree: CompactTree
  /// Leaf hash of the last entry; `Entry.genesis` when there is none.
  package var lastHash: Digest
  /// Time of the last entry; nil when there is none.
  package var lastTime: Instant?

  package init(tree: CompactTree = CompactTree(), lastHash: Digest = Entry.genesis, lastTime: Instant? = nil) {
    self.tree = tree
    self.lastHash = lastHash
    self.lastTime = lastTime
  }

  /// Number of entries.
  package var size: Int { tree.size }

  /// Number of complete subtrees above the leaves of a ledger of `size` entries.
  package static func nodeCount(size: Int) -> Int { size - size.nonzeroBitCount }
}

/// A ledger entry as it lies in the store, unverified.
package struct StoredEntry: Hashable, Sendable {
  package var index: Int
  package var bytes: [UInt8]
  /// nil when what is stored is no digest.
  package var leafHash: Digest?
  /// The message by which the store finds the entry, as it lies there; nil when it finds it by none.
  package var message: [UInt8]?

  /// Whether the bytes are not there: of an entry below the border of the archives, because they are in one; of any other it is damage.
  package var isEmptied: Bool { bytes.isEmpty }

  package init(index: Int, bytes: [UInt8], leafHash: Digest?, message: [UInt8]?) {
    self.index = index
    self.bytes = bytes
    self.leafHash = leafHash
    self.message = message
  }
}

/// A checkpoint as it lies in the store, unverified.
package struct StoredCheckpoint: Hashable, Sendable {
  package let size: Int
  package let root: Digest
  /// The signed note.
  package let note: [UInt8]
  package let time: Instant

  package init(size: Int, root: Digest, note: [UInt8], time: Instant) {
    self.size = size
    self.root = root
    self.note = note
    self.time = time
  }
}

/// The last archive that took entries out of the journal, as it lies in the store, unverified.
package struct StoredArchive: Hashable, Sendable {
  /// Index of the entry that records it.
  package let entry: Int
  /// Bytes of its manifest.
  package let manifest: [UInt8]

  package init(entry: Int, manifest: [UInt8]) {
    self.entry = entry
    self.manifest = manifest
  }
}
