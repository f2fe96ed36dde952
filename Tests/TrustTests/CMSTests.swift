import Primitives
import Testing

@testable import Trust

/// That the signatures hold is checked with OpenSSL's own program, in EndToEndTests.
@Suite struct CMSTests {
  private func certificate(of key: PrivateKey) throws -> Certificate {
    let from = try #require(Instant(rfc3339: "2026-11-01T00:00:00.000Z"))
    let authority = try CertificateAuthority.create(name: "Test authority", from: from, days: 30)
    return try authority.issue(subject: "signing", key: key.publicKey, profile: .signing, from: from, days: 30)
  }

  @Test func signsWithTheKeyOfTheCertificate() throws {
    let key = try PrivateKey.generate(.p256)
    let certificate = try certificate(of: key)
    let signature = try CMS.sign(Array("content".utf8), certificate: certificate, key: key)
    // Detached, and with the certificate.
    let text = String(decoding: signature, as: UTF8.self)
    #expect(signature.starts(with: [0x30]) && !text.contains("content"))
    #expect(signature.count > certificate.der.count)
    #expect(throws: CausewayError("key.mismatch")) {
      try CMS.sign(Array("content".utf8), certificate: certificate, key: try PrivateKey.generate(.p256))
    }
    #expect(try !CMS.sign([], certificate: certificate, key: key).isEmpty)
  }

  @Test func refusesKeysThatMakeNoSuchSignatures() throws {
    let key = try PrivateKey.generate(.ed25519)
    let certificate = try certificate(of: key)
    #expect(throws: CausewayError("key.unsupported")) { try CMS.sign([1], certificate: certificate, key: key) }
  }
}
