import Primitives
import Testing
import Trust

@Suite struct KeyTests {
  let message = Array("one declaration, two-side clearance".utf8)

  @Test(arguments: KeyKind.allCases)
  func signatureVerifiesAndNothingElseDoes(kind: KeyKind) throws {
    let key = try PrivateKey.generate(kind)
    let signature = try key.sign(message)
    #expect(signature.count == 64)
    #expect(key.publicKey.verify(signature, message))
    #expect(!key.publicKey.verify(signature, message + [0]))
    #expect(!key.publicKey.verify(signature, []))
    #expect(!(try PrivateKey.generate(kind)).publicKey.verify(signature, message))
    for index in 0..<64 {
      var changed = signature
      changed[index] ^= 1
      #expect(!key.publicKey.verify(changed, message), "byte \(index)")
    }
    for length in [0, 1, 32, 63, 65, 72, 128] {
      let resized = Array((signature + signature).prefix(length))
      #expect(!key.publicKey.verify(resized, message), "length \(length)")
    }
    #expect(key.publicKey.verify(signature, message), "the key still verifies after refusals")
  }

  @Test(arguments: KeyKind.allCases)
  func keysSurvivePEM(kind: KeyKind) throws {
    let key = try PrivateKey.generate(kind)
    let pem = key.pem().exposed
    #expect(pem.hasPrefix("-----BEGIN PRIVATE KEY-----\n"))
    let again = try PrivateKey(pem: pem)
    #expect(again.publicKey == key.publicKey)
    #expect(key.publicKey.verify(try again.sign(message), message))
    #expect(try PublicKey(pem: key.publicKey.pem) == key.publicKey)
    #expect(try PublicKey(spki: key.publicKey.spki).fingerprint == SHA256.hash(key.publicKey.spki))
  }

  @Test func rawEd25519() throws {
    let key = try PrivateKey.generate(.ed25519).publicKey
    let raw = try #require(key.rawEd25519)
    #expect(raw.count == 32)
    #expect(try PublicKey(rawEd25519: raw) == key)
    #expect(try PrivateKey.generate(.p256).publicKey.rawEd25519 == nil)
    #expect(throws: CausewayError("key.malformed")) { try PublicKey(rawEd25519: [1, 2, 3]) }
  }

  /// RFC 8032 §7.1, test 3.
  @Test func publishedEd25519() throws {
    let point = try #require(Hex.decode("fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025"))
    let signature = try #require(
      Hex.decode(
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
          + "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"))
    #expect(try PublicKey(rawEd25519: point).verify(signature, [0xAF, 0x82]))
    #expect(try !PublicKey(rawEd25519: point).verify(signature, [0xAF, 0x83]))
  }

  @Test func p256EdgeValuesAreRefused() throws {
    let key = try PrivateKey.generate(.p256)
    let order = try #require(Hex.decode("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551"))
    let zero = [UInt8](repeating: 0, count: 32)
    let one = zero.dropLast() + [1]
    let full = [UInt8](repeating: 0xFF, count: 32)
    for r in [zero, Array(one), order, full] {
      for s in [zero, Array(one), order, full] { #expect(!key.publicKey.verify(r + s, message)) }
    }
    let valid = try key.sign(message)
    #expect(!key.publicKey.verify(zero + valid.suffix(32), message))
    #expect(!key.publicKey.verify(valid.prefix(32) + zero, message))
    #expect(key.publicKey.verify(valid, message))
  }

  /// A signature by one kind of key says nothing for the other kind.
  @Test func kindsDoNotMix() throws {
    let p256 = try PrivateKey.generate(.p256)
    let ed25519 = try PrivateKey.generate(.ed25519)
    #expect(!p256.publicKey.verify(try ed25519.sign(message), message))
    #expect(!ed25519.publicKey.verify(try p256.sign(message), message))
  }

  @Test(arguments: [
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0100000000000000000000000000000000000000000000000000000000000000",
    "0100000000000000000000000000000000000000000000000000000000000080",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
  ])
  func smallOrderPointsAreNoKeys(hex: String) throws {
    let point = try #require(Hex.decode(hex))
    #expect(throws: CausewayError("key.malformed")) { try PublicKey(rawEd25519: point) }
  }

  @Test func onlyOneEncodingOfAPublicKey() throws {
    let spki = try PrivateKey.generate(.p256).publicKey.spki
    #expect(try PublicKey(spki: spki).kind == .p256)
    #expect(throws: CausewayError("key.unsupported")) { try PublicKey(spki: spki + [0]) }
    #expect(throws: CausewayError("key.unsupported")) { try PublicKey(spki: spki.dropLast()) }
    #expect(throws: CausewayError("key.unsupported")) { try PublicKey(spki: []) }
    var offCurve = spki
    offCurve[90] ^= 1
    #expect(throws: CausewayError("key.malformed")) { try PublicKey(spki: offCurve) }
    // secp256k1 in place of P-256.
    let other = try #require(
      Hex.decode(
        "3056301006072a8648ce3d020106052b8104000a03420004"
          + "79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798"
          + "483ada7726a3c4655da4fbfc0e1108a8fd17b448a68554199c47d08ffb10d4b8"))
    #expect(throws: CausewayError("key.unsupported")) { try PublicKey(spki: other) }
  }

  @Test func hostilePEM() throws {
    let pem = try PrivateKey.generate(.p256).pem().exposed
    let variants: [(String, ErrorCode)] = [
      ("", "key.pem"), ("no key", "key.pem"), (pem + pem, "key.pem"), ("Bag Attributes\n" + pem, "key.pem"),
      (pem.replacing("PRIVATE", with: "ENCRYPTED PRIVATE"), "key.pem"), (String(pem.dropLast(30)), "key.pem"),
      ("-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----\n", "key.pem"),
      ("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", "key.malformed"),
    ]
    for (text, code) in variants {
      let error = #expect(throws: CausewayError.self) { try PrivateKey(pem: text) }
      #expect(error?.code == code)
    }
    #expect(throws: CausewayError("key.pem")) { try PublicKey(pem: pem) }
    #expect(try PrivateKey(pem: "\r\n" + pem.replacing("\n", with: "\r\n")).kind == .p256)
  }

  @Test func keysOfOtherKindsAreRefused() throws {
    // RFC 8410-style PKCS #8 with the X25519 identifier: a key agreement key, not a signature key.
    let x25519 = try #require(Hex.decode("302e020100300506032b656e04220420" + String(repeating: "77", count: 32)))
    let pem = "-----BEGIN PRIVATE KEY-----\n\(Base64.encode(x25519))\n-----END PRIVATE KEY-----\n"
    #expect(throws: CausewayError("key.unsupported")) { try PrivateKey(pem: pem) }
  }

  /// A PKCS #8 file whose public half is another key's: signing with it would give the private key away.
  @Test func mismatchedHalvesAreRefused() throws {
    func der(_ pem: String) throws -> [UInt8] {
      try #require(Base64.decode(pem.split(separator: "\n").dropFirst().dropLast().joined()))
    }
    let first = try der(PrivateKey.generate(.p256).pem().exposed)
    let second = try der(PrivateKey.generate(.p256).pem().exposed)
    #expect(first.count == 138)
    func pem(_ der: [UInt8]) -> String { "-----BEGIN PRIVATE KEY-----\n\(Base64.encode(der))\n-----END PRIVATE KEY-----\n" }
    let crossed = Array(first.dropLast(64) + second.suffix(64))
    let error = #expect(throws: CausewayError.self) { try PrivateKey(pem: pem(crossed)) }
    #expect(error?.code == "key.mismatch" || error?.code == "key.malformed")
    #expect(try PrivateKey(pem: pem(first)).kind == .p256)
  }

  @Test func printingAKeyShowsNothing() throws {
    let key = try PrivateKey.generate(.p256)
    #expect("\(key)" == "private key \(key.publicKey.fingerprint.hex)")
    #expect("\(key.pem())" == "redacted")
  }

  @Test func oneKeySignsOnManyThreads() async throws {
    for kind in KeyKind.allCases {
      let key = try PrivateKey.generate(kind)
      let message = message
      try await withThrowingTaskGroup(of: Bool.self) { group in
        for worker in 0..<8 {
          group.addTask {
            try (0..<100).allSatisfy { index in
              let text = message + [UInt8(worker), UInt8(index)]
              return key.publicKey.verify(try key.sign(text), text)
            }
          }
        }
        for try await allValid in group { #expect(allValid) }
      }
    }
  }
}
