import Primitives
import Testing
import Trust

@Suite struct JWSTests {
  static let type = "causeway-test+jws"
  let key: PrivateKey
  let keyID: String
  let payload = Array(#"{"amount":"1000"}"#.utf8)

  init() throws {
    key = try PrivateKey.generate(.p256)
    keyID = key.publicKey.fingerprint.hex
  }

  func verify(_ compact: String, detached: [UInt8]? = nil, type: String = Self.type) throws -> VerifiedJWS {
    try JWS.verify(compact, detachedPayload: detached, expectedType: type) { kid in kid == keyID ? key.publicKey : nil }
  }

  /// A compact JWS with any header text, signed correctly over exactly that text.
  func forged(header: String, payload: [UInt8]? = nil, key: PrivateKey? = nil) throws -> String {
    let input = Base64.encode(Array(header.utf8), .url) + "." + Base64.encode(payload ?? self.payload, .url)
    return input + "." + Base64.encode(try (key ?? self.key).sign(Array(input.utf8)), .url)
  }

  func refusal(_ compact: String, detached: [UInt8]? = nil) -> ErrorCode? {
    do {
      _ = try verify(compact, detached: detached)
      return nil
    } catch {
      return (error as? CausewayError)?.code
    }
  }

  var header: String { #"{"alg":"ES256","kid":"\#(keyID)","typ":"\#(Self.type)"}"# }

  @Test(arguments: KeyKind.allCases)
  func attachedAndDetached(kind: KeyKind) throws {
    let key = try PrivateKey.generate(kind)
    let attached = try JWS.sign(payload: payload, type: Self.type, keyID: "k1", key: key, detached: false)
    let detached = try JWS.sign(payload: payload, type: Self.type, keyID: "k1", key: key, detached: true)
    #expect(detached.contains(".."))
    let first = try JWS.verify(attached, detachedPayload: nil, expectedType: Self.type) { _ in key.publicKey }
    let second = try JWS.verify(detached, detachedPayload: payload, expectedType: Self.type) { _ in key.publicKey }
    #expect(first.payload == payload && second.payload == payload)
    #expect(first.keyID == "k1" && first.key == key.publicKey)
    #expect(second.algorithm == JWS.Algorithm(kind))
  }

  @Test func theHeaderIsCanonical() throws {
    let compact = try JWS.sign(payload: payload, type: Self.type, keyID: keyID, key: key, detached: false)
    let part = try #require(compact.split(separator: ".").first)
    #expect(Base64.decode(part, .url) == Array(header.utf8))
  }

  @Test func theTwinOfAllForgeriesIsAccepted() throws {
    #expect(try verify(forged(header: header)).payload == payload)
    let reordered = #"{"typ": "\#(Self.type)", "kid": "\#(keyID)", "alg": "ES256"}"#
    #expect(try verify(forged(header: reordered)).payload == payload)
  }

  /// W-01: `none` and its spellings, with and without a signature.
  @Test(arguments: ["none", "None", "NONE", "nOnE", "", "es256", "ES256 ", "ES384", "ES512", "ES256K", "Ed25519", "EdDSA\u{0}"])
  func algorithmNone(name: String) throws {
    let escaped = name.replacing("\u{0}", with: #"\u0000"#)
    let text = #"{"alg":"\#(escaped)","kid":"\#(keyID)","typ":"\#(Self.type)"}"#
    #expect(refusal(try forged(header: text)) == "verify.jws_algorithm")
    let unsigned = Base64.encode(Array(text.utf8), .url) + "." + Base64.encode(payload, .url) + "."
    #expect(refusal(unsigned) == "verify.jws_algorithm")
  }

  /// W-02: the public key as an HMAC secret, and the other algorithm on the list.
  @Test func algorithmConfusion() throws {
    for name in ["HS256", "HS384", "RS256", "PS256"] {
      #expect(refusal(try forged(header: #"{"alg":"\#(name)","kid":"\#(keyID)","typ":"\#(Self.type)"}"#)) == "verify.jws_algorithm")
    }
    let other = try PrivateKey.generate(.ed25519)
    let text = #"{"alg":"EdDSA","kid":"\#(keyID)","typ":"\#(Self.type)"}"#
    #expect(refusal(try forged(header: text, key: other)) == "verify.jws_algorithm")
    #expect(refusal(try forged(header: text)) == "verify.jws_algorithm")
  }

  /// W-03: keys brought along or fetched. W-04: crit. W-05: b64. Anything else that is not on the list.
  @Test(arguments: [
    ("jwk", #"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#, "jwk"),
    ("jku", #""http://127.0.0.1/keys""#, "jku"), ("x5u", #""file:///etc/passwd""#, "x5u"), ("x5c", #"["MIIB"]"#, "x5c"),
    ("x5t", #""AA""#, "x5t"), ("x5t#S256", #""AA""#, "x5t#S256"),
    ("crit", "[]", "crit"), ("crit", #"["exp"]"#, "crit"), ("crit", #"["b64"]"#, "crit"), ("crit", #"["alg"]"#, "crit"),
    ("crit", "null", "crit"), ("crit", #""b64""#, "crit"), ("b64", "false", "b64"), ("b64", "true", "b64"), ("cty", #""JWT""#, "cty"),
    ("zip", #""DEF""#, "zip"), ("Alg", #""none""#, "unknown"), ("ALG", #""none""#, "unknown"), ("iat", "1", "unknown"),
    ("", "1", "unknown"),
  ])
  func membersOutsideTheList(name: String, value: String, fact: String) throws {
    let text = #"{"alg":"ES256","kid":"\#(keyID)","\#(name)":\#(value),"typ":"\#(Self.type)"}"#
    let compact = try forged(header: text)
    let error = #expect(throws: CausewayError.self) { try verify(compact) }
    #expect(error?.code == "verify.jws_member")
    #expect(error?.problems.first?.facts["member"] == fact)
  }

  @Test func hostileHeaders() throws {
    let headers: [(String, ErrorCode)] = [
      (#"{"alg":"none","alg":"ES256","kid":"\#(keyID)","typ":"\#(Self.type)"}"#, "verify.jws_header"),
      (#"{"alg":"ES256","kid":"\#(keyID)","kid":"x","typ":"\#(Self.type)"}"#, "verify.jws_header"),
      (#"{"alg":"ES256","kid":"\#(keyID)"}"#, "verify.jws_header"),
      (#"{"alg":"ES256","typ":"\#(Self.type)"}"#, "verify.jws_header"),
      (#"{"kid":"\#(keyID)","typ":"\#(Self.type)"}"#, "verify.jws_header"),
      (#"{"alg":["ES256"],"kid":"\#(keyID)","typ":"\#(Self.type)"}"#, "verify.jws_header"),
      (#"{"alg":"ES256","kid":7,"typ":"\#(Self.type)"}"#, "verify.jws_header"),
      (#"{"alg":"ES256","kid":null,"typ":"\#(Self.type)"}"#, "verify.jws_header"),
      (header + " x", "verify.jws_header"), ("\u{FEFF}" + header, "verify.jws_header"), ("[]", "verify.jws_header"),
      ("\"ES256\"", "verify.jws_header"), ("null", "verify.jws_header"), (header.dropLast() + ",}", "verify.jws_header"),
      (#"{"alg":"ES256","kid":"\#(keyID)","typ":"\#(Self.type)","# + String(repeating: " ", count: 2000) + "}", "verify.jws_header"),
      (#"{"alg":"ES256","kid":"\#(keyID)","typ":"JOSE"}"#, "verify.jws_type"),
      (#"{"alg":"ES256","kid":"\#(keyID)","typ":"application/\#(Self.type)"}"#, "verify.jws_type"),
      (#"{"alg":"ES256","kid":"\#(keyID)","typ":"\#(Self.type.uppercased())"}"#, "verify.jws_type"),
    ]
    for (text, code) in headers { #expect(refusal(try forged(header: text)) == code, "\(text)") }
  }

  /// What is signed for one purpose is not taken for another.
  @Test func typesSeparateDomains() throws {
    let compact = try JWS.sign(payload: payload, type: "causeway-envelope+jws", keyID: keyID, key: key, detached: false)
    #expect(throws: CausewayError("verify.jws_type")) { try verify(compact, type: "causeway-receipt+jws") }
    #expect(try verify(compact, type: "causeway-envelope+jws").payload == payload)
  }

  /// W-06: JSON serialization, and texts that are compact for one reader and JSON for another.
  @Test func polyglots() throws {
    let compact = try forged(header: header)
    let parts = compact.split(separator: ".").map(String.init)
    let flattened = #"{"protected":"\#(parts[0])","payload":"\#(parts[1])","signature":"\#(parts[2])"}"#
    let general = #"{"payload":"\#(parts[1])","signatures":[{"protected":"\#(parts[0])","signature":"\#(parts[2])"}]}"#
    let evil = Base64.encode(Array("evil".utf8), .url)
    let variants = [
      flattened, general, #"{"  \#(parts[0]).":"\#(evil)","protected":"\#(parts[0])","payload":"\#(parts[1])","signature":"\#(parts[2])"}"#,
      compact + ".", "." + compact, compact + ".AAAA", parts[0] + "." + parts[1], compact.replacing(".", with: ".."), "", ".", "..", "...",
      " " + compact, compact + "\n", compact + "\r\n", compact + " ", compact.replacing(".", with: "\u{FF0E}"), compact + "\u{0}",
    ]
    for text in variants { #expect(refusal(text) == "verify.jws_malformed", "\(text)") }
    #expect(refusal(compact) == nil)
  }

  /// W-07: r = s = 0 and wrong lengths, DER instead of the raw form.
  @Test func degenerateSignatures() throws {
    let input = try forged(header: header).split(separator: ".").prefix(2).joined(separator: ".")
    func with(_ signature: [UInt8]) -> ErrorCode? { refusal(input + "." + Base64.encode(signature, .url)) }
    #expect(with([UInt8](repeating: 0, count: 64)) == "verify.jws_signature")
    for length in [0, 1, 32, 63, 65, 70, 71, 72, 96] {
      #expect(with([UInt8](repeating: 0x30, count: length)) == "verify.jws_signature", "length \(length)")
    }
    let valid = try key.sign(Array(input.utf8))
    let der = [0x30, 0x46, 0x02, 0x21, 0x00] + valid.prefix(32) + [0x02, 0x21, 0x00] + valid.suffix(32)
    #expect(with(der) == "verify.jws_signature")
    #expect(with(valid) == nil)
  }

  /// W-08: the twin with n − s verifies, by the standard, and gives the same payload: a message is known by its content. Other texts
  /// for the same bytes are refused.
  @Test func malleability() throws {
    let compact = try forged(header: header)
    let parts = compact.split(separator: ".").map(String.init)
    let signature = try #require(Base64.decode(parts[2], .url))
    let order = try #require(Hex.decode("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551"))
    var twin = Array(signature.prefix(32)) + [UInt8](repeating: 0, count: 32)
    var borrow = 0
    for index in stride(from: 31, through: 0, by: -1) {
      let difference = Int(order[index]) - Int(signature[32 + index]) - borrow
      twin[32 + index] = UInt8(truncatingIfNeeded: difference)
      borrow = difference < 0 ? 1 : 0
    }
    #expect(twin != signature)
    let other = try verify("\(parts[0]).\(parts[1]).\(Base64.encode(twin, .url))")
    #expect(try other.payload == verify(compact).payload)

    // 64 bytes leave four unused bits in the last symbol: one spelling of sixteen is the encoding.
    let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
    let last = try #require(alphabet.firstIndex(of: Character(String(compact.suffix(1)))))
    for offset in 1..<16 {
      let text = compact.dropLast() + String(alphabet[(last & ~15) | ((last + offset) & 15)])
      #expect(refusal(String(text)) == "verify.jws_malformed")
    }
    for padded in [compact + "=", compact + "==", "\(parts[0])=.\(parts[1]).\(parts[2])", "\(parts[0]).\(parts[1])=.\(parts[2])"] {
      #expect(refusal(padded) == "verify.jws_malformed")
    }
    let standard = compact.replacing("-", with: "+").replacing("_", with: "/")
    #expect(standard == compact || refusal(standard) == "verify.jws_malformed")
  }

  /// W-09: a kid is a name to look up, in a narrow alphabet, and nothing else.
  @Test func keyIDInjection() throws {
    let names = [
      "../../etc/passwd", "' OR 1=1 --", "key\\u0000", "key\\r\\nSet-Cookie: a", "http:/x/y", "a b", "caf\u{E9}", "", "%2e%2e", "$(id)",
      String(repeating: "a", count: 129), "unknown-but-well-formed",
    ]
    for name in names {
      let compact = try forged(header: #"{"alg":"ES256","kid":"\#(name)","typ":"\#(Self.type)"}"#)
      #expect(refusal(compact) == "verify.jws_key_unknown", "\(name)")
    }
    var asked: [String] = []
    let compact = try forged(header: #"{"alg":"ES256","kid":"../x","typ":"\#(Self.type)"}"#)
    _ = try? JWS.verify(compact, detachedPayload: nil, expectedType: Self.type) {
      asked.append($0)
      return nil
    }
    #expect(asked.isEmpty, "a name outside the alphabet does not reach the registry")
  }

  /// What the registry says about a key is not hidden behind "unknown".
  @Test func theRegistrysOwnRefusalComesThrough() throws {
    let compact = try forged(header: header)
    #expect(throws: CausewayError("registry.certificate_period")) {
      try JWS.verify(compact, detachedPayload: nil, expectedType: Self.type) { _ throws(CausewayError) in
        throw CausewayError("registry.certificate_period")
      }
    }
  }

  /// W-10: another payload beside the signature; attached where it must be detached and the other way round.
  @Test func payloadSwaps() throws {
    let detached = try JWS.sign(payload: payload, type: Self.type, keyID: keyID, key: key, detached: true)
    #expect(try verify(detached, detached: payload).payload == payload)
    #expect(refusal(detached, detached: Array(#"{"amount":"9000"}"#.utf8)) == "verify.jws_signature")
    #expect(refusal(detached, detached: []) == "verify.jws_signature")
    #expect(refusal(detached, detached: payload + [0x20]) == "verify.jws_signature")
    #expect(refusal(detached) == "verify.jws_payload")
    let attached = try JWS.sign(payload: payload, type: Self.type, keyID: keyID, key: key, detached: false)
    #expect(refusal(attached, detached: payload) == "verify.jws_payload")
    #expect(refusal(attached, detached: Array("other".utf8)) == "verify.jws_payload")
  }

  @Test func anyChangedCharacterIsNoticed() throws {
    let compact = Array(try forged(header: header).utf8)
    for index in compact.indices {
      var changed = compact
      changed[index] = changed[index] == 0x41 ? 0x42 : 0x41
      #expect(refusal(String(decoding: changed, as: UTF8.self)) != nil, "character \(index)")
    }
  }

  @Test func tooLargeIsRefusedBeforeDecoding() {
    let text = String(repeating: "A", count: JWS.limitBytes + 1)
    #expect(refusal(text) == "verify.jws_malformed")
  }
}
