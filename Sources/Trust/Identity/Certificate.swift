import COpenSSL
package import Primitives

/// An X.509 version 3 certificate (RFC 5280), parsed once by OpenSSL; what the gateway asks of it is read at that time.
///
/// Says what the certificate claims. Whether to believe it is for ``CertificateVerifier`` or the registry to say.
///
/// Sendable by hand: OpenSSL's object is complete after `init` (its own lazy caches are filled there) and is never changed.
package final class Certificate: @unchecked Sendable {
  /// The bytes of the certificate, in DER. Length: at most ``limitBytes``.
  package let der: [UInt8]
  /// SHA-256 of ``der``.
  package let fingerprint: Digest
  /// Distinguished names as text (RFC 4514). For people; identity is decided by fingerprints.
  package let subject: String
  package let issuer: String
  /// Serial number: lower-case hexadecimal, no leading zeros beyond one byte; `-` in front when negative.
  package let serial: String
  /// The period in which the certificate may be used, both ends included. Resolution: seconds.
  package let notBefore: Instant
  package let notAfter: Instant
  /// nil when the key is of a kind that gateways do not sign messages with, such as RSA; TLS may still use it.
  package let publicKey: PublicKey?
  /// SHA-256 of the DER `SubjectPublicKeyInfo`, for any kind of key.
  package let spkiFingerprint: Digest
  /// Object identifiers in dotted form; nil when the certificate has no such extension.
  package let extendedKeyUsages: [String]?
  /// Bits of RFC 5280 §4.2.1.3 as OpenSSL numbers them; nil when the certificate has no such extension.
  let keyUsage: UInt32?
  package let isCA: Bool

  let pointer: OpaquePointer

  package static let limitBytes = 64 << 10

  /// - Parameter der: exactly one certificate, nothing after it.
  /// - Throws: `key.certificate_malformed` when it is no well-formed certificate of version 3, is longer than ``limitBytes``,
  ///   or has a malformed or repeated extension.
  package convenience init(der: [UInt8]) throws(CausewayError) {
    guard der.count <= Self.limitBytes else { throw CausewayError("key.certificate_malformed") }
    var consumed = 0
    let pointer = der.withUnsafeBufferPointer { buffer in
      var cursor = buffer.baseAddress
      let result = d2i_X509(nil, &cursor, buffer.count)
      if let cursor, let start = buffer.baseAddress { consumed = cursor - start }
      return result
    }
    guard let pointer else { throw OpenSSL.failure("key.certificate_malformed") }
    guard consumed == der.count else {
      X509_free(pointer)
      throw CausewayError("key.certificate_malformed", facts: ["reason": "trailing bytes"])
    }
    try self.init(owning: pointer)
  }

  /// Reads one PEM `CERTIFICATE` block.
  ///
  /// - Throws: `key.pem`; `key.certificate_malformed`.
  package convenience init(pem: String) throws(CausewayError) {
    try self.init(der: try PEM.singleBlock(pem, label: "CERTIFICATE"))
  }

  /// Reads a file of PEM `CERTIFICATE` blocks, in order.
  package static func list(pem: String) throws(CausewayError) -> [Certificate] {
    var certificates: [Certificate] = []
    for der in try PEM.blocks(pem, label: "CERTIFICATE") { certificates.append(try Certificate(der: der)) }
    return certificates
  }

  package var pem: String { PEM.encode(der, label: "CERTIFICATE") }

  /// The name that a signature made with this certificate's key carries as `kid`: the fingerprint in hexadecimal.
  package var keyID: String { fingerprint.hex }

  package func isValid(at instant: Instant) -> Bool {
    // notAfter names a second that is still inside (RFC 5280 §4.1.2.5).
    notBefore <= instant && instant < notAfter.adding(seconds: 1)
  }

  /// What the certificate may be used for.
  package enum Usage: String, Sendable {
    case tlsServer, tlsClient
    /// Signing messages: the digital signature bit, and no extended usage that makes it a TLS certificate.
    case signing
  }

  /// Whether key usage and extended key usage allow `usage`. A CA certificate is for nothing but issuing; for TLS the extended
  /// usage must be stated, so that no other certificate becomes one by silence.
  package func allows(_ usage: Usage) -> Bool {
    guard !isCA, (keyUsage ?? 0) & UInt32(KU_DIGITAL_SIGNATURE) != 0 else { return false }
    let extended = extendedKeyUsages ?? []
    return switch usage {
    case .tlsServer: extended.contains(ObjectIdentifierText.serverAuth)
    case .tlsClient: extended.contains(ObjectIdentifierText.clientAuth)
    case .signing:
      publicKey != nil
        && ![ObjectIdentifierText.serverAuth, ObjectIdentifierText.clientAuth, ObjectIdentifierText.any].contains { extended.contains($0) }
    }
  }

  init(owning pointer: OpaquePointer) throws(CausewayError) {
    self.pointer = pointer
    // Fills OpenSSL's cache of extensions and marks what could not be read.
    _ = X509_check_purpose(pointer, -1, 0)
    let flags = X509_get_extension_flags(pointer)
    guard X509_get_version(pointer) == 2, flags & UInt32(EXFLAG_INVALID) == 0,
      let der = OpenSSL.der({ i2d_X509(pointer, $0) }),
      let spki = OpenSSL.der({ i2d_X509_PUBKEY(X509_get_X509_PUBKEY(pointer), $0) }),
      let subject = Self.text(X509_get_subject_name(pointer)), let issuer = Self.text(X509_get_issuer_name(pointer)),
      let serial = Self.hexadecimal(X509_get0_serialNumber(pointer)),
      let notBefore = CertificateTime.read(X509_get0_notBefore(pointer)), let notAfter = CertificateTime.read(X509_get0_notAfter(pointer))
    else {
      X509_free(pointer)
      throw OpenSSL.failure("key.certificate_malformed")
    }
    self.der = der
    fingerprint = SHA256.hash(der)
    self.subject = subject
    self.issuer = issuer
    self.serial = serial
    self.notBefore = notBefore
    self.notAfter = notAfter
    spkiFingerprint = SHA256.hash(spki)
    publicKey = try? PublicKey(spki: spki)
    keyUsage = flags & UInt32(EXFLAG_KUSAGE) == 0 ? nil : X509_get_key_usage(pointer)
    extendedKeyUsages = flags & UInt32(EXFLAG_XKUSAGE) == 0 ? nil : Self.usages(pointer)
    isCA = flags & UInt32(EXFLAG_CA) != 0
    OpenSSL.discardErrors()
    // RFC 5280 §4.1.2.2: positive, at most 20 octets. Old private roots with serial number 0 exist and do no harm.
    guard isCA || (serial.utf8.count <= 40 && !serial.hasPrefix("-") && serial.utf8.contains { $0 != 0x30 }) else {
      throw CausewayError("key.certificate_malformed", facts: ["reason": "serial number"])
    }
  }

  deinit { X509_free(pointer) }

  private static func text(_ name: OpaquePointer?) -> String? {
    OpenSSL.text { X509_NAME_print_ex($0, name, 0, causeway_XN_FLAG_RFC2253) >= 0 ? 1 : 0 }
  }

  private static func hexadecimal(_ number: UnsafePointer<ASN1_INTEGER>?) -> String? {
    guard let value = ASN1_INTEGER_to_BN(number, nil) else { return nil }
    defer { BN_free(value) }
    guard let text = BN_bn2hex(value) else { return nil }
    defer { CRYPTO_free(text, nil, 0) }
    return String(cString: text).lowercased()
  }

  private static func usages(_ pointer: OpaquePointer) -> [String] {
    guard let stack = X509_get_ext_d2i(pointer, NID_ext_key_usage, nil, nil) else { return [] }
    let list = OpaquePointer(stack)
    defer { EXTENDED_KEY_USAGE_free(list) }
    return (0..<OPENSSL_sk_num(list)).compactMap { index in
      guard let object = OPENSSL_sk_value(list, index) else { return nil }
      return withUnsafeTemporaryAllocation(of: CChar.self, capacity: 128) { buffer in
        let length = OBJ_obj2txt(buffer.baseAddress, 128, OpaquePointer(object), 1)
        return length > 0 && length < 128 ? String(cString: buffer.baseAddress!) : nil
      }
    }
  }
}

extension Certificate: Hashable {
  package static func == (left: Certificate, right: Certificate) -> Bool { left.der == right.der }
  package func hash(into hasher: inout Swift.Hasher) { hasher.combine(fingerprint) }
}

/// Object identifiers of extended key usages, dotted.
enum ObjectIdentifierText {
  /// RFC 5280 §4.2.1.12.
  static let any = "2.5.29.37.0"
  static let serverAuth = "1.3.6.1.5.5.7.3.1"
  static let clientAuth = "1.3.6.1.5.5.7.3.2"
  /// RFC 9336: signing documents, which a declaration is.
  static let documentSigning = "1.3.6.1.5.5.7.3.36"
}

/// X.509 times (RFC 5280 §4.1.2.5) and ours.
enum CertificateTime {
  static func read(_ time: UnsafePointer<ASN1_TIME>?) -> Instant? {
    var fields = tm()
    guard let time, ASN1_TIME_to_tm(time, &fields) == 1,
      let days = CivilDate.toDays(year: Int64(fields.tm_year) + 1900, month: Int64(fields.tm_mon) + 1, day: Int64(fields.tm_mday))
    else { return nil }
    let seconds = ((days * 24 + Int64(fields.tm_hour)) * 60 + Int64(fields.tm_min)) * 60 + Int64(fields.tm_sec)
    return Instant(milliseconds: seconds * 1000)
  }

  /// Seconds since 1970, rounded down.
  static func seconds(_ instant: Instant) -> Int {
    let quotient = instant.milliseconds / 1000
    return Int(instant.milliseconds % 1000 < 0 ? quotient - 1 : quotient)
  }
}
