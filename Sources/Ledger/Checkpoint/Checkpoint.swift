package import Primitives

/// The head of a log at one size: the text that is signed.
///
/// Text: origin, tree size in decimal, root hash in base64, each on a line; then extension lines, which Causeway never writes.
/// - SeeAlso: C2SP tlog-checkpoint, Note text.
package struct Checkpoint: Hashable, Sendable {
  /// Name of the log, a URL without scheme such as `gateway.cn.example/ledger`. Not empty, no line feed.
  package let origin: String
  /// Number of entries.
  package let size: Int
  package let root: Digest
  /// Opaque further lines; empty in checkpoints of our own.
  package let extensions: [String]

  package init(origin: String, size: Int, root: Digest) {
    self.origin = origin
    self.size = size
    self.root = root
    extensions = []
  }

  /// The note text, with its final line feed.
  package var text: [UInt8] {
    let lines = [origin, String(size), Base64.encode(root.bytes)] + extensions
    return Array((lines.joined(separator: "\n") + "\n").utf8)
  }

  /// Reads a note text.
  ///
  /// - Throws: `ledger.checkpoint_malformed` (fact `reason`).
  package init(parsing text: [UInt8]) throws(CausewayError) {
    func malformed(_ reason: String) -> CausewayError { CausewayError("ledger.checkpoint_malformed", facts: ["reason": reason]) }
    guard text.last == 0x0A, let string = String(validating: text, as: UTF8.self) else { throw malformed("no text of lines") }
    // Split at the byte: "\r\n" is one Character and would hide a line feed.
    let lines = Array(string.utf8).dropLast().split(separator: 0x0A, omittingEmptySubsequences: false)
    guard lines.count >= 3 else { throw malformed("fewer than three lines") }
    guard lines.allSatisfy({ !$0.isEmpty }) else { throw malformed("empty line") }
    let digits = lines[1]
    guard digits.allSatisfy({ (0x30...0x39).contains($0) }), digits.count == 1 || digits.first != 0x30,
      let size = Int(String(decoding: digits, as: UTF8.self)), size <= MerkleTree.largestSize
    else { throw malformed("tree size") }
    guard let hash = Base64.decode(String(decoding: lines[2], as: UTF8.self)), let root = Digest(hash) else { throw malformed("root hash") }
    guard size > 0 || root == MerkleTree.emptyRoot else { throw malformed("root of the empty tree") }
    self.origin = String(decoding: lines[0], as: UTF8.self)
    self.size = size
    self.root = root
    extensions = lines.dropFirst(3).map { String(decoding: $0, as: UTF8.self) }
  }

  package static func == (left: Self, right: Self) -> Bool { left.text == right.text }
  package func hash(into hasher: inout Hasher) { hasher.combine(root) }
}
