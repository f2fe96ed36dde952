package import Primitives
package import Trust

/// A verified time-stamp on one of this ledger's checkpoints, over the SHA-256 of the note as its log signed it, without cosignatures.
package struct TimestampRecord: Hashable, Sendable {
  /// Size of the checkpoint.
  package let size: Int
  /// At which the authority says that it was there.
  package let time: Instant
  /// The token in DER.
  package let token: [UInt8]

  /// For stores: the record as it stands in a row.
  package init(size: Int, time: Instant, token: [UInt8]) {
    self.size = size
    self.time = time
    self.token = token
  }

  package init(_ timeStamp: TimeStamp, size: Int) {
    self.init(size: size, time: timeStamp.token.latest, token: timeStamp.token.der)
  }
}
