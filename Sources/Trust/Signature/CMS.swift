import COpenSSL
package import Primitives

/// Detached signatures in CMS (RFC 5652) as ETSI containers hold them: CAdES baseline B (EN 319 122-1 §6), with the signer's certificate, and
/// its digest among what is signed (ESS signing-certificate-v2, RFC 5035).
package enum CMS {
  /// - Parameter content: what is signed; it travels elsewhere.
  /// - Returns: DER of the `ContentInfo`.
  /// - Throws: `key.unsupported` for an Ed25519 key, with which OpenSSL 3.0 makes no such signatures; `key.mismatch` when the key is not the
  ///   certificate's; `key.signing`.
  package static func sign(_ content: [UInt8], certificate: Certificate, key: PrivateKey) throws(CausewayError) -> [UInt8] {
    guard key.kind == .p256 else { throw CausewayError("key.unsupported") }
    guard certificate.publicKey?.spki == key.publicKey.spki else { throw CausewayError("key.mismatch") }
    let der = content.withUnsafeBufferPointer { buffer -> [UInt8]? in
      let bio = OpenSSL.require(BIO_new_mem_buf(buffer.baseAddress, Int32(buffer.count)), "BIO_new_mem_buf")
      defer { BIO_free_all(bio) }
      let flags = UInt32(CMS_BINARY | CMS_DETACHED)
      guard let cms = CMS_sign(nil, nil, nil, bio, flags | UInt32(CMS_PARTIAL)) else { return nil }
      defer { CMS_ContentInfo_free(cms) }
      let signer = CMS_add1_signer(cms, certificate.pointer, key.handle.pointer, EVP_sha256(), flags | UInt32(CMS_CADES | CMS_NOSMIMECAP))
      guard signer != nil, CMS_final(cms, bio, nil, flags) == 1 else { return nil }
      return OpenSSL.der { i2d_CMS_ContentInfo(cms, $0) }
    }
    guard let der else { throw OpenSSL.failure("key.signing") }
    return der
  }
}
