package import Primitives
package import Trust

/// A witness's word, verified: as of a time, the largest tree that it has seen of a log had this root, and extends all it saw before.
///
/// - SeeAlso: C2SP tlog-cosignature.
package struct Cosignature: Hashable, Sendable {
  package let key: CosignerKey
  /// When the witness signed, to the second.
  package let time: Instant
  package let signature: SignedNote.Signature

  fileprivate init(_ key: CosignerKey, _ signature: SignedNote.Signature) {
    self.key = key
    self.signature = signature
    time = Instant(milliseconds: min(CosignatureText.time(of: signature.bytes) ?? 0, Int64.max / 1000) * 1000)
  }
}

extension SignedCheckpoint {
  /// The cosignatures that the note carries, of these witnesses.
  ///
  /// - Throws: `ledger.note_malformed`; `ledger.note_signature` when one that names a known witness is wrong.
  package func cosignatures(of keys: [CosignerKey]) throws(CausewayError) -> [Cosignature] {
    try SignedNote(parsing: note).signatures(of: keys).map { Cosignature($0.key, $0.signature) }
  }

  /// What a witness answered: the cosignatures in it that are of these keys and on this checkpoint.
  ///
  /// - Parameter lines: signature lines, each with its line feed. Other keys' lines are left out.
  /// - Throws: `ledger.note_malformed`; `ledger.note_signature`; `ledger.note_unknown_key` when none is of a known key.
  /// - SeeAlso: C2SP tlog-witness, add-checkpoint.
  package func cosignatures(in lines: [UInt8], of keys: [CosignerKey]) throws(CausewayError) -> [Cosignature] {
    let answer = try SignedNote(parsing: checkpoint.text + [0x0A] + lines)
    // An answer that begins with a text of its own would move the end of ours.
    guard answer.text == checkpoint.text else { throw CausewayError("ledger.note_malformed", facts: ["reason": "signature line"]) }
    let found = try answer.signatures(of: keys).map { Cosignature($0.key, $0.signature) }
    guard !found.isEmpty else { throw CausewayError("ledger.note_unknown_key") }
    return found
  }

  /// The same checkpoint with further signature lines behind the log's own.
  package func adding(_ signatures: [SignedNote.Signature]) -> SignedCheckpoint {
    SignedCheckpoint(self, lines: signatures.flatMap(\.line))
  }
}

/// Signs for one witness what ``WitnessRequest/judge(logs:latest:)`` has found to extend everything that the witness cosigned before,
/// and what the witness has to report of logs that do not.
package struct Cosigner: Sendable {
  package let key: CosignerKey
  private let privateKey: PrivateKey

  /// - Parameter name: the witness's name, a URL without scheme. One key has one name: the signed text does not hold it.
  /// - Throws: `ledger.verifier_key`.
  package init(name: String, key: PrivateKey) throws(CausewayError) {
    self.key = try CosignerKey(name: name, publicKey: key.publicKey)
    privateKey = key
  }

  /// - Parameter now: the witness's clock; the cosignature holds the second.
  /// - Throws: `key.signing`.
  package func cosign(_ advance: WitnessAdvance, at now: Instant) throws(CausewayError) -> SignedNote.Signature {
    let time = max(0, now.milliseconds / 1000)
    let signature = try privateKey.sign(CosignatureText.message(advance.checkpoint.checkpoint.text, time: time))
    let bytes = (0..<8).map { UInt8(truncatingIfNeeded: time >> (56 - 8 * $0)) } + signature
    return SignedNote.Signature(name: key.name, keyID: key.keyID, bytes: bytes)
  }

  /// Signs the text of a fraud proof as a plain note. Its first line keeps it apart from cosignatures and checkpoints.
  ///
  /// - Throws: `key.signing`.
  func report(_ text: [UInt8]) throws(CausewayError) -> SignedNote {
    let reporter = try key.reporterKey
    return SignedNote(
      text: text, signatures: [SignedNote.Signature(name: reporter.name, keyID: reporter.keyID, bytes: try privateKey.sign(text))])
  }
}
