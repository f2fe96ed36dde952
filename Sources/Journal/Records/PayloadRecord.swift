package import Primitives

/// One blob that belongs to a message: the raw local document, the payload that was sent, the complement, the report …
///
/// Can be erased while the ledger's proofs stay valid.
package struct PayloadRecord: Sendable {
  /// Id of the message (or submission) it belongs to.
  package let owner: String
  /// `raw`, `sent`, `complement`, `report`, `supplement` …; one of each per owner.
  package let kind: String
  package let mediaType: String
  /// SHA-256 of ``bytes``.
  package let digest: Digest
  package let bytes: [UInt8]
  /// The clearance whose data it is. nil, when it is written: that of the message that owns it, which is there or is written in the same change.
  package let clearance: String?
  package let created: Instant

  package init(
    owner: String, kind: String, mediaType: String, digest: Digest, bytes: [UInt8], clearance: String? = nil, created: Instant
  ) {
    self.owner = owner
    self.kind = kind
    self.mediaType = mediaType
    self.digest = digest
    self.bytes = bytes
    self.clearance = clearance
    self.created = created
  }
}

/// A payload without its bytes.
package struct PayloadSummary: Hashable, Sendable {
  package let owner: String
  package let kind: String
  package let mediaType: String
  package let digest: Digest
  package let byteCount: Int
  package let created: Instant

  package init(owner: String, kind: String, mediaType: String, digest: Digest, byteCount: Int, created: Instant) {
    self.owner = owner
    self.kind = kind
    self.mediaType = mediaType
    self.digest = digest
    self.byteCount = byteCount
    self.created = created
  }

  init(_ payload: PayloadRecord) {
    self.init(
      owner: payload.owner, kind: payload.kind, mediaType: payload.mediaType, digest: payload.digest, byteCount: payload.bytes.count,
      created: payload.created)
  }
}
