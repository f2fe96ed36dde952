import COpenSSL
package import Primitives
import Synchronization

/// Checks that a certificate was issued under one of a fixed set of trust anchors (RFC 5280 §6, by OpenSSL).
///
/// Uses nothing but what it is given: no files, no network, no clock. Revocation is by the registry, where a certificate that is
/// taken out, or whose registered period ends, is no longer accepted; CRLs and OCSP are not read.
///
/// - Complexity: a first check costs a few signature verifications; the positive verdict is kept by fingerprint together with the
///   period for which every certificate of the path is valid, so that later checks cost a look-up.
package final class CertificateVerifier: Sendable {
  package let anchors: [Certificate]
  private let store: StoreOwner
  private let verdicts = Mutex<[Question: Range<Instant>]>([:])

  private struct Question: Hashable {
    var leaf: Digest
    var usage: Certificate.Usage
  }

  /// Verdicts kept; when there are more, all are forgotten and made anew.
  private static let limitVerdicts = 4096
  /// Certificates between the one in question and an anchor.
  private static let limitDepth: Int32 = 4

  package init(anchors: [Certificate]) {
    self.anchors = anchors
    store = StoreOwner(anchors)
  }

  /// - Parameters:
  ///   - intermediates: certificates that the other side sent along; believed only as far as the anchors vouch for them.
  ///   - usage: what the certificate is about to be used for; see ``Certificate/allows(_:)``.
  /// - Throws: `verify.certificate_usage`, `verify.certificate_not_yet_valid`, `verify.certificate_expired` (of any certificate of the
  ///   path), or `verify.certificate_chain` with OpenSSL's reason.
  package func verify(
    _ certificate: Certificate, intermediates: [Certificate] = [], for usage: Certificate.Usage, at instant: Instant
  ) throws(CausewayError) {
    guard certificate.allows(usage) else { throw CausewayError("verify.certificate_usage", facts: ["usage": usage.rawValue]) }
    let question = Question(leaf: certificate.fingerprint, usage: usage)
    if let period = verdicts.withLock({ $0[question] }), period.contains(instant) { return }
    let period = try buildPath(certificate, intermediates, usage, instant)
    verdicts.withLock {
      if $0.count >= Self.limitVerdicts { $0.removeAll() }
      $0[question] = period
    }
  }

  /// - Returns: the period for which the whole path is valid.
  private func buildPath(
    _ certificate: Certificate, _ intermediates: [Certificate], _ usage: Certificate.Usage, _ instant: Instant
  ) throws(CausewayError) -> Range<Instant> {
    let context = OpenSSL.require(X509_STORE_CTX_new(), "X509_STORE_CTX_new")
    defer { X509_STORE_CTX_free(context) }
    let untrusted = OpenSSL.require(OPENSSL_sk_new_null(), "OPENSSL_sk_new_null")
    defer { OPENSSL_sk_free(untrusted) }
    for intermediate in intermediates.prefix(16) { OPENSSL_sk_push(untrusted, UnsafeRawPointer(intermediate.pointer)) }
    OpenSSL.require(X509_STORE_CTX_init(context, store.pointer, certificate.pointer, untrusted), "X509_STORE_CTX_init")

    let parameters = X509_STORE_CTX_get0_param(context)
    X509_VERIFY_PARAM_set_time(parameters, CertificateTime.seconds(instant))
    X509_VERIFY_PARAM_set_depth(parameters, Self.limitDepth)
    X509_VERIFY_PARAM_set_flags(parameters, UInt(X509_V_FLAG_X509_STRICT))
    // 112 bits: RSA-2048 and P-224 upwards, SHA-256 upwards.
    X509_VERIFY_PARAM_set_auth_level(parameters, 2)
    let purpose =
      switch usage {
      case .tlsServer: X509_PURPOSE_SSL_SERVER
      case .tlsClient: X509_PURPOSE_SSL_CLIENT
      case .signing: X509_PURPOSE_ANY
      }
    X509_VERIFY_PARAM_set_purpose(parameters, purpose)

    let result = X509_verify_cert(context)
    guard result == 1 else { throw Self.refusal(X509_STORE_CTX_get_error(context)) }
    var from = certificate.notBefore
    var to = certificate.notAfter
    let path = X509_STORE_CTX_get0_chain(context)
    for index in 0..<OPENSSL_sk_num(path) {
      let member = OPENSSL_sk_value(path, index).map { OpaquePointer($0) }
      guard let start = CertificateTime.read(X509_get0_notBefore(member)), let end = CertificateTime.read(X509_get0_notAfter(member))
      else { throw CausewayError("verify.certificate_chain") }
      from = max(from, start)
      to = min(to, end)
    }
    guard from < to else { throw CausewayError("verify.certificate_chain") }
    return from..<to
  }

  private static func refusal(_ error: Int32) -> CausewayError {
    OpenSSL.discardErrors()
    switch error {
    case X509_V_ERR_CERT_NOT_YET_VALID: return CausewayError("verify.certificate_not_yet_valid")
    case X509_V_ERR_CERT_HAS_EXPIRED: return CausewayError("verify.certificate_expired")
    default:
      let reason = X509_verify_cert_error_string(Int(error)).map { String(cString: $0) } ?? "no reason given"
      return CausewayError("verify.certificate_chain", facts: ["reason": reason])
    }
  }
}

/// Owner of one `X509_STORE`. Sendable by hand: filled in `init`, only read afterwards, and OpenSSL locks its own caches.
private final class StoreOwner: @unchecked Sendable {
  let pointer = OpenSSL.require(X509_STORE_new(), "X509_STORE_new")

  init(_ anchors: [Certificate]) {
    for anchor in anchors { OpenSSL.require(X509_STORE_add_cert(pointer, anchor.pointer), "X509_STORE_add_cert") }
  }

  deinit { X509_STORE_free(pointer) }
}
