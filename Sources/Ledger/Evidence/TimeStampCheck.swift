import Primitives
import Trust

/// The time-stamps of an evidence file, and the entries that are proven to their checkpoints.
///
/// A token fixes a note, the note a root, and the root the entry: no key of the log takes part in it, and a log that has changed its key
/// since has lost nothing.
struct TimeStampCheck {
  private struct Found {
    let place: String
    let token: TimeStampToken
    let isVerified: Bool
    var size = 0
    var entries: Set<Int> = []
  }

  private var found: [Found] = []
  /// Places in `found` by imprint.
  private var positions: [Digest: Int] = [:]

  /// Reads the tokens, and verifies them when there are authorities to believe.
  init(_ tokens: [[UInt8]], authorities: [Certificate]?, _ report: inout EvidenceReport) {
    for (position, der) in tokens.enumerated() {
      let place = "/timeStamps/\(position)"
      let token = report.attempt("evidence.timestamp", place) { () throws(CausewayError) in
        let token = try TimeStampToken(der: der)
        if let authorities { _ = try token.verify(stamping: token.imprint, authorities: authorities) }
        return token
      }
      guard let token else { continue }
      guard positions[token.imprint] == nil else {
        report.note("evidence.timestamp", place, "twice")
        continue
      }
      positions[token.imprint] = found.count
      found.append(Found(place: place, token: token, isVerified: authorities != nil))
    }
  }

  /// Checks that an entry is in the tree of a checkpoint that a time-stamp is for.
  ///
  /// - Throws: `evidence.timestamp` also when the time-stamp was found not to hold; `ledger.note_malformed`, `ledger.checkpoint_malformed`, `ledger.proof_*`.
  mutating func check(_ proof: LogProof, of entry: [UInt8], origin: String) throws(CausewayError) {
    let checkpoint = try Checkpoint(parsing: try SignedNote(parsing: proof.note).text)
    guard checkpoint.origin.hasSameBytes(as: origin) else { throw Self.wrong("origin") }
    try MerkleTree.verifyInclusion(
      leaf: MerkleTree.leafHash(entry), index: proof.index, size: checkpoint.size, proof: proof.hashes, root: checkpoint.root)
    guard let position = positions[SHA256.hash(proof.note)] else { throw Self.wrong("no time-stamp") }
    found[position].size = checkpoint.size
    found[position].entries.insert(proof.index)
  }

  /// Writes down what is stamped. A time-stamp of nothing in the file is a finding.
  func finish(_ report: inout EvidenceReport) {
    for stamp in found {
      if stamp.entries.isEmpty {
        report.note("evidence.timestamp", stamp.place, "of no entry")
      } else {
        report.timeStamps.append(
          .init(time: stamp.token.latest, size: stamp.size, entries: stamp.entries.sorted(), isVerified: stamp.isVerified))
      }
    }
  }

  static func wrong(_ reason: String) -> CausewayError { CausewayError("evidence.timestamp", facts: ["reason": reason]) }
}
