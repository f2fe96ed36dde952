package import Ledger
package import Primitives

/// The last checkpoint of another log that this gateway has cosigned. It never becomes smaller.
package struct WitnessedRecord: Hashable, Sendable {
  package let origin: String
  package let size: Int
  package let root: Digest
  /// The signed note as received.
  package let note: [UInt8]
  package let time: Instant

  package init(origin: String, size: Int, root: Digest, note: [UInt8], time: Instant) {
    self.origin = origin
    self.size = size
    self.root = root
    self.note = note
    self.time = time
  }

  package init(_ advance: WitnessAdvance, at time: Instant) {
    let checkpoint = advance.checkpoint
    self.init(origin: checkpoint.origin, size: checkpoint.size, root: checkpoint.root, note: checkpoint.note, time: time)
  }

  package var state: WitnessedState { WitnessedState(size: size, root: root) }
}

/// A witness's verified cosignature on one of this ledger's checkpoints.
package struct CosignatureRecord: Hashable, Sendable {
  /// Size of the checkpoint.
  package let size: Int
  /// Name of the witness.
  package let witness: String
  package let keyID: UInt32
  /// The signature line, with its line feed.
  package let line: [UInt8]
  /// When the witness signed.
  package let time: Instant

  package init(size: Int, witness: String, keyID: UInt32, line: [UInt8], time: Instant) {
    self.size = size
    self.witness = witness
    self.keyID = keyID
    self.line = line
    self.time = time
  }

  package init(_ cosignature: Cosignature, size: Int) {
    self.init(
      size: size, witness: cosignature.key.name, keyID: cosignature.key.keyID, line: cosignature.signature.line, time: cosignature.time)
  }
}

/// Evidence against a log, as this gateway signed it.
package struct FraudProofRecord: Hashable, Sendable {
  /// Assigned by the journal, rising; 0 until it is stored.
  package internal(set) var id: Int64 = 0
  /// Of the accused log.
  package let origin: String
  package let found: Instant
  /// The signed note.
  package let note: [UInt8]

  package init(origin: String, found: Instant, note: [UInt8]) {
    self.origin = origin
    self.found = found
    self.note = note
  }

  /// For stores: the record as it stands in a row.
  package func stored(id: Int64) -> FraudProofRecord {
    var record = self
    record.id = id
    return record
  }
}
