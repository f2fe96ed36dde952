import Foundation
import JSONTree
import Ledger
import Primitives
import TestSupport
import Testing
import Trust

/// RFC 9162 §2.1, against a second implementation that follows the definitions word for word, and against published vectors.
@Suite struct MerkleTreeTests {
  /// MTH of RFC 9162 §2.1.1 by its definition.
  private func root(_ leaves: ArraySlice<Digest>) -> Digest {
    if leaves.isEmpty { return SHA256.hash([UInt8]()) }
    if leaves.count == 1 { return leaves.first! }
    var split = 1
    while split * 2 < leaves.count { split *= 2 }
    let middle = leaves.startIndex + split
    return SHA256.hash([1] + root(leaves[..<middle]).bytes + root(leaves[middle...]).bytes)
  }

  private func leaves(_ count: Int) -> [Digest] { (0..<count).map { SHA256.hash([0] + Array("leaf \($0)".utf8)) } }

  private func nodes(_ leaves: [Digest]) -> [TreeNode: Digest] {
    var nodes: [TreeNode: Digest] = [:]
    var tree = CompactTree()
    for (index, leaf) in leaves.enumerated() {
      nodes[TreeNode(level: 0, index: index)] = leaf
      tree.append(leaf) { nodes[$0] = $1 }
    }
    return nodes
  }

  /// Stores write a node behind the last one: the place that its level and index give it has to be the next.
  @Test func nodesAreCountedAsTheyBecomeComplete() {
    var tree = CompactTree()
    var count = 0
    for leaf in leaves(5000) {
      tree.append(leaf) { node, _ in
        #expect(node.position == count)
        count += 1
      }
    }
    #expect(TreeNode(level: 52, index: 0).position == (1 << 52) - 2)
  }

  @Test func rootsFollowTheDefinition() throws {
    let all = leaves(70)
    let nodes = nodes(all)
    var tree = CompactTree()
    for size in 0...70 {
      let expected = root(all[..<size])
      #expect(tree.root == expected)
      #expect(try MerkleTree.root(size: size) { nodes[$0]! } == expected)
      #expect(try CompactTree(size: size) { nodes[$0]! } == tree)
      if size < 70 { tree.append(all[size]) }
    }
  }

  @Test func everyInclusionProofVerifiesAndNoOtherDoes() throws {
    let all = leaves(33)
    let nodes = nodes(all)
    for size in 1...33 {
      let root = root(all[..<size])
      for index in 0..<size {
        let proof = try MerkleTree.inclusionProof(index: index, size: size) { nodes[$0]! }
        try MerkleTree.verifyInclusion(leaf: all[index], index: index, size: size, proof: proof, root: root)
        for other in 0..<33 where other != index {
          #expect(throws: CausewayError.self) {
            try MerkleTree.verifyInclusion(leaf: all[index], index: other, size: size, proof: proof, root: root)
          }
        }
        for other in 1...40 where other != size {
          // A different size is acceptable only where the path has the same form and the index the same place; the root then differs.
          let otherRoot = other <= 33 ? self.root(all[..<other]) : root
          if otherRoot != root {
            #expect(throws: CausewayError.self) {
              try MerkleTree.verifyInclusion(leaf: all[index], index: index, size: other, proof: proof, root: otherRoot)
            }
          }
        }
      }
    }
  }

  @Test func everyConsistencyProofVerifiesAndNoChangedOneDoes() throws {
    let all = leaves(33)
    let nodes = nodes(all)
    for new in 1...33 {
      for old in 1...new {
        let proof = try MerkleTree.consistencyProof(from: old, to: new) { nodes[$0]! }
        let (oldRoot, newRoot) = (root(all[..<old]), root(all[..<new]))
        try MerkleTree.verifyConsistency(oldSize: old, newSize: new, oldRoot: oldRoot, newRoot: newRoot, proof: proof)
        func refused(_ proof: [Digest], _ a: Digest, _ b: Digest, _ old: Int, _ new: Int) {
          #expect(throws: CausewayError.self) {
            try MerkleTree.verifyConsistency(oldSize: old, newSize: new, oldRoot: a, newRoot: b, proof: proof)
          }
        }
        refused(proof + [oldRoot], oldRoot, newRoot, old, new)
        if oldRoot != newRoot { refused(proof, newRoot, oldRoot, old, new) }
        if !proof.isEmpty { refused(Array(proof.dropLast()), oldRoot, newRoot, old, new) }
        for index in proof.indices {
          var changed = proof
          changed[index] = SHA256.hash(changed[index].bytes)
          refused(changed, oldRoot, newRoot, old, new)
        }
      }
    }
  }

  @Test func sizesAndIndicesOutOfRangeAreRefused() throws {
    let leaf = leaves(1)[0]
    for (index, size) in [(0, 0), (-1, 1), (1, 1), (Int.max, Int.max), (0, MerkleTree.largestSize + 1)] {
      #expect(throws: CausewayError("ledger.proof_index")) {
        try MerkleTree.verifyInclusion(leaf: leaf, index: index, size: size, proof: [], root: leaf)
      }
    }
    for (old, new) in [(0, 0), (0, 5), (6, 5), (-1, 5)] {
      #expect(throws: CausewayError("ledger.proof_index")) {
        try MerkleTree.verifyConsistency(oldSize: old, newSize: new, oldRoot: leaf, newRoot: leaf, proof: [])
      }
    }
    try MerkleTree.verifyInclusion(leaf: leaf, index: 0, size: 1, proof: [], root: leaf)
  }

  /// attacks L-08: the bytes of two hashes as an entry do not hash to the node above those hashes.
  @Test func aLeafIsNeverANode() {
    let two = leaves(2)
    #expect(MerkleTree.leafHash(two[0].bytes + two[1].bytes) != MerkleTree.nodeHash(two[0], two[1]))
  }

  @Test func compactTreeRefusesAFrontierOfTheWrongLength() {
    #expect(CompactTree(size: 3, frontier: leaves(2)) != nil)
    #expect(CompactTree(size: 3, frontier: leaves(1)) == nil)
    #expect(CompactTree(size: -1, frontier: []) == nil)
  }

  // Runs only where the published vectors lie beside the repository.
  @Test(.enabled(if: SharedData.has("vectors/tlog"))) func publishedInclusionVectors() throws {
    let files = SharedData.files("vectors/tlog/merkle/testdata/inclusion", extension: "json").map { SharedData.folder.appending(path: $0) }
    var accepted = 0
    for file in files {
      let vector = try Vector(file)
      var isValid = false
      if let index = vector.number("leafIdx"), let size = vector.number("treeSize"), let proof = vector.proof,
        let leaf = vector.digest("leafHash"), let root = vector.digest("root")
      {
        isValid = (try? MerkleTree.verifyInclusion(leaf: leaf, index: index, size: size, proof: proof, root: root)) != nil
      }
      #expect(isValid == !vector.isWrong, "\(file.path)")
      if isValid { accepted += 1 }
    }
    #expect(files.count > 80 && accepted >= 5)
  }

  // Runs only where the published vectors lie beside the repository.
  @Test(.enabled(if: SharedData.has("vectors/tlog"))) func publishedConsistencyVectors() throws {
    let files = SharedData.files("vectors/tlog/merkle/testdata/consistency", extension: "json").map {
      SharedData.folder.appending(path: $0)
    }
    var accepted = 0
    for file in files {
      let vector = try Vector(file)
      var isValid = false
      if let old = vector.number("size1"), let new = vector.number("size2"), let proof = vector.proof,
        let oldRoot = vector.root("root1"), let newRoot = vector.root("root2")
      {
        isValid = (try? MerkleTree.verifyConsistency(oldSize: old, newSize: new, oldRoot: oldRoot, newRoot: newRoot, proof: proof)) != nil
      }
      #expect(isValid == !vector.isWrong, "\(file.path)")
      if isValid { accepted += 1 }
    }
    #expect(files.count > 50 && accepted >= 4)
  }

  /// One file of transparency-dev/merkle's test data.
  private struct Vector {
    let json: JSONValue
    init(_ file: URL) throws {
      json = try JSONValue.parse(Array(Data(contentsOf: file)), limits: JSONLimits(numbers: .any))
    }
    var isWrong: Bool { json["wantErr"]?.bool ?? true }
    func number(_ name: String) -> Int? { json[name]?.int }
    func digest(_ name: String) -> Digest? { json[name]?.string.flatMap { Base64.decode($0) }.flatMap { Digest($0) } }
    /// Some vectors put a few words where the root does not matter: these stand for some digest.
    func root(_ name: String) -> Digest? {
      json[name]?.string.flatMap { Base64.decode($0) }.flatMap { Digest($0) ?? SHA256.hash($0) }
    }
    /// nil when a digest has a wrong length; an absent proof is empty.
    var proof: [Digest]? {
      let texts = json["proof"]?.array ?? []
      let digests = texts.compactMap { $0.string.flatMap { Base64.decode($0) }.flatMap { Digest($0) } }
      return digests.count == texts.count ? digests : nil
    }
  }
}
