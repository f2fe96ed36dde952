import CPKCS11
import Glibc
import Primitives
import Synchronization

/// One loaded PKCS #11 module: the table of its functions.
///
/// A process initialises a module once, whoever uses it, and with the system's locks, so that every function may be called on any thread
/// (PKCS #11 2.40 §5.4). Sendable by hand: the table is never changed once it is here.
final class PKCS11Module: @unchecked Sendable {
  let functions: CK_FUNCTION_LIST
  /// Where it was loaded from; nil for a table that was given.
  private let path: ByteString?

  /// A module that somebody else has loaded. It is initialised here, and ended by ``close()``.
  ///
  /// - Throws: `key.hsm_call`.
  init(functions: CK_FUNCTION_LIST) throws(CausewayError) {
    self.functions = functions
    path = nil
    try Self.initialize(functions)
  }

  private init(loading path: String) throws(CausewayError) {
    guard let library = dlopen(path, RTLD_NOW | RTLD_LOCAL) else {
      throw CausewayError("key.hsm_module", pointer: path, underlying: dlerror().map { String(cString: $0) })
    }
    guard let symbol = dlsym(library, "C_GetFunctionList") else {
      throw CausewayError("key.hsm_module", pointer: path, underlying: "no C_GetFunctionList")
    }
    let getFunctionList = unsafeBitCast(symbol, to: CK_C_GetFunctionList.self)
    var list: UnsafeMutablePointer<CK_FUNCTION_LIST>?
    try PKCS11ReturnValue.check(getFunctionList(&list), "C_GetFunctionList")
    guard let list, (list.pointee.version.major, list.pointee.version.minor) >= (2, 20) else {
      throw CausewayError("key.hsm_module", pointer: path, underlying: "no table of functions of version 2.20 or later")
    }
    functions = list.pointee
    self.path = ByteString(path)
    try Self.initialize(functions)
  }

  private static func initialize(_ functions: CK_FUNCTION_LIST) throws(CausewayError) {
    var arguments = CK_C_INITIALIZE_ARGS()
    arguments.flags = CK_FLAGS(CKF_OS_LOCKING_OK)
    let code = functions.C_Initialize?(&arguments)
    if code != CKR_CRYPTOKI_ALREADY_INITIALIZED { try PKCS11ReturnValue.check(code, "C_Initialize") }
  }

  // MARK: One for the process

  private static let loaded = Mutex<[ByteString: (module: PKCS11Module, users: Int)]>([:])

  /// The module at a path, loaded and initialised if it is not yet. Give it back with ``close()``.
  ///
  /// - Throws: `key.hsm_module` when there is no such library or it is no module; `key.hsm_call`.
  static func open(_ path: String) throws(CausewayError) -> PKCS11Module {
    try loaded.withLock { loaded throws(CausewayError) in
      let path = ByteString(path)
      if let known = loaded[path] {
        loaded[path] = (known.module, known.users + 1)
        return known.module
      }
      let module = try PKCS11Module(loading: path.string)
      loaded[path] = (module, 1)
      return module
    }
  }

  /// The last of its users ends it. The library stays in memory: modules leave threads and handlers behind that must not lose their code.
  func close() {
    guard let path else {
      _ = functions.C_Finalize?(nil)
      return
    }
    Self.loaded.withLock { loaded in
      guard let users = loaded[path]?.users else { return }
      loaded[path] = users > 1 ? (self, users - 1) : nil
      guard users == 1 else { return }
      _ = functions.C_Finalize?(nil)
    }
  }

  /// Ends the module and begins it anew: many look for tokens and for their servers only then. Nobody may be in a call.
  ///
  /// - Returns: false, and nothing happened, when there are other users.
  /// - Throws: `key.hsm_call`.
  func restart() throws(CausewayError) -> Bool {
    try Self.loaded.withLock { loaded throws(CausewayError) in
      if let path, loaded[path]?.users != 1 { return false }
      _ = functions.C_Finalize?(nil)
      try Self.initialize(functions)
      return true
    }
  }

  // MARK: Tokens

  /// The tokens that are there now and answer to the name.
  ///
  /// - Throws: `key.hsm_token` unless it is one; `key.hsm_call`.
  func token(_ name: PKCS11URI.TokenName) throws(CausewayError) -> PKCS11Token {
    let found = try slots().compactMap { slot -> PKCS11Token? in
      var info = CK_TOKEN_INFO()
      // A slot that does not answer may be another token's, or empty by now. The right one is told by its key.
      guard functions.C_GetTokenInfo?(slot, &info) == CKR_OK, name.fits(info) else { return nil }
      return PKCS11Token(module: self, slot: slot, flags: info.flags)
    }
    guard let token = found.first, found.count == 1 else { throw CausewayError("key.hsm_token", facts: ["count": String(found.count)]) }
    return token
  }

  private func slots() throws(CausewayError) -> [CK_SLOT_ID] {
    // A module that has been ended behind our back is begun again.
    try Self.initialize(functions)
    var count: CK_ULONG = 0
    // Without a list to fill it looks anew at what is there (PKCS #11 2.40 §5.5).
    try PKCS11ReturnValue.check(functions.C_GetSlotList?(CK_BBOOL(CK_TRUE), nil, &count), "C_GetSlotList")
    var slots = [CK_SLOT_ID](repeating: 0, count: Int(min(count, 1024)))
    count = CK_ULONG(slots.count)
    try PKCS11ReturnValue.check(functions.C_GetSlotList?(CK_BBOOL(CK_TRUE), &slots, &count), "C_GetSlotList")
    return Array(slots.prefix(Int(count)))
  }
}

extension PKCS11URI.TokenName {
  fileprivate func fits(_ info: CK_TOKEN_INFO) -> Bool {
    Self.text(info.label) == label && (manufacturer.map { $0 == Self.text(info.manufacturerID) } ?? true)
      && (model.map { $0 == Self.text(info.model) } ?? true) && (serial.map { $0 == Self.text(info.serialNumber) } ?? true)
  }

  /// Fields of a token's description are filled up with blanks.
  private static func text<Field>(_ field: Field) -> [UInt8] {
    withUnsafeBytes(of: field) { bytes in Array(bytes[..<((bytes.lastIndex { $0 != 0x20 } ?? -1) + 1)]) }
  }
}
