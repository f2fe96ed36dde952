import Primitives
import Testing

@testable import Trust

@Suite struct SecretKeyTests {
  private let place = Array("message details 1".utf8)

  private func key(_ hex: String) throws -> SecretKey { try #require(Hex.decode(hex).flatMap(SecretKey.init(bytes:))) }

  /// Test case 16 of the specification of GCM (McGrew and Viega): AES-256, nonce of 96 bits, authenticated data.
  @Test func publishedCiphertextOpens() throws {
    let key = try key("feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308")
    let plaintext =
      "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39"
    let sealed =
      "cafebabefacedbaddecaf888522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0a"
      + "bcc9f66276fc6ece0f4e1768cddf8853bb2d551b"
    let context = try #require(Hex.decode("feedfacedeadbeeffeedfacedeadbeefabaddad2"))
    #expect(key.open(try #require(Hex.decode(sealed)), context: context).map { Hex.encode($0) } == plaintext)
  }

  /// RFC 4231, test case 2: HMAC fills a short key with zeros.
  @Test func publishedMAC() throws {
    let key = try #require(SecretKey(bytes: Array("Jefe".utf8) + [UInt8](repeating: 0, count: 28)))
    #expect(
      key.mac(Array("what do ya want for nothing?".utf8)).hex == "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843")
  }

  @Test(arguments: [0, 1, 16, 17, 100_000]) func opensWhatItSealed(length: Int) {
    let key = SecretKey.random()
    let plaintext = SecureRandom.bytes(length)
    let sealed = key.seal(plaintext, context: place)
    #expect(sealed.count == length + SecretKey.sealOverhead)
    #expect(key.open(sealed, context: place) == plaintext)
    // Each time under another nonce.
    #expect(key.seal(plaintext, context: place) != sealed)
  }

  @Test func everyChangedByteIsFound() {
    let key = SecretKey.random()
    let sealed = key.seal(Array("UCR 6CN2026".utf8), context: place)
    for index in sealed.indices {
      for bit in 0..<8 {
        var changed = sealed
        changed[index] ^= 1 << bit
        #expect(key.open(changed, context: place) == nil, "byte \(index), bit \(bit)")
      }
    }
    for count in sealed.indices { #expect(key.open(Array(sealed[..<count]), context: place) == nil, "cut to \(count)") }
    #expect(key.open(sealed + [0], context: place) == nil)
    #expect(key.open(sealed, context: place + [0]) == nil)
    #expect(SecretKey.random().open(sealed, context: place) == nil)
    #expect(key.open(sealed, context: place) != nil)
  }

  @Test func manyThreadsSealAtOnce() async {
    let key = SecretKey.random()
    let texts = (0..<64).map { Array("text \($0)".utf8) }
    let opened = await withTaskGroup(of: (Int, [UInt8]?).self) { group in
      for (index, text) in texts.enumerated() {
        group.addTask { (index, key.open(key.seal(text, context: [UInt8(index)]), context: [UInt8(index)])) }
      }
      return await group.reduce(into: [Int: [UInt8]]()) { $0[$1.0] = $1.1 }
    }
    #expect(texts.indices.allSatisfy { opened[$0] == texts[$0] })
  }

  // MARK: Wrapping

  @Test func aWrappedKeyIsForOneThing() throws {
    let storage = FileKeyEncryptionKey.generate()
    let key = SecretKey.random()
    let (first, second) = (Array("clearance 1".utf8), Array("clearance 2".utf8))
    let wrapped = try storage.wrap(key, for: first)
    let sealed = key.seal([1, 2, 3], context: place)
    #expect(try storage.unwrap(wrapped, for: first)?.open(sealed, context: place) == [1, 2, 3])
    #expect(try storage.unwrap(wrapped, for: second) == nil)
    #expect(try FileKeyEncryptionKey.generate().unwrap(wrapped, for: first) == nil)
    for index in wrapped.indices {
      var changed = wrapped
      changed[index] ^= 0x80
      #expect(try storage.unwrap(changed, for: first) == nil, "byte \(index)")
    }
    #expect(try storage.unwrap([], for: first) == nil)
    #expect(try storage.unwrap(storage.wrap(key, for: first) + [0], for: first) == nil)
    #expect(!wrapped.indices.contains { wrapped[$0...].starts(with: key.exposed) })
  }

  @Test func theKeyFileIsReadStrictly() throws {
    let storage = FileKeyEncryptionKey.generate()
    let pem = storage.pem().exposed
    let wrapped = try storage.wrap(.random(), for: place)
    #expect(try FileKeyEncryptionKey(pem: pem).unwrap(wrapped, for: place) != nil)
    let short = PEM.encode([UInt8](repeating: 1, count: 31), label: "CAUSEWAY STORAGE KEY")
    let long = PEM.encode([UInt8](repeating: 1, count: 33), label: "CAUSEWAY STORAGE KEY")
    for text in [short, long] { #expect(throws: CausewayError("key.malformed")) { try FileKeyEncryptionKey(pem: text) } }
    for text in ["", pem + pem, try PrivateKey.generate(.p256).pem().exposed, "x" + pem] {
      #expect { try FileKeyEncryptionKey(pem: text) } throws: { ($0 as? CausewayError)?.code == "key.pem" }
    }
  }

  @Test func aKeyIsNeverShown() {
    let key = SecretKey.random()
    #expect("\(key) \(String(reflecting: key))".contains("secret key"))
    var dumped = ""
    dump(key, to: &dumped)
    #expect(!dumped.contains("memory") && dumped.utf8.count < 100)
    #expect("\(FileKeyEncryptionKey.generate().pem())" == "redacted")
  }
}
