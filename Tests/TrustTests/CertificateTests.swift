import Primitives
import Testing
import Trust

@Suite struct CertificateTests {
  let pki: TestPKI
  var now: Instant { TestPKI.now }

  init() throws { pki = try TestPKI() }

  @Test func whatACertificateSays() throws {
    let certificate = pki.cn.tls
    #expect(certificate.subject == "CN=gateway.cn.example")
    #expect(certificate.issuer == "CN=CN test authority")
    #expect(certificate.notBefore == TestPKI.start)
    #expect(certificate.notAfter == TestPKI.start.adding(seconds: 90 * 86_400))
    #expect(certificate.publicKey == pki.cn.tlsKey.publicKey)
    #expect(certificate.fingerprint == SHA256.hash(certificate.der))
    #expect(certificate.keyID == certificate.fingerprint.hex)
    #expect(certificate.spkiFingerprint == pki.cn.tlsKey.publicKey.fingerprint)
    #expect(certificate.extendedKeyUsages == ["1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2"])
    #expect(pki.cn.signing.extendedKeyUsages == ["1.3.6.1.5.5.7.3.36"])
    #expect(!certificate.isCA && pki.cn.authority.certificate.isCA)
    #expect(certificate.serial.utf8.count == 32 && certificate.serial != pki.cn.signing.serial)
    #expect(try Certificate(pem: certificate.pem) == certificate)
    #expect(try Certificate.list(pem: certificate.pem + pki.cn.signing.pem) == [certificate, pki.cn.signing])
  }

  @Test func validityIncludesBothEnds() {
    let certificate = pki.cn.tls
    #expect(!certificate.isValid(at: certificate.notBefore.adding(milliseconds: -1)))
    #expect(certificate.isValid(at: certificate.notBefore))
    #expect(certificate.isValid(at: certificate.notAfter.adding(milliseconds: 999)))
    #expect(!certificate.isValid(at: certificate.notAfter.adding(seconds: 1)))
  }

  @Test func usagesDoNotMix() throws {
    #expect(pki.cn.tls.allows(.tlsServer) && pki.cn.tls.allows(.tlsClient) && !pki.cn.tls.allows(.signing))
    #expect(pki.cn.signing.allows(.signing) && !pki.cn.signing.allows(.tlsServer) && !pki.cn.signing.allows(.tlsClient))
    for usage in [Certificate.Usage.tlsServer, .tlsClient, .signing] { #expect(!pki.cn.authority.certificate.allows(usage)) }
    let key = pki.cn.tlsKey.publicKey
    let server = try pki.cn.authority.issue(subject: "s", key: key, profile: .tlsServer, from: now, days: 1)
    let client = try pki.cn.authority.issue(subject: "c", key: key, profile: .tlsClient, from: now, days: 1)
    #expect(server.allows(.tlsServer) && !server.allows(.tlsClient))
    #expect(client.allows(.tlsClient) && !client.allows(.tlsServer))
  }

  @Test func pathsLeadToTheAnchorOrAreRefused() throws {
    let verifier = CertificateVerifier(anchors: [pki.cn.authority.certificate])
    try verifier.verify(pki.cn.tls, for: .tlsClient, at: now)
    try verifier.verify(pki.cn.tls, for: .tlsServer, at: now)
    try verifier.verify(pki.cn.signing, for: .signing, at: now)
    try verifier.verify(pki.cn.tls, for: .tlsClient, at: now.adding(seconds: 60))
    #expect(throws: CausewayError("verify.certificate_chain")) { try verifier.verify(pki.sg.tls, for: .tlsClient, at: now) }
    #expect(throws: CausewayError("verify.certificate_usage")) { try verifier.verify(pki.cn.tls, for: .signing, at: now) }
    #expect(throws: CausewayError("verify.certificate_usage")) { try verifier.verify(pki.cn.signing, for: .tlsClient, at: now) }
    #expect(throws: CausewayError("verify.certificate_usage")) {
      try verifier.verify(pki.cn.authority.certificate, for: .tlsServer, at: now)
    }
  }

  /// The kept verdict holds for the period of the path, not for ever.
  @Test func timeIsAskedEachTime() throws {
    let verifier = CertificateVerifier(anchors: [pki.cn.authority.certificate])
    let certificate = pki.cn.tls
    #expect(throws: CausewayError("verify.certificate_not_yet_valid")) {
      try verifier.verify(certificate, for: .tlsClient, at: certificate.notBefore.adding(seconds: -1))
    }
    try verifier.verify(certificate, for: .tlsClient, at: now)
    try verifier.verify(certificate, for: .tlsClient, at: certificate.notAfter.adding(seconds: -1))
    for _ in 0..<2 {
      #expect(throws: CausewayError("verify.certificate_expired")) {
        try verifier.verify(certificate, for: .tlsClient, at: certificate.notAfter.adding(seconds: 1))
      }
      #expect(throws: CausewayError("verify.certificate_not_yet_valid")) {
        try verifier.verify(certificate, for: .tlsClient, at: certificate.notBefore.adding(seconds: -1))
      }
    }
  }

  /// P-03: another authority of the same name.
  @Test func sameNameIsNotSameAuthority() throws {
    let twin = try CertificateAuthority.create(name: "CN test authority", from: TestPKI.start, days: 365)
    #expect(twin.certificate.subject == pki.cn.authority.certificate.subject)
    let forged = try twin.issue(
      subject: "gateway.cn.example", key: pki.sg.tlsKey.publicKey, profile: .tls, dnsNames: ["gateway.cn.example"],
      from: TestPKI.start, days: 90)
    let verifier = CertificateVerifier(anchors: [pki.cn.authority.certificate])
    #expect(throws: CausewayError("verify.certificate_chain")) { try verifier.verify(forged, for: .tlsClient, at: now) }
    #expect(throws: CausewayError("verify.certificate_chain")) {
      try verifier.verify(forged, intermediates: [twin.certificate], for: .tlsClient, at: now)
    }
    try verifier.verify(pki.cn.tls, intermediates: [twin.certificate], for: .tlsClient, at: now)
  }

  @Test func anEndEntityIssuesNothing() throws {
    #expect(throws: CausewayError("verify.certificate_usage")) {
      try CertificateAuthority(certificate: pki.cn.signing, key: pki.cn.signingKey)
    }
    #expect(throws: CausewayError("key.mismatch")) {
      try CertificateAuthority(certificate: pki.cn.authority.certificate, key: pki.sg.authority.key)
    }
  }

  @Test func malformedCertificates() throws {
    let der = pki.cn.tls.der
    let huge = [UInt8](repeating: 0x30, count: 70_000)
    let texts: [[UInt8]] = [[], [0x30], [0x30, 0x00], der.dropLast(), der + [0], [0x30, 0x80] + der, huge]
    for bytes in texts {
      #expect(throws: CausewayError("key.certificate_malformed")) { try Certificate(der: bytes) }
    }
    #expect(throws: CausewayError("key.pem")) { try Certificate(pem: pki.cn.tls.pem + pki.cn.tls.pem) }
    #expect(throws: CausewayError("key.pem")) { try Certificate(pem: pki.cn.tlsKey.pem().exposed) }
    #expect(throws: CausewayError("key.pem")) { try Certificate.list(pem: pki.cn.tls.pem + pki.cn.tlsKey.pem().exposed) }
  }

  /// One changed byte anywhere: not readable, or not vouched for by the authority; the untouched twin is.
  @Test func anyChangedByteIsNoticed() throws {
    let verifier = CertificateVerifier(anchors: [pki.cn.authority.certificate])
    let der = pki.cn.tls.der
    for index in der.indices {
      var changed = der
      changed[index] ^= 0x01
      guard let certificate = try? Certificate(der: changed) else { continue }
      #expect(throws: CausewayError.self, "byte \(index)") { try verifier.verify(certificate, for: .tlsClient, at: now) }
    }
    try verifier.verify(Certificate(der: der), for: .tlsClient, at: now)
  }

  @Test func issuingRefusesOddParameters() throws {
    let authority = pki.cn.authority
    let key = pki.cn.tlsKey.publicKey
    for name in ["a,IP:10.0.0.1", "a b", "dirName:x", "", "é.example", "a\u{0}b", "a\nb"] {
      #expect(throws: CausewayError("key.issuing"), "\(name)") {
        try authority.issue(subject: "x", key: key, profile: .tls, dnsNames: [name], from: now, days: 1)
      }
    }
    for address in ["10.0.0.256", "::1::", "host", "10.0.0.1,DNS:evil.example"] {
      #expect(throws: CausewayError("key.issuing"), "\(address)") {
        try authority.issue(subject: "x", key: key, profile: .tls, ipAddresses: [address], from: now, days: 1)
      }
    }
    #expect(throws: CausewayError("key.issuing")) { try authority.issue(subject: "", key: key, profile: .tls, from: now, days: 1) }
    #expect(throws: CausewayError("key.issuing")) {
      try authority.issue(subject: String(repeating: "x", count: 65), key: key, profile: .tls, from: now, days: 1)
    }
    #expect(throws: CausewayError("key.issuing")) { try authority.issue(subject: "x", key: key, profile: .tls, from: now, days: 0) }
    let chinese = try authority.issue(
      subject: "中国海关 网关", key: key, profile: .tls, ipAddresses: ["::1", "10.0.0.1"], from: now, days: 1)
    try CertificateVerifier(anchors: [authority.certificate]).verify(chinese, for: .tlsServer, at: now)
  }

  @Test func ed25519AuthoritiesAndYearsPast2050() throws {
    let authority = try CertificateAuthority.create(name: "long", kind: .ed25519, from: TestPKI.start, days: 30_000)
    let key = try PrivateKey.generate(.ed25519)
    let leaf = try authority.issue(subject: "leaf", key: key.publicKey, profile: .signing, from: TestPKI.start, days: 20_000)
    #expect(leaf.notAfter == TestPKI.start.adding(seconds: 20_000 * 86_400))
    let verifier = CertificateVerifier(anchors: [authority.certificate])
    try verifier.verify(leaf, for: .signing, at: Instant(rfc3339: "2070-01-01T00:00:00Z")!)
    #expect(throws: CausewayError("verify.certificate_expired")) {
      try verifier.verify(leaf, for: .signing, at: Instant(rfc3339: "2090-01-01T00:00:00Z")!)
    }
  }
}
