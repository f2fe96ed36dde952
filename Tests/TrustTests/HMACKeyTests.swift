import Primitives
import Testing
import Trust

@Suite struct HMACKeyTests {
  /// Known answers: RFC 4231 test cases 1 to 3 with their keys filled up with zeros, which HMAC does itself (RFC 2104 §2).
  @Test func knownAnswers() throws {
    let cases: [(key: [UInt8], text: [UInt8], code: String)] = [
      ([UInt8](repeating: 0x0B, count: 20), Array("Hi There".utf8), "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"),
      (
        Array("Jefe".utf8), Array("what do ya want for nothing?".utf8), "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
      ),
      (
        [UInt8](repeating: 0xAA, count: 20), [UInt8](repeating: 0xDD, count: 50),
        "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"
      ),
    ]
    for (key, text, code) in cases {
      let filled = try #require(HMACKey(key + [UInt8](repeating: 0, count: 32 - key.count)))
      let authenticator = HMACKey.Authenticator(filled)
      // One authenticator gives the same again, whatever it was asked between.
      #expect(authenticator.code(of: text).hex == code)
      #expect(authenticator.code(of: []).hex != code)
      #expect(authenticator.code(of: text).hex == code)
    }
  }

  /// Contexts are made and used on many threads at once: nothing that OpenSSL is told may point to what is gone by then.
  @Test func manyAtOnce() async throws {
    let key = try #require(HMACKey(Array("Jefe".utf8) + [UInt8](repeating: 0, count: 28)))
    let codes = await withTaskGroup(of: Set<Digest>.self, returning: Set<Digest>.self) { group in
      for _ in 0..<16 {
        group.addTask {
          Set((0..<2000).map { _ in HMACKey.Authenticator(key).code(of: Array("what do ya want for nothing?".utf8)) })
        }
      }
      return await group.reduce(into: Set<Digest>()) { $0.formUnion($1) }
    }
    #expect(codes.map { $0.hex } == ["5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"])
  }

  @Test func keysAreSecretAndWhole() {
    #expect(HMACKey([UInt8](repeating: 0, count: 31)) == nil)
    #expect(HMACKey([UInt8](repeating: 0, count: 33)) == nil)
    let key = HMACKey.random()
    #expect(key != HMACKey.random())
    #expect("\(key.bytes)" == "redacted")
  }
}
