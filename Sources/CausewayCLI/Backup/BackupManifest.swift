import JSONTree
import Ledger
import Primitives
import Trust

/// What a backup says of itself: `backup.json`, canonical JSON, signed by the gateway that made it.
struct BackupManifest: Hashable {
  static let signatureType = "causeway-backup+jws"
  static let largestByteCount = 64 << 10
  private static let version = 1

  /// Id of the participant whose journal it is.
  let economy: String
  let made: Instant
  /// Bytes and SHA-256 of the copied journal.
  let byteCount: Int
  let digest: Digest
  /// The signed note of the ledger's last checkpoint in the copy.
  let checkpoint: String

  init(economy: String, made: Instant, byteCount: Int, digest: Digest, checkpoint: String) {
    self.economy = economy
    self.made = made
    self.byteCount = byteCount
    self.digest = digest
    self.checkpoint = checkpoint
  }

  private var json: JSONObject {
    [
      "v": .number(JSONNumber(Self.version)), "economy": .string(economy), "made": .string(made.rfc3339),
      "journal": ["bytes": .number(JSONNumber(byteCount)), "sha256": .string(digest.hex)], "checkpoint": .string(checkpoint),
    ]
  }

  /// - Throws: `key.signing`.
  func signed(keyID: String, key: PrivateKey) throws(CausewayError) -> [UInt8] {
    var object = json
    object["signature"] = .string(
      try JWS.sign(
        payload: try JSONValue.object(object).canonical(), type: Self.signatureType, keyID: keyID, key: key, detached: true))
    return try JSONValue.object(object).canonical()
  }

  /// Reads a manifest and checks that a signing key of the economy has signed it.
  ///
  /// - Throws: `backup.manifest` when the bytes are of another form; `backup.foreign` when it is another economy's; the codes of `JWS.verify` and
  ///   `VerifiedRegistry.signingKey`.
  init(verifying bytes: [UInt8], economy expected: String, registry: VerifiedRegistry) throws(CausewayError) {
    guard bytes.count <= Self.largestByteCount, let value = try? JSONValue.parse(bytes), var object = value.object,
      let signature = object["signature"]?.string, let economy = value["economy"]?.string,
      let made = value["made"]?.string.flatMap({ Instant(rfc3339: $0) }), let count = value["journal"]?["bytes"]?.int,
      let digest = value["journal"]?["sha256"]?.string.flatMap({ Digest(hex: $0) }), let checkpoint = value["checkpoint"]?.string
    else { throw CausewayError("backup.manifest") }
    self.init(economy: economy, made: made, byteCount: count, digest: digest, checkpoint: checkpoint)
    object["signature"] = nil
    let payload = try JSONValue.object(json).canonical()
    // Nothing beside what was read here may stand in it.
    guard try JSONValue.object(object).canonical() == payload else { throw CausewayError("backup.manifest") }
    guard economy.hasSameBytes(as: expected) else { throw CausewayError("backup.foreign") }
    _ = try JWS.verify(signature, detachedPayload: payload, expectedType: Self.signatureType) { keyID throws(CausewayError) in
      try registry.signingKey(participant: economy, keyID: keyID, at: made)
    }
  }
}
