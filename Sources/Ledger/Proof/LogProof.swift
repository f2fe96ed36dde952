package import Primitives

/// One file that shows, without the log, that an entry is in it: index, audit path and checkpoint, with whatever cosignatures it has.
///
/// Text: `c2sp.org/tlog-proof@v1`, `extra <base64>` if any, `index <n>`, the path with one base64 hash a line, an empty line, the checkpoint.
/// - SeeAlso: C2SP tlog-proof.
package struct LogProof: Hashable, Sendable {
  package let index: Int
  /// Audit path from the leaf upwards.
  package let hashes: [Digest]
  /// The checkpoint as a signed note.
  package let note: [UInt8]
  /// Not covered by anything: never to be believed by itself. At most 64 KiB.
  package let extra: [UInt8]?

  private static let header = "c2sp.org/tlog-proof@v1"
  package static let largestByteCount = SignedNote.largestByteCount + (96 << 10)

  package init(index: Int, hashes: [Digest], note: [UInt8], extra: [UInt8]? = nil) {
    self.index = index
    self.hashes = hashes
    self.note = note
    self.extra = extra
  }

  package var bytes: [UInt8] {
    var lines = [Self.header]
    if let extra { lines.append("extra \(Base64.encode(extra))") }
    lines.append("index \(index)")
    lines += hashes.map { Base64.encode($0.bytes) }
    return Array((lines + ["", ""]).joined(separator: "\n").utf8) + note
  }

  /// - Throws: `ledger.proof_malformed` (facts `field`, `expected`).
  package init(parsing bytes: [UInt8]) throws(CausewayError) {
    func malformed(_ field: String, _ expected: String) -> CausewayError {
      CausewayError("ledger.proof_malformed", facts: ["field": field, "expected": expected])
    }
    guard bytes.count <= Self.largestByteCount else { throw malformed("proof", "at most \(Self.largestByteCount) bytes") }
    var rest = bytes[...]
    func line() throws(CausewayError) -> ArraySlice<UInt8> {
      guard let end = rest.firstIndex(of: 0x0A) else { throw malformed("proof", "lines") }
      defer { rest = rest[(end + 1)...] }
      return rest[..<end]
    }
    guard try line().elementsEqual(Self.header.utf8) else { throw malformed("proof", Self.header) }
    var next = try line()
    var extra: [UInt8]?
    if next.starts(with: "extra ".utf8) {
      extra = Base64.decode(String(decoding: next.dropFirst(6), as: UTF8.self))
      guard extra != nil else { throw malformed("extra", "base64") }
      next = try line()
    }
    guard next.starts(with: "index ".utf8), let index = DecimalText.read(next.dropFirst(6)) else { throw malformed("index", "decimal") }
    var hashes: [Digest] = []
    while true {
      next = try line()
      if next.isEmpty { break }
      guard hashes.count < 64, let hash = Base64.decode(String(decoding: next, as: UTF8.self)).flatMap({ Digest($0) }) else {
        throw malformed("hashes", "at most 64 of 32 bytes in base64")
      }
      hashes.append(hash)
    }
    self.init(index: index, hashes: hashes, note: Array(rest), extra: extra)
  }

  /// Checks that these bytes are the entry at ``index`` of a log that the policy trusts, as of a checkpoint that its quorum has cosigned.
  ///
  /// - Throws: the codes of `LogPolicy.verify`; `ledger.proof_index`, `ledger.proof_length`, `ledger.proof_mismatch`.
  package func verify(entry bytes: [UInt8], policy: LogPolicy) throws(CausewayError) -> FinalCheckpoint {
    let final = try policy.verify(note)
    try MerkleTree.verifyInclusion(
      leaf: MerkleTree.leafHash(bytes), index: index, size: final.checkpoint.size, proof: hashes, root: final.checkpoint.root)
    return final
  }
}
