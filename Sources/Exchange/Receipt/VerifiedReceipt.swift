package import Primitives
package import Trust

/// What the sender kept of a message that it sent: what a receipt has to name.
package struct SentEnvelope: Hashable, Sendable {
  package let messageID: MessageID
  package let digest: Digest
  package let payload: Digest
  package let sender: String
  package let recipient: String
  package let created: Instant

  package init(messageID: MessageID, digest: Digest, payload: Digest, sender: String, recipient: String, created: Instant) {
    self.messageID = messageID
    self.digest = digest
    self.payload = payload
    self.sender = sender
    self.recipient = recipient
    self.created = created
  }

  package init(_ envelope: SealedEnvelope) {
    self.init(
      messageID: envelope.header.messageID, digest: envelope.digest, payload: envelope.header.payload.sha256,
      sender: envelope.header.sender, recipient: envelope.header.recipient, created: envelope.header.created)
  }
}

/// A receipt that the recipient of a message signed for exactly that message. Only ``verify(_:for:registry:at:clockSkew:)`` makes one.
package struct VerifiedReceipt: Hashable, Sendable {
  package let receipt: Receipt
  /// The bytes to keep as evidence.
  package let compact: String
  package let keyID: String

  /// Checks a receipt against the message that was sent.
  ///
  /// Whatever does not hold leaves the message unproven: the receipt is no answer, neither a good one nor a bad one.
  ///
  /// - Parameters:
  ///   - compact: what came back.
  ///   - clockSkew: how far the two clocks may be apart, in seconds.
  /// - Throws: the `verify.jws_*` codes and the `registry.*` codes of `VerifiedRegistry.signingKey`; `parse.json_*` for its members;
  ///   `verify.receipt_too_large`, `verify.receipt_version`;
  ///   `verify.receipt_receiver`, `verify.receipt_sender`, `verify.receipt_message`, `verify.receipt_envelope`, `verify.receipt_payload`,
  ///   `verify.receipt_time`, all of these at once.
  package static func verify(
    _ compact: String, for sent: SentEnvelope, registry: VerifiedRegistry, at now: Instant, clockSkew: Int64 = 300
  ) throws(CausewayError) -> VerifiedReceipt {
    guard compact.utf8.count <= Receipt.limitBytes else {
      throw CausewayError("verify.receipt_too_large", facts: ["limit": String(Receipt.limitBytes)])
    }
    // The signing time stands inside what is signed. It is read before the signature holds only to pick the key that was valid then;
    // it is bounded below, and nothing else is done with it.
    let claimed = unverified(compact)
    let signature = try JWS.verify(compact, detachedPayload: nil, expectedType: Receipt.signatureType) { keyID throws(CausewayError) in
      try registry.signingKey(participant: sent.recipient, keyID: keyID, at: claimed?.receipt.receivedAt ?? now)
    }
    // Only what was read from the very bytes that are signed counts as read.
    let receipt = if let claimed, claimed.payload == signature.payload { claimed.receipt } else { try Receipt.parse(signature.payload) }
    var problems: [Problem] = []
    func require(_ holds: Bool, _ code: ErrorCode, _ pointer: String) {
      if !holds { problems.append(Problem(code, pointer: pointer)) }
    }
    require(ByteString(receipt.receiver) == ByteString(sent.recipient), "verify.receipt_receiver", "/receiver")
    require(ByteString(receipt.sender) == ByteString(sent.sender), "verify.receipt_sender", "/sender")
    // A header that could not be read has no id; then its digest alone says which one it was.
    require(receipt.messageID == nil || receipt.messageID == sent.messageID, "verify.receipt_message", "/messageId")
    require(receipt.envelope == sent.digest, "verify.receipt_envelope", "/envelope")
    require(receipt.payload == sent.payload, "verify.receipt_payload", "/payload")
    require(
      receipt.receivedAt >= sent.created.adding(seconds: -clockSkew) && receipt.receivedAt <= now.adding(seconds: clockSkew),
      "verify.receipt_time", "/receivedAt")
    guard problems.isEmpty else { throw CausewayError(problems: problems) }
    return VerifiedReceipt(receipt: receipt, compact: compact, keyID: signature.keyID)
  }

  private static func unverified(_ compact: String) -> (payload: [UInt8], receipt: Receipt)? {
    let parts = compact.split(separator: ".", omittingEmptySubsequences: false)
    guard parts.count == 3, let payload = Base64.decode(parts[1], .url), let receipt = try? Receipt.parse(payload) else { return nil }
    return (payload, receipt)
  }
}
