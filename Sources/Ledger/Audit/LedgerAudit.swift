package import Primitives

/// Verifies a whole ledger, entry by entry, against a checkpoint that its log has signed, and says what is broken and where.
///
/// Give it all entries in order with ``add(_:stored:)``, then call ``finish()``. Checked for each entry: that its
/// bytes are the canonical form of an entry, its index, that time never goes back, the link to the entry before, and with what a
/// store adds, the stored leaf and subtree hashes. At the end: the tree's root against the signed one, and against earlier signed
/// ones.
///
/// How damage is brought home: when the stored leaf hashes lead to the signed root, they are right, and the entries that differ
/// from them are the damaged ones. Without stored hashes the chain tells: an entry that its successor does not vouch for although
/// the one after vouches for the successor.
///
/// Of entries whose bytes are in an archive only the stored leaf hashes are given, with ``addHash(_:index:)``: they still have to lead to the
/// signed root.
///
/// - Complexity: O(*n*) time, O(log *n*) memory besides findings: checkpoints are taken one at a time.
package struct LedgerAudit {
  /// Lends a stored subtree hash; nil when it is not there.
  package typealias StoredNode = (TreeNode) throws(CausewayError) -> Digest?
  /// Lends the next signed checkpoint of the log, by rising size; nil when there are no more.
  package typealias NextCheckpoint = () throws(CausewayError) -> SignedCheckpoint?

  /// What a store keeps beside the bytes of an entry.
  package struct Stored: Sendable {
    /// Whether a store finds entries by the message that they name, and by which text this one.
    package enum Message: Sendable {
      case notKept, none
      case text([UInt8])
    }

    package let index: Int
    /// nil when what is stored is no digest.
    package let leaf: Digest?
    package let message: Message

    package init(index: Int, leaf: Digest?, message: Message = .notKept) {
      self.index = index
      self.leaf = leaf
      self.message = message
    }
  }

  private let nextCheckpoint: NextCheckpoint
  private let storedNode: StoredNode?
  private let storedLevels: Int
  private var report = AuditReport()

  /// Over the bytes as they are.
  package private(set) var tree = CompactTree()
  /// Over the stored leaf hashes, from the first that differs from the bytes.
  private var storedTree: CompactTree?

  /// The index that the next entry should have, and a second one that is as likely after damage.
  private var expected = 0
  private var alternative: Int?
  /// The place of an entry that says the index of the one before.
  private var repeated: Int?
  private var lastHash: Digest? = Entry.genesis
  /// Behind the last entry that was given by its hash.
  private var hashedEnd = 0
  /// Where an archive's state was not that of the stored hashes.
  private var otherState: Int?
  /// Time of the last entry that could be read.
  package private(set) var lastTime: Instant?
  /// The last entry when its link is wrong, with the right link and the tree before it: no successor vouches for this one.
  private var lastBroken: (bytes: [UInt8], previous: Digest, tree: CompactTree)?

  /// The checkpoint that is compared next, and the last one there was.
  private var coming: SignedCheckpoint?
  private var head: SignedCheckpoint?
  private var isLastSeen = false
  private var lastMatchingSize: Int
  private var firstDifferingSize: Int?

  /// What is certain, by index.
  private var certain: [Int: AuditFinding] = [:]
  private var chainBreaks: Set<Int> = []
  private var timeBreaks: Set<Int> = []
  private var differingLeaves: [Int] = []
  /// Stored subtrees that are not those over the entries' bytes.
  private var differingNodes: [TreeNode] = []
  /// Stored subtrees that are not those over the stored leaf hashes, from where these differ from the bytes.
  private var nodesDifferingFromStored: [TreeNode] = []
  /// What is wrong beside the entries and the tree.
  private var beside: [AuditFinding] = []

  /// - Parameters:
  ///   - state: where an earlier verification has got to; the first entry to add is the one behind it.
  ///   - checkpoint: the signed checkpoint that the state was believed for.
  ///   - storedNode: the subtree hashes of a store, to be checked too.
  ///   - storedLevels: subtrees are stored of the levels that are multiples of it.
  ///   - nextCheckpoint: signed checkpoints of this log, larger than the state. The last one says how large the ledger is; the others help
  ///     to say where a rewritten part begins.
  package init(
    from state: AuditState = AuditState(), of checkpoint: SignedCheckpoint? = nil, storedNode: StoredNode? = nil, storedLevels: Int = 1,
    nextCheckpoint: @escaping NextCheckpoint
  ) {
    self.nextCheckpoint = nextCheckpoint
    self.storedNode = storedNode
    self.storedLevels = storedLevels
    tree = state.tree
    expected = state.size
    lastHash = state.lastHash
    lastTime = state.lastTime
    lastMatchingSize = state.size
    head = checkpoint
    report.start = state.size
  }

  /// - Parameter checkpoints: signed checkpoints of this log by rising size.
  package init(checkpoints: [SignedCheckpoint], storedNode: StoredNode? = nil, storedLevels: Int = 1) {
    var rest = checkpoints[...]
    self.init(storedNode: storedNode, storedLevels: storedLevels) { rest.popFirst() }
  }

  /// Takes the next entry.
  ///
  /// - Parameters:
  ///   - stored: what a store keeps beside it; nil when the entries come as a mere sequence.
  /// - Throws: what the readers of stored subtrees and checkpoints throw; damage is reported, not thrown.
  package mutating func add(_ bytes: [UInt8], stored: Stored? = nil) throws(CausewayError) {
    report.entryCount += 1
    report.byteCount += bytes.count
    if let stored { skip(to: stored.index) }
    var entry: ScannedEntry?
    do {
      entry = try ScannedEntry(bytes)
    } catch {
      note(.data, expected, error.problems[0].facts["field"] ?? "entry")
    }
    let place = place(of: entry, isStored: stored != nil)
    let leaf = MerkleTree.leafHash(bytes)
    if let entry {
      if let lastHash, entry.previous != lastHash {
        chainBreaks.insert(place)
        lastBroken = (bytes, lastHash, tree)
      } else {
        lastBroken = nil
      }
      if let lastTime, entry.time < lastTime { timeBreaks.insert(place) }
      lastTime = entry.time
    }
    lastHash = entry == nil ? nil : leaf
    try grow(leaf, stored.map { $0.leaf ?? Entry.genesis }, place)
    if let entry, let stored, stored.leaf == leaf { compareMessage(entry, stored) }
    try compareCheckpoint()
  }

  /// Takes the next entry by its stored leaf hash alone, because its bytes are in an archive.
  ///
  /// - Parameter leaf: nil when what is stored is no digest.
  /// - Throws: as ``add(_:stored:)``.
  package mutating func addHash(_ leaf: Digest?, index: Int) throws(CausewayError) {
    report.hashedCount += 1
    skip(to: index)
    settleRepeated(isSurplus: false)
    expected += 1
    alternative = nil
    hashedEnd = expected
    lastHash = leaf
    lastTime = nil
    lastBroken = nil
    if leaf == nil { note(.tree, index, "leaf hash") }
    try grow(leaf ?? Entry.genesis, leaf ?? Entry.genesis, index)
    try compareCheckpoint()
  }

  /// Goes on behind archived entries, with what the archive's record says of their end.
  package mutating func pass(_ archived: AuditState) {
    if archived.tree == tree, archived.lastHash == lastHash { lastTime = archived.lastTime } else { otherState = archived.size }
  }

  /// Where the verification has got to, when everything up to here is as it was signed for; nil otherwise, and among entries of which
  /// only hashes are known.
  package var state: AuditState? {
    guard (lastTime == nil) == (tree.size == 0), tree.size == lastMatchingSize, let lastHash, certain.isEmpty, beside.isEmpty,
      chainBreaks.isEmpty, timeBreaks.isEmpty,
      differingLeaves.isEmpty, differingNodes.isEmpty, firstDifferingSize == nil, repeated == nil, alternative == nil
    else { return nil }
    return AuditState(tree: tree, lastHash: lastHash, lastTime: lastTime)
  }

  /// Adds what somebody else has found, before what follows from it.
  package mutating func note(_ damage: AuditFinding.Damage, _ index: Int, _ field: String) {
    if certain[index] == nil { certain[index] = AuditFinding(damage, index: index, field: field) }
  }

  /// - Returns: everything that was found. The audit is then used up.
  /// - Throws: what the reader of checkpoints throws.
  package mutating func finish() throws(CausewayError) -> AuditReport {
    try compareCheckpoint()
    while let checkpoint = coming {
      missCheckpoint(checkpoint)
      try takeCheckpoint()
    }
    report.checkpoint = head?.checkpoint
    guard let head else {
      note(.checkpoint, 0, "no checkpoint")
      return conclude()
    }
    settleRepeated(isSurplus: tree.size > head.size)
    let isWhole = tree.size == head.size && tree.root == head.root
    if isWhole {
      for index in differingLeaves { note(.tree, index, "leaf hash") }
      note(differingNodes)
      if let otherState { note(.archive, otherState, "state") }
      if let differing = firstDifferingSize { note(.checkpoint, differing, "another history was signed before") }
    } else {
      if let storedTree, storedTree.size == head.size, storedTree.root == head.root {
        for index in differingLeaves { note(.data, index, "entry") }
        note(nodesDifferingFromStored)
      } else {
        blameForHashes()
      }
      blameForChain(head)
      blameForRoot(head)
    }
    // Nothing that entries say of themselves may be wrong, even when all of it was signed for.
    for index in chainBreaks where !isExplained(index) { note(.chain, index, "previous") }
    for index in timeBreaks where !isExplained(index) { note(.data, index, "time") }
    return conclude()
  }

  // MARK: Place

  private mutating func skip(to storedIndex: Int) {
    if storedIndex > expected {
      note(.index, expected, storedIndex == expected + 1 ? "missing" : "missing up to \(storedIndex - 1)")
      lastHash = nil
    }
    expected = storedIndex
  }

  /// The index that an entry is talked about by; goes on to the next.
  private mutating func place(of entry: ScannedEntry?, isStored: Bool) -> Int {
    defer { expected += 1 }
    guard let entry else {
      // A line that is no entry was either changed or put in.
      alternative = expected
      return expected
    }
    let isShifted = alternative == entry.index
    if isShifted { expected = entry.index }
    alternative = nil
    settleRepeated(isSurplus: isShifted)
    guard entry.index != expected else { return expected }
    if isStored {
      note(.index, expected, "index")
    } else if entry.index == expected - 1 {
      // The index before once more: the next entry tells whether this one is surplus or only says a wrong index.
      repeated = expected
      alternative = expected
    } else {
      note(.index, expected, "missing or out of place")
      alternative = entry.index + 1
    }
    return expected
  }

  private mutating func settleRepeated(isSurplus: Bool) {
    guard let place = repeated else { return }
    repeated = nil
    note(.index, isSurplus ? place - 1 : place, isSurplus ? "surplus" : "index")
  }

  // MARK: Tree

  private mutating func grow(_ leaf: Digest, _ storedLeaf: Digest?, _ place: Int) throws(CausewayError) {
    if let storedLeaf, storedLeaf != leaf {
      differingLeaves.append(place)
      if storedTree == nil { storedTree = tree }
    }
    guard let storedNode else {
      tree.append(leaf)
      storedTree?.append(storedLeaf ?? leaf)
      return
    }
    try Self.append(leaf, to: &tree, storedNode, storedLevels, differing: &differingNodes)
    guard var other = storedTree else { return }
    try Self.append(storedLeaf ?? leaf, to: &other, storedNode, storedLevels, differing: &nodesDifferingFromStored)
    storedTree = other
  }

  /// Appends a leaf and notes the stored subtrees that differ from those that it completes.
  private static func append(
    _ leaf: Digest, to tree: inout CompactTree, _ storedNode: StoredNode, _ storedLevels: Int, differing: inout [TreeNode]
  ) throws(CausewayError) {
    try tree.append(leaf) { (node, hash) throws(CausewayError) in
      if node.level.isMultiple(of: storedLevels), try storedNode(node) != hash { differing.append(node) }
    }
  }

  private mutating func note(_ nodes: [TreeNode]) {
    for node in nodes where certain[node.firstLeaf] == nil { certain[node.firstLeaf] = AuditFinding(subtree: node) }
  }

  private mutating func compareMessage(_ entry: ScannedEntry, _ stored: Stored) {
    let isSame =
      switch stored.message {
      case .notKept: true
      case .none: entry.message == nil
      case .text(let text): entry.message == text[...]
      }
    if !isSame { beside.append(AuditFinding(.index, index: stored.index, field: "message")) }
  }

  // MARK: Checkpoints

  private mutating func takeCheckpoint() throws(CausewayError) {
    coming = isLastSeen ? nil : try nextCheckpoint()
    isLastSeen = coming == nil
    guard let coming else { return }
    head = coming
    report.checkpointCount += 1
  }

  private mutating func compareCheckpoint() throws(CausewayError) {
    if coming == nil, !isLastSeen { try takeCheckpoint() }
    guard let coming, coming.size <= tree.size else { return }
    while let checkpoint = self.coming, checkpoint.size <= tree.size {
      let root = checkpoint.size == tree.size ? tree.root : checkpoint.size == 0 ? MerkleTree.emptyRoot : nil
      if root == checkpoint.root {
        if firstDifferingSize == nil { lastMatchingSize = checkpoint.size }
      } else {
        missCheckpoint(checkpoint)
      }
      try takeCheckpoint()
    }
  }

  private mutating func missCheckpoint(_ checkpoint: SignedCheckpoint) {
    if !(checkpoint.size == 0 && tree.size == 0) { firstDifferingSize = firstDifferingSize ?? checkpoint.size }
  }

  // MARK: Blame

  /// Where bytes are not there to tell, a hash that changed is at odds with the lowest stored subtree over it.
  private mutating func blameForHashes() {
    var explained: Set<TreeNode> = []
    for node in differingNodes where node.firstLeaf + 1 << node.level <= hashedEnd {
      if !explained.contains(node) { note([node]) }
      explained.insert(TreeNode(level: node.level + 1, index: node.index / 2))
    }
  }

  private mutating func blameForChain(_ head: SignedCheckpoint) {
    for index in chainBreaks.sorted() where !isExplained(index) {
      if index > 0, index == hashedEnd {
        note(.tree, index - 1, "leaf hash")
      } else if chainBreaks.contains(index + 1), certain[index + 1] == nil {
        note(.chain, index, "previous")
      } else if index == tree.size - 1, isLinkOfLastDamaged(head) {
        note(.chain, index, "previous")
      } else if index == 0 {
        note(.chain, index, "previous")
      } else {
        note(.data, index - 1, "entry")
      }
    }
  }

  /// The last entry has no successor to vouch for it: whether the tree comes right when its link is put right.
  private func isLinkOfLastDamaged(_ head: SignedCheckpoint) -> Bool {
    guard let (bytes, previous, tree) = lastBroken, tree.size == head.size - 1, let entry = try? Entry(parsing: bytes),
      let repaired = try? EntryWriter.bytes(of: entry.draft, index: entry.index, time: entry.time, previous: previous)
    else { return false }
    var whole = tree
    whole.append(MerkleTree.leafHash(repaired))
    return whole.root == head.root
  }

  private mutating func blameForRoot(_ head: SignedCheckpoint) {
    guard certain.isEmpty else { return }
    if tree.size < head.size {
      note(.index, tree.size, head.size == tree.size + 1 ? "missing" : "missing up to \(head.size - 1)")
    } else if tree.size > head.size {
      note(.checkpoint, head.size, "entries that nothing was signed for")
    } else if let differing = firstDifferingSize, differing < head.size {
      note(.data, lastMatchingSize, "rewritten between \(lastMatchingSize) and \(differing - 1), or from there on")
    } else {
      // Every entry but the last is vouched for by its successor.
      note(.data, head.size - 1, "entry")
    }
  }

  // MARK: Findings

  /// Whether damage at the entry or at the one before is reason enough for what was seen at the entry.
  private func isExplained(_ index: Int) -> Bool { certain[index] != nil || certain[index - 1] != nil }

  private mutating func conclude() -> AuditReport {
    for finding in beside where certain[finding.index] == nil { certain[finding.index] = finding }
    report.findingCount = certain.count
    report.findings = certain.values.sorted { $0.index < $1.index }.prefix(AuditReport.mostFindings).map { $0 }
    return report
  }
}
