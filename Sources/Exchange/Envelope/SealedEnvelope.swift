package import Primitives
package import Trust

/// A message ready to go: the signed header and the payload exactly as they travel.
///
/// Carried over HTTP as `POST /v1/messages` with the payload as the body, and these fields:
/// - `Causeway-Envelope`: base64url of the header's canonical bytes,
/// - `Causeway-Signature`: the detached JWS over those bytes, `protected..signature` (RFC 7515 Appendix F),
/// - `Causeway-Subject-Salt`: 64 hexadecimal digits, see ``UCRCommitment``,
/// - `Causeway-Fields-Salt`: 64 hexadecimal digits, with a message whose header has a fields root and with no other: the secret that opens
///   the root (docs/disclosure.md); outside the signature, so that it can be erased,
/// - `Content-Type`: the media type of the header.
///
/// The signature covers the payload through its digest and size in the header, so that the payload is never encoded again.
package struct SealedEnvelope: Hashable, Sendable {
  /// `typ` of the signature: keeps it apart from those of receipts and registries.
  package static let signatureType = "causeway-envelope+jws"
  package static let path = "/v1/messages"

  package enum Field {
    package static let envelope = "Causeway-Envelope"
    package static let signature = "Causeway-Signature"
    package static let salt = "Causeway-Subject-Salt"
    package static let fieldsSalt = "Causeway-Fields-Salt"
    package static let contentType = "Content-Type"
  }

  package let header: EnvelopeHeader
  /// The canonical bytes of ``header``.
  package let headerBytes: [UInt8]
  /// Detached JWS, compact.
  package let signature: String
  package let salt: UCRCommitment.Salt
  /// What opens the header's fields root; nil when it has none.
  package let fieldsSecret: HMACKey?
  package let payload: [UInt8]

  /// Seals a message with the sender's signing key.
  ///
  /// - Parameter keyID: the name under which the registry lists the key's certificate.
  /// - Throws: `seal.payload_mismatch` when size or digest in the header are not the payload's, or a fields root and its secret are not there
  ///   together; `key.signing`.
  package static func seal(
    _ header: EnvelopeHeader, payload: [UInt8], salt: UCRCommitment.Salt, fieldsSecret: HMACKey? = nil, keyID: String, key: PrivateKey
  ) throws(CausewayError) -> SealedEnvelope {
    try check(header, payload, fieldsSecret)
    let bytes = header.canonicalBytes
    let signature = try JWS.sign(payload: bytes, type: signatureType, keyID: keyID, key: key, detached: true)
    return SealedEnvelope(
      header: header, headerBytes: bytes, signature: signature, salt: salt, fieldsSecret: fieldsSecret, payload: payload)
  }

  private static func check(_ header: EnvelopeHeader, _ payload: [UInt8], _ fieldsSecret: HMACKey?) throws(CausewayError) {
    guard header.payload.size == payload.count, header.payload.sha256 == SHA256.hash(payload),
      (header.payload.fieldsRoot == nil) == (fieldsSecret == nil)
    else { throw CausewayError("seal.payload_mismatch") }
  }

  /// Puts a sealed message together again from what the journal kept of it.
  ///
  /// - Throws: as ``EnvelopeHeader/parse(_:)``; `seal.payload_mismatch` when the payload is not the one that was sealed, or a fields root and
  ///   its secret are not there together.
  package static func restore(
    headerBytes: [UInt8], signature: String, salt: UCRCommitment.Salt, fieldsSecret: HMACKey? = nil, payload: [UInt8]
  ) throws(CausewayError) -> SealedEnvelope {
    let header = try EnvelopeHeader.parse(headerBytes)
    try check(header, payload, fieldsSecret)
    return SealedEnvelope(
      header: header, headerBytes: headerBytes, signature: signature, salt: salt, fieldsSecret: fieldsSecret, payload: payload)
  }

  /// SHA-256 of ``headerBytes``: what receipts name.
  package var digest: Digest { SHA256.hash(headerBytes) }

  /// The HTTP fields of the request.
  package var fields: [(name: String, value: String)] {
    [
      (Field.envelope, Base64.encode(headerBytes, .url)), (Field.signature, signature), (Field.salt, Hex.encode(salt.bytes.exposed)),
      (Field.contentType, header.payload.mediaType),
    ] + (fieldsSecret.map { [(Field.fieldsSalt, Hex.encode($0.bytes.exposed))] } ?? [])
  }
}

/// A message as it came in: nothing about it has been checked.
package struct ReceivedEnvelope: Sendable {
  package let headerBytes: [UInt8]
  package let signature: String
  package let salt: UCRCommitment.Salt
  package let fieldsSecret: HMACKey?
  package let contentType: String
  package let payload: [UInt8]

  package init(
    headerBytes: [UInt8], signature: String, salt: UCRCommitment.Salt, fieldsSecret: HMACKey? = nil, contentType: String, payload: [UInt8]
  ) {
    self.headerBytes = headerBytes
    self.signature = signature
    self.salt = salt
    self.fieldsSecret = fieldsSecret
    self.contentType = contentType
    self.payload = payload
  }

  /// Takes a message out of an HTTP request.
  ///
  /// - Parameter field: the values of the HTTP field of that name, in any letter case, one for each time it stands in the request.
  /// - Throws: `verify.http_field` (missing, repeated, too long or not of its form) with the field's name; everything wrong at once.
  ///   Such a request names no envelope, so there is nothing to receipt: it is answered with 400.
  package init(field: (_ name: String) -> [String], body: [UInt8]) throws(CausewayError) {
    var problems: [Problem] = []
    func read<Value>(_ name: String, limit: Int, _ decode: (String) -> Value?) -> Value? {
      let values = field(name)
      guard values.count == 1, values[0].utf8.count <= limit, let value = decode(values[0]) else {
        problems.append(Problem("verify.http_field", facts: ["field": name]))
        return nil
      }
      return value
    }
    let header = read(SealedEnvelope.Field.envelope, limit: EnvelopeHeader.limitBytes * 4 / 3 + 4) { Base64.decode($0, .url) }
    let signature = read(SealedEnvelope.Field.signature, limit: 2048) { $0 }
    let salt = read(SealedEnvelope.Field.salt, limit: 64) { Hex.decode($0).flatMap(UCRCommitment.Salt.init) }
    let contentType = read(SealedEnvelope.Field.contentType, limit: 128) { $0 }
    // Whether it belongs to this message, the header says.
    let fieldsSecret =
      field(SealedEnvelope.Field.fieldsSalt).isEmpty
      ? nil : read(SealedEnvelope.Field.fieldsSalt, limit: 64) { Hex.decode($0).flatMap(HMACKey.init) }
    guard problems.isEmpty, let header, let signature, let salt, let contentType else { throw CausewayError(problems: problems) }
    self.init(
      headerBytes: header, signature: signature, salt: salt, fieldsSecret: fieldsSecret, contentType: contentType, payload: body)
  }

  /// SHA-256 of the header as received.
  package var digest: Digest { SHA256.hash(headerBytes) }
}
