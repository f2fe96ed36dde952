package import Primitives

/// Evidence against a log, signed by the witness that found it: two of the log's own checkpoints that cannot both be true.
///
/// A C2SP signed note. Its text: `causeway/fraud-proof@v1`; the log's origin; the kind; when it was found (RFC 3339, UTC);
/// `first <base64 of a signed checkpoint>`; `second <base64 of a signed checkpoint>`; then, of a rewrite, a consistency path with one
/// base64 hash a line. The reporter signs with its witness key as a plain note key.
///
/// Of the first two kinds nobody needs to believe the reporter: both checkpoints bear the log's signature, and the rest is arithmetic.
package struct FraudProof: Hashable, Sendable {
  package enum Kind: String, Sendable, CaseIterable {
    /// One size, two roots.
    case splitView = "split-view"
    /// The larger tree does not begin with the smaller one: the path leads to the larger root, and from it to another root at the smaller size.
    case rewrite
    /// The reporter's word only: the log asked for the second checkpoint after the first had been cosigned, and gave no proof that would
    /// join the two or show that they cannot be joined.
    case claim
  }

  package let kind: Kind
  package let origin: String
  package let time: Instant
  /// The checkpoint that was known before, as a signed note; the smaller one of a rewrite.
  package let first: [UInt8]
  package let second: [UInt8]
  package let path: [Digest]

  private static let header = "causeway/fraud-proof@v1"

  private init(_ kind: Kind, _ first: SignedCheckpoint, _ second: SignedCheckpoint, path: [Digest] = [], at time: Instant) {
    self.kind = kind
    origin = first.origin
    self.time = time
    self.first = first.note
    self.second = second.note
    self.path = path
  }

  /// The strongest thing that two checkpoints of one log prove against it; nil when they agree.
  ///
  /// - Parameters:
  ///   - known: what was cosigned before.
  ///   - shown: what the log showed then.
  ///   - path: a consistency path from the smaller to the larger, whatever its source; only what it proves is used.
  package init?(known: SignedCheckpoint, shown: SignedCheckpoint, path: [Digest], at time: Instant) {
    guard known.origin.hasSameBytes(as: shown.origin) else { return nil }
    let (smaller, larger) = known.size <= shown.size ? (known, shown) : (shown, known)
    if known.size == shown.size {
      guard known.root != shown.root else { return nil }
      self.init(.splitView, known, shown, at: time)
    } else if smaller.size > 0, let roots = try? MerkleTree.roots(oldSize: smaller.size, newSize: larger.size, path: path),
      roots.new == larger.root
    {
      guard roots.old != smaller.root else { return nil }
      self.init(.rewrite, smaller, larger, path: path, at: time)
    } else {
      self.init(.claim, known, shown, at: time)
    }
  }

  /// The note text.
  package var text: [UInt8] {
    var lines = [Self.header, origin, kind.rawValue, time.rfc3339, "first \(Base64.encode(first))", "second \(Base64.encode(second))"]
    lines += path.map { Base64.encode($0.bytes) }
    return Array((lines.joined(separator: "\n") + "\n").utf8)
  }

  /// - Returns: the signed note.
  /// - Throws: `key.signing`.
  package func signed(by reporter: Cosigner) throws(CausewayError) -> [UInt8] { try reporter.report(text).bytes }

  /// Reads a fraud proof. What it says is not checked.
  ///
  /// - Throws: `ledger.note_malformed`; `ledger.fraud_malformed` (fact `field`).
  package init(parsing note: [UInt8]) throws(CausewayError) {
    func malformed(_ field: String) -> CausewayError { CausewayError("ledger.fraud_malformed", facts: ["field": field]) }
    let text = try SignedNote(parsing: note).text
    let lines = text.dropLast().split(separator: 0x0A, omittingEmptySubsequences: false).map { String(decoding: $0, as: UTF8.self) }
    guard lines.count >= 6, lines.count <= 6 + 64, lines[0].hasSameBytes(as: Self.header) else { throw malformed("header") }
    guard let kind = Kind.allCases.first(where: { $0.rawValue.hasSameBytes(as: lines[2]) }) else { throw malformed("kind") }
    guard let time = Instant(rfc3339: lines[3]) else { throw malformed("time") }
    guard lines[4].hasPrefix("first "), let first = Base64.decode(lines[4].dropFirst(6)) else { throw malformed("first") }
    guard lines[5].hasPrefix("second "), let second = Base64.decode(lines[5].dropFirst(7)) else { throw malformed("second") }
    let path = lines.dropFirst(6).compactMap { Base64.decode($0).flatMap { Digest($0) } }
    guard path.count == lines.count - 6, kind == .rewrite || path.isEmpty else { throw malformed("path") }
    self.kind = kind
    origin = lines[1]
    self.time = time
    self.first = first
    self.second = second
    self.path = path
    guard self.text == text else { throw malformed("form") }
  }

  /// Whether the log is convicted by its own signatures, or only accused.
  package enum Verdict: String, Sendable {
    case proven, claim
  }

  /// Checks what a fraud proof shows, with nothing but the accused log's keys.
  ///
  /// - Parameter keys: the keys of the log of that origin, from the registry or a policy.
  /// - Throws: the codes of `SignedCheckpoint.verify` for either checkpoint; `ledger.fraud_unproven` when the two agree, or are not what
  ///   the kind says.
  package func verdict(keys: [VerifierKey]) throws(CausewayError) -> Verdict {
    let (one, two) = (
      try SignedCheckpoint.verify(first, origin: origin, keys: keys), try SignedCheckpoint.verify(second, origin: origin, keys: keys)
    )
    switch kind {
    case .claim:
      guard one.size != two.size else { throw CausewayError("ledger.fraud_unproven") }
      return .claim
    case .splitView, .rewrite:
      guard kind == .splitView ? one.size == two.size : one.size < two.size,
        let found = FraudProof(known: one, shown: two, path: path, at: time), found.kind == kind
      else { throw CausewayError("ledger.fraud_unproven") }
      return .proven
    }
  }

  /// Checks that a witness has signed this note.
  ///
  /// - Throws: `ledger.note_malformed`, `ledger.note_signature`, `ledger.note_unknown_key`.
  package static func verifyReporter(_ note: [UInt8], keys: [CosignerKey]) throws(CausewayError) {
    try SignedNote(parsing: note).verify(keys: try keys.map { key throws(CausewayError) in try key.reporterKey })
  }
}
