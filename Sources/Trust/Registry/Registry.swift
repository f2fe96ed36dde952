import JSONTree
package import Primitives

/// The signed registry document: `{"registry": {…}, "signature": "…"}` in JSON.
///
/// The signature is a JWS with a detached payload, which is the canonical form (RFC 8785) of the member `registry`; so the document
/// stays readable and comparable line by line, and white space or member order do not matter. `typ` is ``type``, `kid` the SHA-256 of
/// the signer's SPKI in hexadecimal. The document is parsed once: what was verified is what is used.
///
/// - SeeAlso: `schemas/registry.schema.json`; docs/registry.md.
package enum Registry {
  package static let type = "causeway-registry+jws"
  /// Largest document read.
  package static let limitBytes = 4 << 20

  /// Signs a registry, after the same checks that verification makes.
  ///
  /// - Parameter key: the registry's signing key, which is no participant's.
  /// - Returns: the signed document, indented, ending in a line feed.
  /// - Throws: as ``readDraft(_:)``; `key.signing`.
  package static func sign(_ content: RegistryContent, key: PrivateKey) throws(CausewayError) -> [UInt8] {
    let registry = content.json
    _ = try read(registry, at: "", signers: [key.publicKey])
    let signature = try JWS.sign(
      payload: try registry.canonical(), type: type, keyID: key.publicKey.fingerprint.hex, key: key, detached: true)
    let document: JSONValue = ["registry": registry, "signature": .string(signature)]
    return document.serialized(pretty: true) + [0x0A]
  }

  /// Reads an unsigned registry (the object that stands in the member `registry`), for signing it or checking a draft.
  ///
  /// - Throws: `parse.json_*` for every member that cannot be read, or, when all can, the codes of ``RegistryContent/check(signers:)``.
  package static func readDraft(_ bytes: [UInt8]) throws(CausewayError) -> RegistryContent {
    try read(JSONValue.parse(bytes, limits: limits), at: "", signers: [])
  }

  /// Verifies a registry document.
  ///
  /// - Parameters:
  ///   - keys: the keys that may sign the registry; more than one while the key is rolled over.
  ///   - previousVersion: version of the registry in use, so that an older one is not put in its place; nil at the very first time.
  ///   - previousDigest: ``VerifiedRegistry/digest`` of the registry in use, so that the same version is not used for other content.
  /// - Throws: `parse.json_*` when it is no such document; `verify.jws_*` and `registry.signer_unknown` when it is not signed by one of
  ///   `keys`, in which case nothing is said about its content; `registry.version_back`; `registry.version_reused`; otherwise every
  ///   member that cannot be read at once, or, when all can, every code of ``RegistryContent/check(signers:)`` at once.
  package static func verify(
    _ bytes: [UInt8], keys: [PublicKey], previousVersion: Int? = nil, previousDigest: Digest? = nil
  ) throws(CausewayError) -> VerifiedRegistry {
    let document = try JSONValue.parse(bytes, limits: limits)
    var fields = JSONFields(document)
    let registry = fields.value("registry")
    let signature = fields.string("signature")
    let problems = fields.finish()
    guard problems.isEmpty, let registry, let signature else { throw CausewayError(problems: problems) }

    let canonical = try registry.canonical()
    _ = try JWS.verify(signature, detachedPayload: canonical, expectedType: type) { keyID throws(CausewayError) in
      guard let key = keys.first(where: { $0.fingerprint.hex.hasSameBytes(as: keyID) }) else {
        throw CausewayError("registry.signer_unknown")
      }
      return key
    }

    let content = try read(registry, at: "/registry", signers: keys)
    let digest = SHA256.hash(canonical)
    if let previousVersion {
      guard content.version >= previousVersion else {
        throw CausewayError("registry.version_back", facts: ["version": String(content.version), "previous": String(previousVersion)])
      }
      if content.version == previousVersion, let previousDigest, digest != previousDigest {
        throw CausewayError("registry.version_reused", facts: ["version": String(content.version)])
      }
    }
    return VerifiedRegistry(verified: content, digest: digest)
  }

  private static let limits = JSONLimits(bytes: limitBytes, depth: 16)

  private static func read(_ value: JSONValue, at pointer: String, signers: [PublicKey]) throws(CausewayError) -> RegistryContent {
    var fields = JSONFields(value, at: pointer)
    let content = RegistryContent(reading: &fields)
    let problems = fields.finish()
    guard problems.isEmpty, let content else { throw CausewayError(problems: problems) }
    // Whether the parts fit together can be said only when each of them could be read.
    let misfits = content.check(signers: signers).map { problem in
      var placed = problem
      placed.pointer = pointer + (problem.pointer ?? "")
      return placed
    }
    guard misfits.isEmpty else { throw CausewayError(problems: misfits) }
    return content
  }
}
