import COpenSSL
import CPKCS11
import Primitives

/// A session with a token. One thread uses it at a time; all functions throw `key.hsm_call`.
struct PKCS11Session: Sendable {
  let module: PKCS11Module
  let handle: CK_SESSION_HANDLE

  /// What became of something wrapped.
  enum Opening {
    case key(SecretKey)
    /// It does not authenticate, or the module is broken: see ``PKCS11ReturnValue/maybeNotAuthentic``.
    case refused(CausewayError)
  }

  func close() { _ = module.functions.C_CloseSession?(handle) }

  // MARK: Keys

  /// The secret keys on the token with that label and, if given, id; at most ten.
  func secretKeys(_ uri: PKCS11URI) throws(CausewayError) -> [CK_OBJECT_HANDLE] {
    var template = PKCS11Template()
    template.add(CKA_CLASS, CKO_SECRET_KEY)
    template.add(CKA_TOKEN, true)
    template.add(CKA_LABEL, uri.object)
    if let id = uri.id { template.add(CKA_ID, id) }
    let code = template.withAttributes { module.functions.C_FindObjectsInit?(handle, $0, $1) }
    try PKCS11ReturnValue.check(code, "C_FindObjectsInit")
    defer { _ = module.functions.C_FindObjectsFinal?(handle) }
    var found: [CK_OBJECT_HANDLE] = []
    while found.count < 10 {
      var (next, count) = (CK_OBJECT_HANDLE(), CK_ULONG(0))
      try PKCS11ReturnValue.check(module.functions.C_FindObjects?(handle, &next, 1, &count), "C_FindObjects")
      guard count == 1 else { break }
      found.append(next)
    }
    return found
  }

  /// - Returns: nil when the object has no such attribute.
  func flag(_ type: CK_ATTRIBUTE_TYPE, of object: CK_OBJECT_HANDLE) throws(CausewayError) -> Bool? {
    try attribute(type, of: object, CK_BBOOL(0)).map { $0 != 0 }
  }

  /// - Returns: nil when the object has no such attribute.
  func number(_ type: CK_ATTRIBUTE_TYPE, of object: CK_OBJECT_HANDLE) throws(CausewayError) -> CK_ULONG? {
    try attribute(type, of: object, CK_ULONG(0))
  }

  private func attribute<Value: BitwiseCopyable>(
    _ type: CK_ATTRIBUTE_TYPE, of object: CK_OBJECT_HANDLE, _ empty: Value
  ) throws(CausewayError) -> Value? {
    var value = empty
    var length: CK_ULONG = 0
    let code = withUnsafeMutableBytes(of: &value) { bytes in
      var attribute = CK_ATTRIBUTE(type: type, pValue: bytes.baseAddress, ulValueLen: CK_ULONG(bytes.count))
      defer { length = attribute.ulValueLen }
      return module.functions.C_GetAttributeValue?(handle, object, &attribute, 1)
    }
    if code == CKR_ATTRIBUTE_TYPE_INVALID { return nil }
    try PKCS11ReturnValue.check(code, "C_GetAttributeValue")
    return length == MemoryLayout<Value>.size ? value : nil
  }

  /// Makes a key of 256 bits for AES inside the token that never leaves it.
  func generateKey(label: [UInt8], id: [UInt8]) throws(CausewayError) {
    var template = PKCS11Template()
    template.add(CKA_CLASS, CKO_SECRET_KEY)
    template.add(CKA_KEY_TYPE, CKK_AES)
    template.add(CKA_VALUE_LEN, CK_ULONG(SecretKey.byteCount))
    template.add(CKA_LABEL, label)
    template.add(CKA_ID, id)
    for type in [CKA_TOKEN, CKA_PRIVATE, CKA_SENSITIVE, CKA_ENCRYPT, CKA_DECRYPT] { template.add(type, true) }
    for type in [CKA_EXTRACTABLE, CKA_MODIFIABLE, CKA_WRAP, CKA_UNWRAP, CKA_SIGN, CKA_VERIFY, CKA_DERIVE] { template.add(type, false) }
    var mechanism = CK_MECHANISM(mechanism: CKM_AES_KEY_GEN, pParameter: nil, ulParameterLen: 0)
    var key = CK_OBJECT_HANDLE()
    let code = template.withAttributes { module.functions.C_GenerateKey?(handle, &mechanism, $0, $1, &key) }
    try PKCS11ReturnValue.check(code, "C_GenerateKey")
  }

  // MARK: AES-GCM

  /// - Parameter nonce: 12 bytes, never the same twice.
  /// - Returns: nonce ‖ ciphertext ‖ tag (16 bytes), as ``SecretKey`` seals.
  func wrap(_ key: SecretKey, with wrapping: CK_OBJECT_HANDLE, nonce: [UInt8], context: [UInt8]) throws(CausewayError) -> [UInt8] {
    // Some modules want more room than they fill.
    var output = [UInt8](repeating: 0, count: SecretKey.byteCount + 64)
    var count = CK_ULONG(output.count)
    var (code, call): (CK_RV?, String) = (nil, "C_EncryptInit")
    key.withBytes { bytes in
      Self.withGCM(nonce, context) { mechanism in
        code = module.functions.C_EncryptInit?(handle, mechanism, wrapping)
        guard code == CKR_OK else { return }
        call = "C_Encrypt"
        let plaintext = UnsafeMutablePointer(mutating: bytes.bindMemory(to: UInt8.self).baseAddress)
        code = module.functions.C_Encrypt?(handle, plaintext, CK_ULONG(bytes.count), &output, &count)
      }
    }
    try PKCS11ReturnValue.check(code, call)
    guard count == SecretKey.byteCount + 16 else { throw PKCS11ReturnValue.error(CKR_DATA_LEN_RANGE, call) }
    return nonce + output.prefix(Int(count))
  }

  /// - Parameter wrapped: 60 bytes, see ``wrap(_:with:nonce:context:)``.
  func unwrap(_ wrapped: [UInt8], with wrapping: CK_OBJECT_HANDLE, context: [UInt8]) throws(CausewayError) -> Opening {
    var sealed = Array(wrapped.dropFirst(12))
    var (code, call): (CK_RV?, String) = (nil, "C_DecryptInit")
    var key: SecretKey?
    // Some modules want room for the tag, too.
    withUnsafeTemporaryAllocation(byteCount: SecretKey.byteCount + 64, alignment: 8) { output in
      defer { OPENSSL_cleanse(output.baseAddress, output.count) }
      var count = CK_ULONG(output.count)
      Self.withGCM(Array(wrapped.prefix(12)), context) { mechanism in
        code = module.functions.C_DecryptInit?(handle, mechanism, wrapping)
        guard code == CKR_OK else { return }
        call = "C_Decrypt"
        code = module.functions.C_Decrypt?(
          handle, &sealed, CK_ULONG(sealed.count), output.bindMemory(to: UInt8.self).baseAddress, &count)
      }
      if code == CKR_OK, count <= output.count { key = SecretKey(copying: UnsafeRawBufferPointer(rebasing: output[..<Int(count)])) }
    }
    if call == "C_Decrypt", let code, PKCS11ReturnValue.maybeNotAuthentic.contains(code) {
      return .refused(PKCS11ReturnValue.error(code, call))
    }
    try PKCS11ReturnValue.check(code, call)
    guard let key else { throw PKCS11ReturnValue.error(CKR_DATA_LEN_RANGE, call) }
    return .key(key)
  }

  /// CKM_AES_GCM with a tag of 128 bits (PKCS #11 2.40 mechanisms §2.12).
  private static func withGCM(_ nonce: [UInt8], _ context: [UInt8], _ body: (UnsafeMutablePointer<CK_MECHANISM>) -> Void) {
    var (nonce, context) = (nonce, context)
    nonce.withUnsafeMutableBufferPointer { nonce in
      context.withUnsafeMutableBufferPointer { context in
        var parameters = CK_GCM_PARAMS(
          pIv: nonce.baseAddress, ulIvLen: CK_ULONG(nonce.count), ulIvBits: CK_ULONG(nonce.count) * 8, pAAD: context.baseAddress,
          ulAADLen: CK_ULONG(context.count), ulTagBits: 128)
        withUnsafeMutablePointer(to: &parameters) { parameters in
          var mechanism = CK_MECHANISM(
            mechanism: CKM_AES_GCM, pParameter: parameters, ulParameterLen: CK_ULONG(MemoryLayout<CK_GCM_PARAMS>.size))
          body(&mechanism)
        }
      }
    }
  }
}

/// Attributes of an object, to look for or to make.
struct PKCS11Template {
  private var attributes: [(type: CK_ATTRIBUTE_TYPE, value: [UInt8])] = []

  mutating func add(_ type: CK_ATTRIBUTE_TYPE, _ value: [UInt8]) { attributes.append((type, value)) }
  mutating func add(_ type: CK_ATTRIBUTE_TYPE, _ value: Bool) { add(type, [value ? 1 : 0]) }
  mutating func add(_ type: CK_ATTRIBUTE_TYPE, _ value: CK_ULONG) { add(type, withUnsafeBytes(of: value) { Array($0) }) }

  /// Lends the attributes as modules take them, their values side by side in memory that is aligned for each.
  func withAttributes<Result>(_ body: (UnsafeMutablePointer<CK_ATTRIBUTE>?, CK_ULONG) -> Result) -> Result {
    let size = attributes.reduce(0) { $0 + ($1.value.count + 7) / 8 * 8 }
    return withUnsafeTemporaryAllocation(byteCount: max(size, 8), alignment: 8) { memory in
      var offset = 0
      var list = attributes.map { attribute in
        let place = UnsafeMutableRawBufferPointer(rebasing: memory[offset..<offset + attribute.value.count])
        place.copyBytes(from: attribute.value)
        offset += (attribute.value.count + 7) / 8 * 8
        return CK_ATTRIBUTE(type: attribute.type, pValue: place.baseAddress, ulValueLen: CK_ULONG(attribute.value.count))
      }
      return list.withUnsafeMutableBufferPointer { body($0.baseAddress, CK_ULONG($0.count)) }
    }
  }
}
