import JSONTree
import Primitives
import Testing
import Trust

/// Project Wycheproof: the expectation of each vector must be ours. There are no "acceptable" ones among them.
@Suite(.enabled(if: SharedVectors.arePresent, "not run: ../shared is absent"))
struct WycheproofTests {
  /// The vectors are in DER and our form is `r ‖ s`: a signature whose DER is not strict, or whose numbers do not fit 32 bytes, cannot
  /// even be written down here, and must be one that is expected to be invalid.
  @Test func ecdsaP256() throws {
    var verified = 0
    var unwritable = 0
    for group in try #require(SharedVectors.json("wycheproof/ecdsa_secp256r1_sha256_test.json")["testGroups"]?.array) {
      let spki = try #require(group["publicKeyDer"]?.string.flatMap { Hex.decode($0) })
      let key = try PublicKey(spki: spki)
      for test in try #require(group["tests"]?.array) {
        let message = try #require(test["msg"]?.string.flatMap { Hex.decode($0) })
        let der = try #require(test["sig"]?.string.flatMap { Hex.decode($0) })
        let isValid = test["result"]?.string == "valid"
        guard let raw = rawSignature(der) else {
          #expect(!isValid, "test \(test["tcId"]?.int ?? 0)")
          unwritable += 1
          continue
        }
        #expect(key.verify(raw, message) == isValid, "test \(test["tcId"]?.int ?? 0)")
        verified += 1
      }
    }
    #expect(verified > 200)
    #expect(verified + unwritable == 484)
  }

  @Test func ed25519() throws {
    var count = 0
    for group in try #require(SharedVectors.json("wycheproof/ed25519_test.json")["testGroups"]?.array) {
      let spki = try #require(group["publicKeyDer"]?.string.flatMap { Hex.decode($0) })
      let key = try PublicKey(spki: spki)
      for test in try #require(group["tests"]?.array) {
        let message = try #require(test["msg"]?.string.flatMap { Hex.decode($0) })
        let signature = try #require(test["sig"]?.string.flatMap { Hex.decode($0) })
        #expect(key.verify(signature, message) == (test["result"]?.string == "valid"), "test \(test["tcId"]?.int ?? 0)")
        count += 1
      }
    }
    #expect(count == 151)
  }

  /// The JWS vectors are about choosing among keys of mixed kinds. None of them has our `typ`, so all are refused by profile, the
  /// "valid" ones too, and none with a key that the caller did not give.
  @Test func jsonWebSignatures() throws {
    let key = try PrivateKey.generate(.p256).publicKey
    var count = 0
    for group in try #require(SharedVectors.json("wycheproof/json_web_key_test.json")["testGroups"]?.array) {
      for test in try #require(group["tests"]?.array) {
        guard let compact = test["jws"]?.string else { continue }
        #expect(throws: CausewayError.self) {
          try JWS.verify(compact, detachedPayload: nil, expectedType: "causeway-receipt+jws") { _ throws(CausewayError) in key }
        }
        count += 1
      }
    }
    #expect(count > 0)
  }

  /// RFC 8037 Appendix A.4 as the JOSE cookbook has it: our Ed25519 makes the published signature verify; the profile refuses the
  /// text, because it has neither `kid` nor `typ`.
  @Test func cookbookEdDSA() throws {
    let vector = try SharedVectors.json("jws/cookbook/curve25519/jws.json")
    let x = try #require(vector["input"]?["key"]?["x"]?.string.flatMap { Base64.decode($0, .url) })
    let signature = try #require(vector["signing"]?["sig"]?.string.flatMap { Base64.decode($0, .url) })
    let input = try #require(vector["signing"]?["sig-input"]?.string)
    let key = try PublicKey(rawEd25519: x)
    #expect(key.verify(signature, Array(input.utf8)))
    let compact = try #require(vector["output"]?["compact"]?.string)
    #expect(throws: CausewayError("verify.jws_header")) {
      try JWS.verify(compact, detachedPayload: nil, expectedType: "JOSE") { _ throws(CausewayError) in key }
    }
  }

  /// RFC 7520 and RFC 7797 examples in their compact form use algorithms and members outside the profile.
  @Test(arguments: [
    ("jws/4_1.rsa_v15_signature.json", "verify.jws_header"), ("jws/4_2.rsa-pss_signature.json", "verify.jws_header"),
    ("jws/4_3.ecdsa_signature.json", "verify.jws_header"), ("jws/4_4.hmac-sha2_integrity_protection.json", "verify.jws_header"),
    ("rfc7797/hmac-sha2_b64_false.json", "verify.jws_member"),
  ])
  func cookbookOutsideTheProfile(file: String, code: ErrorCode) throws {
    let vector = try SharedVectors.json("jws/cookbook/" + file)
    let compact = try #require(vector["output"]?["compact"]?.string)
    let key = try PrivateKey.generate(.p256).publicKey
    #expect(throws: CausewayError(code)) {
      try JWS.verify(compact, detachedPayload: nil, expectedType: "JOSE") { _ throws(CausewayError) in key }
    }
  }

  /// Strict DER `SEQUENCE { INTEGER, INTEGER }` of two non-negative numbers of at most 32 bytes, as `r ‖ s`.
  private func rawSignature(_ der: [UInt8]) -> [UInt8]? {
    var rest = der[...]
    func element(_ tag: UInt8) -> ArraySlice<UInt8>? {
      guard rest.count >= 2, rest.removeFirst() == tag else { return nil }
      let length = Int(rest.removeFirst())
      guard length < 0x80, length <= rest.count else { return nil }
      defer { rest = rest.dropFirst(length) }
      return rest.prefix(length)
    }
    func number() -> [UInt8]? {
      guard var bytes = element(0x02), let first = bytes.first, first < 0x80 else { return nil }
      if first == 0, bytes.count > 1 {
        guard bytes[bytes.startIndex + 1] >= 0x80 else { return nil }
        bytes = bytes.dropFirst()
      }
      return bytes.count <= 32 ? [UInt8](repeating: 0, count: 32 - bytes.count) + bytes : nil
    }
    guard let content = element(0x30), rest.isEmpty else { return nil }
    rest = content
    guard let r = number(), let s = number(), rest.isEmpty else { return nil }
    return r + s
  }
}
