package import Primitives
import Trust

/// The number under which the two sides of one clearance exchange messages: 128 random bits, given by the declaring side.
/// As text 32 lower-case hexadecimal digits.
///
/// It says nothing about the consignment, so it may stand in headers, logs and addresses.
package struct ClearanceID: Hashable, Sendable, CustomStringConvertible {
  package let text: String

  /// - Returns: nil unless the text is 32 lower-case hexadecimal digits.
  package init?(_ text: String) {
    guard text.utf8.count == 32, Hex.decode(text) != nil else { return nil }
    self.text = text
  }

  package static func random() -> ClearanceID {
    guard let id = ClearanceID(Hex.encode(SecureRandom.bytes(16))) else { preconditionFailure("16 bytes are 32 digits") }
    return id
  }

  package var description: String { text }
}

/// Binds messages and ledger entries to a UCR without showing it: `SHA-256("causeway/ucr/v1" ‖ LF ‖ salt ‖ UCR)`.
///
/// UCRs can be guessed, so the commitment needs a salt that whoever reads a ledger does not have. The declaring side draws one salt for
/// each clearance; both sides keep it with the clearance's other erasable data. It travels beside the signed header, in the HTTP field
/// `Causeway-Subject-Salt`, and not in it: headers and signatures are kept as evidence and may be shown to an auditor, and after the
/// salt is erased the proofs stay valid while the UCR can no longer be confirmed. That the field is not signed does no harm: a changed
/// salt does not open the signed commitment. Routing does not need it, that is what ``ClearanceID`` is for.
package struct UCRCommitment: Hashable, Sendable {
  /// Shape: 32 random bytes, the same for all messages of a clearance.
  package struct Salt: Hashable, Sendable {
    package let bytes: Redacted<[UInt8]>

    /// - Returns: nil unless there are exactly 32 bytes.
    package init?(_ bytes: [UInt8]) {
      guard bytes.count == 32 else { return nil }
      self.bytes = Redacted(bytes)
    }

    package static func random() -> Salt {
      guard let salt = Salt(SecureRandom.bytes(32)) else { preconditionFailure("32 bytes were asked for") }
      return salt
    }

    package static func == (left: Salt, right: Salt) -> Bool { left.bytes.exposed == right.bytes.exposed }
    package func hash(into hasher: inout Hasher) { hasher.combine(bytes.exposed) }
  }

  package let digest: Digest

  /// - Parameter ucr: the reference as it stands in the canonical declaration; its UTF-8 bytes count.
  package init(ucr: String, salt: Salt) {
    // The salt has a fixed length, so what follows it cannot be shifted into it.
    digest = SHA256.hash(Array("causeway/ucr/v1\n".utf8) + salt.bytes.exposed + Array(ucr.utf8))
  }
}
