import JSONTree
package import Primitives

/// Signatures in JWS compact serialization, with the payload attached or detached (RFC 7515 §7.1 and Appendix F).
///
/// The profile is narrow on purpose: a protected header of exactly `alg`, `kid` and `typ`; `alg` is ES256 (RFC 7518 §3.4) or
/// EdDSA with Ed25519 (RFC 8037) and must be the key's own; `typ` separates the kinds of signed things, so that a receipt is never
/// taken for a message; `kid` names a key that the receiver already has. Nothing in a message can bring a key, fetch one, choose
/// another algorithm or change the rules of verification.
package enum JWS {
  package enum Algorithm: String, Sendable, CaseIterable {
    case es256 = "ES256"
    case edDSA = "EdDSA"

    package init(_ kind: KeyKind) { self = kind == .p256 ? .es256 : .edDSA }
  }

  /// Longest compact text that ``verify(_:detachedPayload:expectedType:resolve:)`` reads. A detached payload does not count.
  package static let limitBytes = 4 << 20
  static let headerLimitBytes = 1024

  /// Signs `payload`.
  ///
  /// - Parameters:
  ///   - type: the `typ` of the header: what kind of thing is signed, such as `causeway-registry+jws`. 1 to 64 of `a–z 0–9 + - .`.
  ///   - keyID: name of the key for the receiver. 1 to 128 of `A–Z a–z 0–9 - . _ ~ @ :`.
  ///   - detached: leaves the payload out of the result; the receiver must have the same bytes from elsewhere.
  /// - Returns: `header.payload.signature`, or `header..signature` when detached. ASCII.
  /// - Throws: `key.signing`.
  /// - Precondition: `type` and `keyID` are of the stated form.
  package static func sign(
    payload: [UInt8], type: String, keyID: String, key: PrivateKey, detached: Bool
  ) throws(CausewayError) -> String {
    precondition(isType(type) && isKeyID(keyID), "typ and kid are names of the stated form")
    // These values need no escapes and stand in the order of RFC 8785.
    let header = #"{"alg":"\#(Algorithm(key.kind).rawValue)","kid":"\#(keyID)","typ":"\#(type)"}"#
    let protected = Base64.encode(Array(header.utf8), .url)
    let encodedPayload = Base64.encode(payload, .url)
    let signature = try key.sign(signingInput(protected: protected.utf8, payload: encodedPayload.utf8))
    return "\(protected).\(detached ? "" : encodedPayload).\(Base64.encode(signature, .url))"
  }

  /// Checks a compact JWS against the one type expected here and the keys that `resolve` knows.
  ///
  /// - Parameters:
  ///   - detachedPayload: the payload's bytes when it travels elsewhere; nil when it must be attached. A JWS of the other form is refused.
  ///   - expectedType: the `typ` that must stand in the header, byte for byte.
  ///   - resolve: the key of that name, from the registry; nil when unknown. May throw its own refusal, such as a key that has expired.
  ///     Called at most once, with a name of the form that ``sign(payload:type:keyID:key:detached:)`` states.
  /// - Throws: `verify.jws_malformed` (not three parts of canonical base64url, JSON serialization, too large), `verify.jws_header`
  ///   (protected header is not strict JSON or a member is missing or of the wrong type), `verify.jws_member` (a member that is not
  ///   allowed), `verify.jws_algorithm`, `verify.jws_type`, `verify.jws_payload` (attached ≠ detached), `verify.jws_key_unknown`,
  ///   `verify.jws_signature`; and what `resolve` throws.
  package static func verify(
    _ compact: String, detachedPayload: [UInt8]?, expectedType: String,
    resolve: (_ keyID: String) throws(CausewayError) -> PublicKey?
  ) throws(CausewayError) -> VerifiedJWS {
    guard compact.utf8.count <= limitBytes else { throw CausewayError("verify.jws_malformed", facts: ["limit": String(limitBytes)]) }
    let bytes = Array(compact.utf8)
    let parts = bytes.split(separator: 0x2E, omittingEmptySubsequences: false)
    guard parts.count == 3, !parts[0].isEmpty, let signature = decode(parts[2]), let headerBytes = decode(parts[0]) else {
      throw CausewayError("verify.jws_malformed")
    }
    let header = try readHeader(headerBytes)
    guard header.type.hasSameBytes(as: expectedType) else {
      throw CausewayError("verify.jws_type", facts: ["expected": expectedType])
    }

    let payload: [UInt8]
    let input: [UInt8]
    if let detachedPayload {
      guard parts[1].isEmpty else { throw CausewayError("verify.jws_payload", facts: ["expected": "detached"]) }
      payload = detachedPayload
      input = signingInput(protected: parts[0], payload: Base64.encode(detachedPayload, .url).utf8)
    } else {
      guard !parts[1].isEmpty else { throw CausewayError("verify.jws_payload", facts: ["expected": "attached"]) }
      guard let decoded = decode(parts[1]) else { throw CausewayError("verify.jws_malformed") }
      payload = decoded
      input = Array(bytes[..<parts[1].endIndex])
    }

    guard let key = try resolve(header.keyID) else { throw CausewayError("verify.jws_key_unknown") }
    guard header.algorithm == Algorithm(key.kind) else { throw CausewayError("verify.jws_algorithm") }
    guard key.verify(signature, input) else { throw CausewayError("verify.jws_signature") }
    return VerifiedJWS(payload: payload, keyID: header.keyID, algorithm: header.algorithm, key: key)
  }

  private struct Header {
    var algorithm: Algorithm
    var keyID: String
    var type: String
  }

  /// Members that were used against other implementations; they are named in the error so that a partner sees what to leave out.
  private static let refusedMembers: Set<ByteString> = ["jwk", "jku", "x5u", "x5c", "x5t", "x5t#S256", "crit", "b64", "cty", "zip"]

  private static func readHeader(_ bytes: [UInt8]) throws(CausewayError) -> Header {
    let value: JSONValue
    do {
      value = try JSONValue.parse(bytes, limits: JSONLimits(bytes: headerLimitBytes, depth: 4, members: 16, values: 32))
    } catch {
      throw CausewayError("verify.jws_header", facts: ["reason": error.code.rawValue])
    }
    guard let object = value.object else { throw CausewayError("verify.jws_header", facts: ["reason": "not an object"]) }
    let known: Set<ByteString> = ["alg", "kid", "typ"]
    for member in object.members where !known.contains(ByteString(member.name)) {
      // A name that is not in our list comes from outside and is not repeated.
      let name = refusedMembers.contains(ByteString(member.name)) ? member.name : "unknown"
      throw CausewayError("verify.jws_member", facts: ["member": name])
    }
    guard let algorithmName = object["alg"]?.string, let keyID = object["kid"]?.string, let type = object["typ"]?.string else {
      throw CausewayError("verify.jws_header", facts: ["reason": "alg, kid and typ must be strings"])
    }
    let algorithm = Algorithm.allCases.first { $0.rawValue.hasSameBytes(as: algorithmName) }
    guard let algorithm else { throw CausewayError("verify.jws_algorithm") }
    guard isKeyID(keyID) else { throw CausewayError("verify.jws_key_unknown") }
    return Header(algorithm: algorithm, keyID: keyID, type: type)
  }

  private static func decode(_ part: ArraySlice<UInt8>) -> [UInt8]? {
    guard part.allSatisfy({ $0 < 0x80 }) else { return nil }
    return Base64.decode(String(decoding: part, as: UTF8.self), .url)
  }

  /// RFC 7515 §5.1 step 5: `ASCII(BASE64URL(header) ‖ "." ‖ BASE64URL(payload))`.
  private static func signingInput(protected: some Collection<UInt8>, payload: some Collection<UInt8>) -> [UInt8] {
    var input: [UInt8] = []
    input.reserveCapacity(protected.count + 1 + payload.count)
    input.append(contentsOf: protected)
    input.append(0x2E)
    input.append(contentsOf: payload)
    return input
  }

  private static func isType(_ text: String) -> Bool {
    (1...64).contains(text.utf8.count)
      && text.utf8.allSatisfy { (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) || [0x2B, 0x2D, 0x2E].contains($0) }
  }

  private static func isKeyID(_ text: String) -> Bool {
    (1...128).contains(text.utf8.count)
      && text.utf8.allSatisfy {
        (0x61...0x7A).contains($0) || (0x41...0x5A).contains($0) || (0x30...0x39).contains($0)
          || [0x2D, 0x2E, 0x5F, 0x7E, 0x40, 0x3A].contains($0)
      }
  }
}

/// A payload whose signature was checked with a known key for the expected type. Only ``JWS`` can make one.
package struct VerifiedJWS: Sendable {
  package let payload: [UInt8]
  package let keyID: String
  package let algorithm: JWS.Algorithm
  package let key: PublicKey

  fileprivate init(payload: [UInt8], keyID: String, algorithm: JWS.Algorithm, key: PublicKey) {
    self.payload = payload
    self.keyID = keyID
    self.algorithm = algorithm
    self.key = key
  }
}
