import Primitives
import Testing
import Trust

@Suite struct BearerTokenTests {
  @Test func aTokenMatchesWhatWasStoredOfIt() {
    let token = BearerToken.generate().exposed
    #expect(token.hasPrefix("cwt_") && token.utf8.count == 47)
    let stored = BearerToken.stored(token)
    #expect(stored.utf8.count == 7 + 32 + 1 + 64)
    #expect(!stored.contains(token.dropFirst(4)))
    #expect(BearerToken.isStored(stored))
    #expect(BearerToken.verify(token, against: stored))
    #expect(BearerToken.stored(token) != stored, "each entry has its own salt")
    #expect(!BearerToken.verify(BearerToken.generate().exposed, against: stored))
    #expect(!BearerToken.verify(String(token.dropLast()), against: stored))
    #expect(!BearerToken.verify(token + " ", against: stored))
    #expect(!BearerToken.verify("", against: stored))
    #expect(!BearerToken.verify(stored, against: stored))
    #expect(!BearerToken.verify(String(repeating: "a", count: 1 << 20), against: stored))
  }

  @Test(arguments: [
    "", "sha256", "sha256::", "cwt_plain", "sha256:00:00", "sha1:00112233445566778899aabbccddeeff:" + String(repeating: "0", count: 64),
    "sha256:00112233445566778899aabbccddeeff:" + String(repeating: "0", count: 63), "sha256:00112233445566778899aabbccddeeff:",
    "sha256:00112233445566778899AABBCCDDEEFF:" + String(repeating: "0", count: 64),
    "sha256:00112233445566778899aabbccddeeff:" + String(repeating: "0", count: 64) + ":",
  ])
  func malformedEntriesMatchNothing(stored: String) {
    #expect(!BearerToken.isStored(stored))
    #expect(!BearerToken.verify("", against: stored))
    #expect(!BearerToken.verify(stored, against: stored))
  }
}
