import COpenSSL
package import Primitives

/// A time-stamp that a trusted authority has signed: what has this digest was there at this time. Only verification makes one.
///
/// - SeeAlso: RFC 3161; RFC 5816 for `ESSCertIDv2`.
package struct TimeStamp: Hashable, Sendable {
  package let token: TimeStampToken

  fileprivate init(unchecked token: TimeStampToken) { self.token = token }
}

extension TimeStampToken {
  /// Checks that one of the authorities, or whom it has certified to give time-stamps, has signed this token for a digest.
  ///
  /// Uses nothing but what it is given, so it says the same years later: certificates are judged at the token's own time. Revocation is
  /// not looked at. A signer's certificate must have the critical extended key usage `timeStamping` and no other, and its digest must be
  /// among what is signed (`ESSCertID` or `ESSCertIDv2`).
  ///
  /// - Parameters:
  ///   - imprint: SHA-256 of what is thought to be stamped.
  ///   - authorities: certificates of certification authorities, roots or others. Pinned by the caller, never taken from the token.
  /// - Throws: `timestamp.imprint` when it stamps something else; `timestamp.malformed` when the signature is not of the form that is
  ///   taken here; `timestamp.signature` when signature or signer do not hold.
  /// - Important: not implemented: RSA-PSS and EdDSA, which OpenSSL 3.0 does not verify in tokens.
  package func verify(stamping imprint: Digest, authorities: [Certificate]) throws(CausewayError) -> TimeStamp {
    guard imprint == self.imprint else { throw CausewayError("timestamp.imprint") }
    let content = try TimeStampContent(der: der)
    try Self.checkForm(content.token.pointee.d.sign)
    let context = OpenSSL.require(TS_VERIFY_CTX_new(), "TS_VERIFY_CTX_new")
    defer { TS_VERIFY_CTX_free(context) }
    TS_VERIFY_CTX_set_flags(context, Int32(TS_VFY_VERSION | TS_VFY_SIGNATURE | TS_VFY_SIGNER))
    // The context owns the store from here on.
    TS_VERIFY_CTX_set_store(context, store(of: authorities))
    guard TS_RESP_verify_token(context, content.token) == 1 else { throw OpenSSL.failure("timestamp.signature") }
    try Self.checkSignerName(content.token)
    OpenSSL.discardErrors()
    return TimeStamp(unchecked: self)
  }

  /// OpenSSL finds the signer's certificate by its issuer whatever the case and type of the letters; one token has one form.
  private static func checkSignerName(_ token: UnsafeMutablePointer<PKCS7>) throws(CausewayError) {
    let signers = PKCS7_get0_signers(token, nil, 0)
    defer { OPENSSL_sk_free(signers) }
    guard let signer = OPENSSL_sk_value(signers, 0), let info = OPENSSL_sk_value(token.pointee.d.sign.pointee.signer_info, 0) else {
      throw malformed("signers")
    }
    let named = info.assumingMemoryBound(to: PKCS7_SIGNER_INFO.self).pointee.issuer_and_serial.pointee.issuer
    let issuer = X509_get_issuer_name(OpaquePointer(signer))
    guard OpenSSL.der({ i2d_X509_NAME(named, $0) }) == OpenSSL.der({ i2d_X509_NAME(issuer, $0) }) else { throw malformed("signers") }
  }

  private func store(of authorities: [Certificate]) -> OpaquePointer {
    let store = OpenSSL.require(X509_STORE_new(), "X509_STORE_new")
    for authority in authorities { OpenSSL.require(X509_STORE_add_cert(store, authority.pointer), "X509_STORE_add_cert") }
    let parameters = X509_STORE_get0_param(store)
    // Rounded down, as a certificate's last second is inside.
    X509_VERIFY_PARAM_set_time(parameters, CertificateTime.seconds(time))
    X509_VERIFY_PARAM_set_depth(parameters, 4)
    // Each authority given is one to begin from, also when another has certified it.
    X509_VERIFY_PARAM_set_flags(parameters, UInt(X509_V_FLAG_X509_STRICT | X509_V_FLAG_PARTIAL_CHAIN))
    // 112 bits: RSA-2048 and P-224 upwards, SHA-256 upwards.
    X509_VERIFY_PARAM_set_auth_level(parameters, 2)
    return store
  }

  /// What OpenSSL's verification of tokens leaves open. Without it there would be more than one form of a token that says the same, and a
  /// signature over other content could be shown as one over this (RFC 5652 §5.3, §11.1; draft-vangeest-lamps-cms-euf-cma-signeddata).
  private static func checkForm(_ signed: UnsafeMutablePointer<PKCS7_SIGNED>) throws(CausewayError) {
    guard ASN1_INTEGER_get(signed.pointee.version) == 3 else { throw malformed("version") }
    guard signed.pointee.crl == nil else { throw malformed("revocation lists") }
    guard OPENSSL_sk_num(signed.pointee.signer_info) == 1, let first = OPENSSL_sk_value(signed.pointee.signer_info, 0) else {
      throw malformed("signers")
    }
    let signer = first.assumingMemoryBound(to: PKCS7_SIGNER_INFO.self)
    guard ASN1_INTEGER_get(signer.pointee.version) == 1 else { throw malformed("version") }
    guard signer.pointee.unauth_attr == nil else { throw malformed("unsigned attributes") }
    try checkAlgorithms(signed, signer)
    let attributes = signer.pointee.auth_attr
    for identifier in [NID_pkcs9_contentType, NID_pkcs9_messageDigest] {
      let place = X509at_get_attr_by_NID(attributes, identifier, -1)
      guard place >= 0, X509at_get_attr_by_NID(attributes, identifier, place) < 0,
        X509_ATTRIBUTE_count(X509at_get_attr(attributes, place)) == 1
      else { throw malformed("signed attributes") }
    }
    guard let type = PKCS7_get_signed_attribute(signer, NID_pkcs9_contentType), type.pointee.type == V_ASN1_OBJECT,
      OBJ_obj2nid(type.pointee.value.object) == NID_id_smime_ct_TSTInfo
    else { throw malformed("content type") }
  }

  private static func checkAlgorithms(
    _ signed: UnsafeMutablePointer<PKCS7_SIGNED>, _ signer: UnsafeMutablePointer<PKCS7_SIGNER_INFO>
  ) throws(CausewayError) {
    guard OPENSSL_sk_num(signed.pointee.md_algs) == 1, let listed = OPENSSL_sk_value(signed.pointee.md_algs, 0),
      let digest = signer.pointee.digest_alg, let signature = signer.pointee.digest_enc_alg
    else { throw malformed("algorithms") }
    let algorithms = [listed.assumingMemoryBound(to: X509_ALGOR.self), digest, signature]
    guard algorithms.allSatisfy({ hasNoParameters($0) }) else { throw malformed("algorithms") }
    let (first, second, third) = (
      OBJ_obj2nid(algorithms[0].pointee.algorithm), OBJ_obj2nid(digest.pointee.algorithm), OBJ_obj2nid(signature.pointee.algorithm)
    )
    guard first == second, [NID_sha256, NID_sha384, NID_sha512].contains(second) else { throw malformed("algorithms") }
    guard third != NID_rsaEncryption else { return }
    // The digest of the signature's algorithm must be the one that is taken.
    var (digestOfSignature, key): (Int32, Int32) = (0, 0)
    guard OBJ_find_sigid_algs(third, &digestOfSignature, &key) == 1, digestOfSignature == second,
      [NID_rsaEncryption, NID_X9_62_id_ecPublicKey].contains(key)
    else { throw malformed("algorithms") }
  }
}

/// A question to a time-stamp authority, for one digest and one answer.
///
/// - SeeAlso: RFC 3161 §2.4.1.
package struct TimeStampRequest: Sendable {
  package let imprint: Digest
  /// What is sent.
  package let der: [UInt8]
  private let nonce: String

  package static let mediaType = "application/timestamp-query"
  package static let answerMediaType = "application/timestamp-reply"

  /// Asks for the authority's certificates too, so that the token can be verified by itself.
  ///
  /// - Parameter imprint: SHA-256 of what is to be stamped.
  package init(stamping imprint: Digest) {
    let request = OpenSSL.require(TS_REQ_new(), "TS_REQ_new")
    defer { TS_REQ_free(request) }
    let algorithm = OpenSSL.require(X509_ALGOR_new(), "X509_ALGOR_new")
    defer { X509_ALGOR_free(algorithm) }
    OpenSSL.require(X509_ALGOR_set0(algorithm, OBJ_nid2obj(NID_sha256), V_ASN1_NULL, nil), "X509_ALGOR_set0")
    let stated = OpenSSL.require(TS_MSG_IMPRINT_new(), "TS_MSG_IMPRINT_new")
    defer { TS_MSG_IMPRINT_free(stated) }
    var bytes = imprint.bytes
    OpenSSL.require(TS_MSG_IMPRINT_set_algo(stated, algorithm), "TS_MSG_IMPRINT_set_algo")
    OpenSSL.require(TS_MSG_IMPRINT_set_msg(stated, &bytes, Int32(bytes.count)), "TS_MSG_IMPRINT_set_msg")
    let random = SecureRandom.bytes(16)
    let number = OpenSSL.require(BN_bin2bn(random, Int32(random.count), nil), "BN_bin2bn")
    defer { BN_free(number) }
    let nonce = OpenSSL.require(BN_to_ASN1_INTEGER(number, nil), "BN_to_ASN1_INTEGER")
    defer { ASN1_INTEGER_free(nonce) }
    OpenSSL.require(TS_REQ_set_version(request, 1), "TS_REQ_set_version")
    OpenSSL.require(TS_REQ_set_msg_imprint(request, stated), "TS_REQ_set_msg_imprint")
    OpenSSL.require(TS_REQ_set_nonce(request, nonce), "TS_REQ_set_nonce")
    OpenSSL.require(TS_REQ_set_cert_req(request, 1), "TS_REQ_set_cert_req")
    self.imprint = imprint
    self.nonce = OpenSSL.require(TimeStampToken.hexadecimal(nonce), "BN_bn2hex")
    der = OpenSSL.require(OpenSSL.der { i2d_TS_REQ(request, $0) }, "i2d_TS_REQ")
  }

  /// Reads the authority's answer to this question.
  ///
  /// - Throws: `timestamp.rejected` (fact `status`) when the authority gave none; `timestamp.nonce` when it answers another question; the
  ///   codes of `TimeStampToken.init` and `TimeStampToken.verify`.
  package func verify(_ answer: [UInt8], authorities: [Certificate]) throws(CausewayError) -> TimeStamp {
    guard answer.count <= TimeStampToken.limitBytes else { throw TimeStampToken.malformed("size") }
    let response = answer.withUnsafeBufferPointer { buffer in
      var cursor = buffer.baseAddress
      return d2i_TS_RESP(nil, &cursor, buffer.count)
    }
    guard let response else { throw TimeStampToken.malformed("answer") }
    defer { TS_RESP_free(response) }
    guard OpenSSL.der({ i2d_TS_RESP(response, $0) }) == answer else { throw TimeStampToken.malformed("not DER") }
    // RFC 3161 §2.4.2: granted, grantedWithMods.
    let status = ASN1_INTEGER_get(TS_STATUS_INFO_get0_status(TS_RESP_get_status_info(response)))
    guard [0, 1].contains(status) else { throw CausewayError("timestamp.rejected", facts: ["status": String(status)]) }
    guard let signed = TS_RESP_get_token(response), let der = OpenSSL.der({ i2d_PKCS7(signed, $0) }) else {
      throw TimeStampToken.malformed("no token")
    }
    let token = try TimeStampToken(der: der)
    guard let stated = token.nonce, stated.hasSameBytes(as: nonce) else { throw CausewayError("timestamp.nonce") }
    return try token.verify(stamping: imprint, authorities: authorities)
  }
}
