import Primitives
import Testing
import Trust

@Suite struct DigestTests {
  /// FIPS 180-4 example messages and RFC 6234 §8.5.
  @Test(arguments: [
    ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
    ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
    (
      "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
      "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
    ),
  ])
  func publishedDigests(text: String, hex: String) {
    #expect(SHA256.hash(text).hex == hex)
    #expect(SHA256.hash(Array(text.utf8)).hex == hex)
    #expect(SHA256.hash(Array(text.utf8)[...]).hex == hex)
    let hasher = SHA256.Hasher()
    for byte in text.utf8 { hasher.update([byte]) }
    #expect(hasher.finish().hex == hex)
    #expect(hasher.finish() == SHA256.hash(""))
  }

  @Test func millionLetters() {
    let hasher = SHA256.Hasher()
    for _ in 0..<1000 { hasher.update([UInt8](repeating: 0x61, count: 1000)) }
    #expect(hasher.finish().hex == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0")
  }

  @Test func prefixedFormsAreTheConcatenation() {
    let left = SHA256.hash("left")
    let right = SHA256.hash("right")
    #expect(SHA256.hash(prefix: 1, left, right) == SHA256.hash([1] + left.bytes + right.bytes))
    #expect(SHA256.hash(prefix: 0, left.bytes) == SHA256.hash([0] + left.bytes))
    #expect(SHA256.hash(prefix: 0, []) == SHA256.hash([0]))
  }

  @Test func concurrentDigestsDoNotMix() async {
    let expected = (0..<64).map { SHA256.hash([UInt8](repeating: UInt8($0), count: 100)) }
    await withTaskGroup(of: Bool.self) { group in
      for _ in 0..<8 {
        group.addTask {
          (0..<2000).allSatisfy { SHA256.hash([UInt8](repeating: UInt8($0 % 64), count: 100)) == expected[$0 % 64] }
        }
      }
      for await same in group { #expect(same) }
    }
  }

  @Test func randomBytesHaveTheirLengthAndDiffer() {
    #expect(SecureRandom.bytes(0).isEmpty)
    #expect(SecureRandom.bytes(33).count == 33)
    #expect(Set((0..<1000).map { _ in SecureRandom.bytes(16) }).count == 1000)
  }

  @Test func constantTimeComparisonIsEquality() {
    #expect(constantTimeEqual([], []))
    #expect(constantTimeEqual([1, 2], [1, 2]))
    #expect(!constantTimeEqual([1, 2], [1, 3]))
    #expect(!constantTimeEqual([1, 2], [1, 2, 3]))
  }
}
