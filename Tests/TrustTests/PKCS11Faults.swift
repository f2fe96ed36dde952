import CPKCS11
import Synchronization
import TestSupport

/// SoftHSM's functions, of which some can be told to fail, or to do wrong.
enum PKCS11Faults {
  struct Fault: Sendable {
    var code: CK_RV
    /// How often yet.
    var times: Int
  }

  private struct State {
    var faults: [String: Fault] = [:]
    var calls: [String: Int] = [:]
    var tokenFlags: CK_FLAGS = 0
    var ignoresContext = false
    var spoils: @Sendable (UnsafeMutablePointer<UInt8>) -> Void = { _ in }
    var spoiledCall = ""
  }

  private static let state = Mutex(State())

  static func clear() { state.withLock { $0 = State() } }
  static func fail(_ call: String, _ code: CK_RV, times: Int = .max) {
    state.withLock { $0.faults[call] = Fault(code: code, times: times) }
  }
  static func calls(_ call: String) -> Int { state.withLock { $0.calls[call] ?? 0 } }
  static func addTokenFlags(_ flags: CK_FLAGS) { state.withLock { $0.tokenFlags = flags } }
  /// What a call puts out is changed by somebody.
  static func spoil(_ call: String, _ change: @escaping @Sendable (UnsafeMutablePointer<UInt8>) -> Void) {
    state.withLock { ($0.spoiledCall, $0.spoils) = (call, change) }
  }
  static func ignoreContext() { state.withLock { $0.ignoresContext = true } }

  private static func taken(_ call: String) -> CK_RV? {
    state.withLock { state in
      state.calls[call, default: 0] += 1
      guard let fault = state.faults[call], fault.times > 0 else { return nil }
      state.faults[call]?.times -= 1
      return fault.code
    }
  }

  private static func spoiled(_ call: String, _ code: CK_RV, _ output: UnsafeMutablePointer<UInt8>?) -> CK_RV {
    let change = state.withLock { $0.spoiledCall == call ? $0.spoils : nil }
    if code == CKR_OK, let change, let output { change(output) }
    return code
  }

  private static func withoutContext(_ mechanism: UnsafeMutablePointer<CK_MECHANISM>?) {
    guard state.withLock({ $0.ignoresContext }) else { return }
    mechanism?.pointee.pParameter.assumingMemoryBound(to: CK_GCM_PARAMS.self).pointee.ulAADLen = 0
  }

  static var functions: CK_FUNCTION_LIST {
    var table = SoftHSM.functions
    table.C_GetTokenInfo = { slot, info in
      let code = PKCS11Faults.taken("C_GetTokenInfo") ?? SoftHSM.functions.C_GetTokenInfo(slot, info)
      info?.pointee.flags |= PKCS11Faults.state.withLock { $0.tokenFlags }
      return code
    }
    table.C_OpenSession = { PKCS11Faults.taken("C_OpenSession") ?? SoftHSM.functions.C_OpenSession($0, $1, $2, $3, $4) }
    table.C_Login = { PKCS11Faults.taken("C_Login") ?? SoftHSM.functions.C_Login($0, $1, $2, $3) }
    table.C_FindObjects = { PKCS11Faults.taken("C_FindObjects") ?? SoftHSM.functions.C_FindObjects($0, $1, $2, $3) }
    table.C_GetMechanismInfo = { PKCS11Faults.taken("C_GetMechanismInfo") ?? SoftHSM.functions.C_GetMechanismInfo($0, $1, $2) }
    table.C_EncryptInit = { session, mechanism, key in
      PKCS11Faults.withoutContext(mechanism)
      return PKCS11Faults.taken("C_EncryptInit") ?? SoftHSM.functions.C_EncryptInit(session, mechanism, key)
    }
    table.C_Encrypt = {
      PKCS11Faults.spoiled("C_Encrypt", PKCS11Faults.taken("C_Encrypt") ?? SoftHSM.functions.C_Encrypt($0, $1, $2, $3, $4), $3)
    }
    table.C_DecryptInit = { session, mechanism, key in
      PKCS11Faults.withoutContext(mechanism)
      return PKCS11Faults.taken("C_DecryptInit") ?? SoftHSM.functions.C_DecryptInit(session, mechanism, key)
    }
    table.C_Decrypt = {
      PKCS11Faults.spoiled("C_Decrypt", PKCS11Faults.taken("C_Decrypt") ?? SoftHSM.functions.C_Decrypt($0, $1, $2, $3, $4), $3)
    }
    return table
  }
}
