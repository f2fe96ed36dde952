import CPKCS11
import Primitives

/// A token in a slot, as it was found.
struct PKCS11Token: Sendable {
  let module: PKCS11Module
  let slot: CK_SLOT_ID
  let flags: CK_FLAGS

  /// - Throws: `key.hsm_call`.
  func openSession(canWrite: Bool = false) throws(CausewayError) -> PKCS11Session {
    var handle = CK_SESSION_HANDLE()
    let flags = CK_FLAGS(CKF_SERIAL_SESSION) | (canWrite ? CK_FLAGS(CKF_RW_SESSION) : 0)
    try PKCS11ReturnValue.check(module.functions.C_OpenSession?(slot, flags, nil, nil, &handle), "C_OpenSession")
    return PKCS11Session(module: module, handle: handle)
  }

  /// Logs the process in, which holds for all its sessions with the token until the last of them is closed.
  ///
  /// - Parameter pin: asked for only when the token wants one.
  /// - Throws: `key.hsm_pin` when the PIN is refused, and without trying when a wrong one would lock the token; what `pin` throws;
  ///   `key.hsm_call`.
  func login(_ session: PKCS11Session, _ pin: () throws(CausewayError) -> Redacted<[UInt8]>) throws(CausewayError) {
    guard flags & CK_FLAGS(CKF_LOGIN_REQUIRED) != 0 else { return }
    for (flag, name) in [(CKF_USER_PIN_LOCKED, "CKF_USER_PIN_LOCKED"), (CKF_USER_PIN_FINAL_TRY, "CKF_USER_PIN_FINAL_TRY")]
    where flags & CK_FLAGS(flag) != 0 {
      throw CausewayError("key.hsm_pin", facts: ["code": name])
    }
    var bytes = try pin().exposed
    let code = module.functions.C_Login?(session.handle, CKU_USER, &bytes, CK_ULONG(bytes.count))
    if let code, PKCS11ReturnValue.refusesPIN.contains(code) {
      throw CausewayError("key.hsm_pin", facts: ["code": PKCS11ReturnValue.name(code)])
    }
    if code != CKR_USER_ALREADY_LOGGED_IN { try PKCS11ReturnValue.check(code, "C_Login") }
  }

  /// - Parameter uses: `CKF_…` of mechanisms, together.
  /// - Throws: `key.hsm_mechanism` when the token cannot do it; `key.hsm_call`.
  func require(_ mechanism: CK_MECHANISM_TYPE, _ name: String, for uses: CK_FLAGS) throws(CausewayError) {
    var info = CK_MECHANISM_INFO()
    let code = module.functions.C_GetMechanismInfo?(slot, mechanism, &info)
    guard code != CKR_MECHANISM_INVALID else { throw CausewayError("key.hsm_mechanism", facts: ["mechanism": name]) }
    try PKCS11ReturnValue.check(code, "C_GetMechanismInfo")
    guard info.flags & uses == uses else { throw CausewayError("key.hsm_mechanism", facts: ["mechanism": name]) }
  }
}
