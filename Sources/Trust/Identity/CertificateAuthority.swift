import COpenSSL
package import Primitives

/// A small certification authority: what the demo and the tests issue their certificates with.
///
/// Real partners bring certificates of their own authorities; the gateway needs only the registry to accept them.
package struct CertificateAuthority: Sendable {
  package let certificate: Certificate
  package let key: PrivateKey

  package enum Profile: Sendable {
    /// TLS in both directions: gateways are server and client to each other.
    case tls
    case tlsServer
    case tlsClient
    /// Signing messages, receipts and registries (RFC 9336 document signing).
    case signing
  }

  /// - Throws: `key.mismatch` when the key is not the certificate's; `verify.certificate_usage` when the certificate is no CA's.
  package init(certificate: Certificate, key: PrivateKey) throws(CausewayError) {
    guard certificate.isCA else { throw CausewayError("verify.certificate_usage", facts: ["usage": "issuing"]) }
    guard certificate.publicKey == key.publicKey else { throw CausewayError("key.mismatch") }
    self.certificate = certificate
    self.key = key
  }

  /// A new authority with a self-signed certificate that may issue no further authorities.
  ///
  /// - Parameters:
  ///   - name: common name. 1 to 64 characters.
  ///   - days: length of the period, 1 to 36 500.
  /// - Throws: `key.generation`; `key.issuing` when a parameter is not as stated.
  package static func create(
    name: String, kind: KeyKind = .p256, from: Instant, days: Int
  ) throws(CausewayError) -> CertificateAuthority {
    let key = try PrivateKey.generate(kind)
    let draft = try CertificateDraft(commonName: name, key: key.publicKey, from: from, days: days)
    try draft.add(NID_basic_constraints, "critical,CA:TRUE,pathlen:0")
    try draft.add(NID_key_usage, "critical,keyCertSign,cRLSign")
    try draft.add(NID_subject_key_identifier, "hash")
    return try CertificateAuthority(certificate: draft.sign(issuer: nil, key: key), key: key)
  }

  /// Issues a certificate for a public key.
  ///
  /// - Parameters:
  ///   - subject: common name. 1 to 64 characters.
  ///   - dnsNames: host names for the subject alternative name: letters, digits, `-`, `.`, a leading `*.`.
  ///   - ipAddresses: IPv4 or IPv6 in text form.
  ///   - days: length of the period, 1 to 36 500.
  /// - Throws: `key.issuing` when a parameter is not as stated.
  package func issue(
    subject: String, key subjectKey: PublicKey, profile: Profile, dnsNames: [String] = [], ipAddresses: [String] = [],
    from: Instant, days: Int
  ) throws(CausewayError) -> Certificate {
    let draft = try CertificateDraft(commonName: subject, key: subjectKey, from: from, days: days)
    try draft.add(NID_basic_constraints, "critical,CA:FALSE")
    try draft.add(NID_key_usage, "critical,digitalSignature")
    let usages =
      switch profile {
      case .tls: "serverAuth,clientAuth"
      case .tlsServer: "serverAuth"
      case .tlsClient: "clientAuth"
      case .signing: ObjectIdentifierText.documentSigning
      }
    try draft.add(NID_ext_key_usage, usages)
    try draft.add(NID_subject_key_identifier, "hash")
    try draft.add(NID_authority_key_identifier, "keyid:always", issuer: certificate)
    var names: [String] = []
    for name in dnsNames { names.append(try Self.checked(name, "DNS", "*-.")) }
    for address in ipAddresses { names.append(try Self.checked(address, "IP", ":.")) }
    if !names.isEmpty { try draft.add(NID_subject_alt_name, names.joined(separator: ",")) }
    return try draft.sign(issuer: certificate, key: key)
  }

  /// OpenSSL's configuration language gives commas and colons a meaning: only the characters of a name get through.
  private static func checked(_ text: String, _ kind: String, _ punctuation: String) throws(CausewayError) -> String {
    let allowed = text.utf8.allSatisfy { byte in
      (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte) || punctuation.utf8.contains(byte)
    }
    guard allowed, (1...253).contains(text.utf8.count) else { throw CausewayError("key.issuing", facts: ["parameter": kind]) }
    return "\(kind):\(text)"
  }
}

/// Owner of an `X509` that is being filled in.
private final class CertificateDraft {
  private let pointer: OpaquePointer

  init(commonName: String, key: PublicKey, from: Instant, days: Int) throws(CausewayError) {
    pointer = OpenSSL.require(X509_new(), "X509_new")
    guard (1...36_500).contains(days) else { throw CausewayError("key.issuing", facts: ["parameter": "days"]) }
    OpenSSL.require(X509_set_version(pointer, 2), "X509_set_version")
    try setSerial()
    try setName(commonName)
    try setPeriod(from, from.adding(seconds: Int64(days) * 86_400))
    guard X509_set_pubkey(pointer, key.handle.pointer) == 1 else { throw OpenSSL.failure("key.issuing") }
  }

  deinit { X509_free(pointer) }

  /// 127 random bits: positive and, for all purposes, unique (RFC 5280 §4.1.2.2).
  private func setSerial() throws(CausewayError) {
    var bytes = SecureRandom.bytes(16)
    bytes[0] = bytes[0] & 0x7F | 0x40
    let number = OpenSSL.require(BN_bin2bn(bytes, 16, nil), "BN_bin2bn")
    defer { BN_free(number) }
    guard BN_to_ASN1_INTEGER(number, X509_get_serialNumber(pointer)) != nil else { throw OpenSSL.failure("key.issuing") }
  }

  private func setName(_ commonName: String) throws(CausewayError) {
    let bytes = Array(commonName.utf8)
    guard !bytes.isEmpty,
      X509_NAME_add_entry_by_txt(X509_get_subject_name(pointer), "CN", causeway_MBSTRING_UTF8, bytes, Int32(bytes.count), -1, 0) == 1
    else { throw OpenSSL.failure("key.issuing", facts: ["parameter": "name"]) }
  }

  private func setPeriod(_ from: Instant, _ to: Instant) throws(CausewayError) {
    guard let start = ASN1_TIME_set(nil, CertificateTime.seconds(from)) else { throw OpenSSL.failure("key.issuing") }
    defer { ASN1_STRING_free(start) }
    guard let end = ASN1_TIME_set(nil, CertificateTime.seconds(to)) else { throw OpenSSL.failure("key.issuing") }
    defer { ASN1_STRING_free(end) }
    guard X509_set1_notBefore(pointer, start) == 1, X509_set1_notAfter(pointer, end) == 1 else { throw OpenSSL.failure("key.issuing") }
  }

  func add(_ nid: Int32, _ value: String, issuer: Certificate? = nil) throws(CausewayError) {
    var context = X509V3_CTX()
    X509V3_set_ctx(&context, issuer?.pointer ?? pointer, pointer, nil, nil, 0)
    guard let extensionPointer = X509V3_EXT_conf_nid(nil, &context, nid, value) else { throw OpenSSL.failure("key.issuing") }
    defer { X509_EXTENSION_free(extensionPointer) }
    guard X509_add_ext(pointer, extensionPointer, -1) == 1 else { throw OpenSSL.failure("key.issuing") }
  }

  /// - Parameter issuer: nil for a self-signed certificate.
  func sign(issuer: Certificate?, key: PrivateKey) throws(CausewayError) -> Certificate {
    let name = X509_get_subject_name(issuer?.pointer ?? pointer)
    let digest = key.kind == .p256 ? Algorithm.sha256.pointer : nil
    guard X509_set_issuer_name(pointer, name) == 1, X509_sign(pointer, key.handle.pointer, digest) > 0,
      let der = OpenSSL.der({ i2d_X509(pointer, $0) })
    else { throw OpenSSL.failure("key.issuing") }
    return try Certificate(der: der)
  }
}
