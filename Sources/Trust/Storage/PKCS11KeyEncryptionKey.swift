import COpenSSL
import CPKCS11
package import Primitives
import Synchronization

/// A key-encryption key that lies in a hardware security module and never leaves it: AES-256-GCM, called through PKCS #11 2.40.
///
/// Wraps in the form of ``FileKeyEncryptionKey``. Every call blocks while the module works. A call that fails for another reason than its input is
/// made once more over a new connection (session, login, key looked up anew), if need be to a module begun anew; what fails then is `key.hsm_…`, an
/// error that may pass, and the next call begins with a new connection again. Nothing but data that does not authenticate is ever answered with nil.
package final class PKCS11KeyEncryptionKey: KeyEncryptionKey {
  private let uri: PKCS11URI
  private let module: PKCS11Module
  private let pin: @Sendable () throws(CausewayError) -> Redacted<[UInt8]>
  private let state = Mutex(State())

  private struct State {
    var connection: Connection?
    /// Sessions that are lent now.
    var loans = 0
    /// Number of the connection that was made last.
    var lastNumber = 0
    /// Why the PIN is not tried again: a token counts wrong ones and locks itself.
    var pinRefusal: CausewayError?
    /// A key that nothing is sealed with, wrapped when this was opened: tells whether the module still holds the same key and works.
    var probe: (key: SecretKey, wrapped: [UInt8])?
    var isClosed = false
  }

  /// What is known of the token while it stays where it is.
  private struct Connection {
    let number: Int
    let token: PKCS11Token
    /// Never used for work: keeps the login, which ends with the last session.
    let anchor: PKCS11Session
    let key: CK_OBJECT_HANDLE
    /// As many as were ever in use at the same moment.
    var idle: [PKCS11Session] = []

    func close() { for session in idle + [anchor] { session.close() } }
  }

  /// A session that one call has for itself.
  private struct Loan {
    let number: Int
    let session: PKCS11Session
    let key: CK_OBJECT_HANDLE
  }

  private init(_ uri: PKCS11URI, _ module: PKCS11Module, _ pin: @escaping @Sendable () throws(CausewayError) -> Redacted<[UInt8]>) {
    self.uri = uri
    self.module = module
    self.pin = pin
  }

  // MARK: Opening

  /// Loads the module, logs in, and sees to it that the key is there once, is as it must be, and wraps as it must.
  ///
  /// - Parameter pin: reads the PIN, 1…255 bytes, whenever a login needs it.
  /// - Throws: `key.hsm_module`, `key.hsm_token`, `key.hsm_pin`, `key.hsm_key`, `key.hsm_key_attribute`, `key.hsm_mechanism`,
  ///   `key.hsm_self_test`, `key.hsm_call`; what `pin` throws.
  package static func open(
    _ uri: PKCS11URI, pin: @escaping @Sendable () throws(CausewayError) -> Redacted<[UInt8]>
  ) throws(CausewayError) -> PKCS11KeyEncryptionKey {
    try open(uri, try PKCS11Module.open(uri.modulePath), pin: pin)
  }

  /// As ``open(_:pin:)`` with a module that is loaded already, which is closed with the key.
  static func open(
    _ uri: PKCS11URI, _ module: PKCS11Module, pin: @escaping @Sendable () throws(CausewayError) -> Redacted<[UInt8]>
  ) throws(CausewayError) -> PKCS11KeyEncryptionKey {
    let key = PKCS11KeyEncryptionKey(uri, module, pin)
    do throws(CausewayError) {
      try key.test()
    } catch {
      key.close()
      throw error
    }
    return key
  }

  /// Makes the key that a URI names, inside its token: 256 bits, sensitive, not extractable, for encrypting and decrypting alone.
  ///
  /// - Throws: `key.hsm_key_exists`; as ``open(_:pin:)``, which it ends with.
  package static func generate(
    _ uri: PKCS11URI, pin: @escaping @Sendable () throws(CausewayError) -> Redacted<[UInt8]>
  ) throws(CausewayError) {
    let module = try PKCS11Module.open(uri.modulePath)
    defer { module.close() }
    let token = try module.token(uri.token)
    try token.require(CKM_AES_KEY_GEN, "CKM_AES_KEY_GEN", for: CK_FLAGS(CKF_GENERATE))
    try requireGCM(token)
    let session = try token.openSession(canWrite: true)
    defer { session.close() }
    try token.login(session, pin)
    guard try session.secretKeys(uri).isEmpty else { throw CausewayError("key.hsm_key_exists") }
    try session.generateKey(label: uri.object, id: uri.id ?? SecureRandom.bytes(16))
    try open(uri, pin: pin).close()
  }

  /// - Throws: `key.hsm_self_test` unless a key comes back that was wrapped, and does not for another context or after a change.
  private func test() throws(CausewayError) {
    let probe = SecretKey.random()
    let context = Self.probeContext
    let wrapped = try wrap(probe, for: context)
    var changed = wrapped
    changed[changed.count - 1] ^= 1
    guard case .key(let opened) = try attempt(wrapped, context), opened.hasSameBytes(as: probe),
      case .refused = try attempt(wrapped, context + [0]), case .refused = try attempt(changed, context)
    else { throw CausewayError("key.hsm_self_test") }
    state.withLock { $0.probe = (probe, wrapped) }
  }

  // MARK: Wrapping

  /// Opens what it wrapped before it hands it out: data would be sealed with a key that nobody gets back.
  ///
  /// - Throws: `key.hsm_self_test` when another key comes back; `key.hsm_…`.
  package func wrap(_ key: SecretKey, for context: [UInt8]) throws(CausewayError) -> [UInt8] {
    try perform { loan throws(CausewayError) in
      let wrapped = try loan.session.wrap(key, with: loan.key, nonce: SecureRandom.bytes(12), context: context)
      switch try loan.session.unwrap(wrapped, with: loan.key, context: context) {
      case .key(let opened) where opened.hasSameBytes(as: key): return wrapped
      case .key: throw CausewayError("key.hsm_self_test")
      case .refused(let refusal): throw refusal
      }
    }
  }

  package func unwrap(_ wrapped: [UInt8], for context: [UInt8]) throws(CausewayError) -> SecretKey? {
    guard wrapped.count == SecretKey.byteCount + SecretKey.sealOverhead else { return nil }
    for isLast in [false, true] {
      switch try attempt(wrapped, context) {
      case .key(let key): return key
      case .refused(let refusal):
        // What modules answer then, they also answer when they are broken. A module that opens the probe is not: it has to say it twice.
        if !isLast { try checkProbe(refusal) }
      }
    }
    return nil
  }

  private func attempt(_ wrapped: [UInt8], _ context: [UInt8]) throws(CausewayError) -> PKCS11Session.Opening {
    try perform { loan throws(CausewayError) in try loan.session.unwrap(wrapped, with: loan.key, context: context) }
  }

  private func checkProbe(_ refusal: CausewayError) throws(CausewayError) {
    guard let probe = state.withLock({ $0.probe }) else { throw refusal }
    let number = try perform { loan throws(CausewayError) -> Int? in
      Self.opens(probe, try loan.session.unwrap(probe.wrapped, with: loan.key, context: Self.probeContext)) ? nil : loan.number
    }
    guard let number else { return }
    forget(number)
    throw refusal
  }

  private static func opens(_ probe: (key: SecretKey, wrapped: [UInt8]), _ opening: PKCS11Session.Opening) -> Bool {
    guard case .key(let key) = opening else { return false }
    return key.hasSameBytes(as: probe.key)
  }

  private static let probeContext = Array("causeway/probe/v1".utf8)

  // MARK: Connection

  /// Lends the body a session; once more over a new connection when the module fails.
  private func perform<Result>(_ body: (Loan) throws(CausewayError) -> Result) throws(CausewayError) -> Result {
    do throws(CausewayError) {
      return try performOnce(body)
    } catch {
      guard error.code == "key.hsm_call" else { throw error }
      return try performOnce(body)
    }
  }

  private func performOnce<Result>(_ body: (Loan) throws(CausewayError) -> Result) throws(CausewayError) -> Result {
    let loan = try borrow()
    do throws(CausewayError) {
      let result = try body(loan)
      end(loan, isLost: false)
      return result
    } catch {
      end(loan, isLost: true)
      throw error
    }
  }

  private func borrow() throws(CausewayError) -> Loan {
    try state.withLock { state throws(CausewayError) in
      guard !state.isClosed else { throw CausewayError("key.hsm_closed") }
      if state.connection == nil { state.connection = try connectAnew(&state) }
      guard var connection = state.connection else { throw CausewayError("key.hsm_closed") }
      if let session = connection.idle.popLast() {
        state.connection = connection
        state.loans += 1
        return Loan(number: connection.number, session: session, key: connection.key)
      }
      do throws(CausewayError) {
        let session = try connection.token.openSession()
        state.loans += 1
        return Loan(number: connection.number, session: session, key: connection.key)
      } catch {
        connection.close()
        state.connection = nil
        throw error
      }
    }
  }

  private func end(_ loan: Loan, isLost: Bool) {
    state.withLock { state in
      state.loans -= 1
      if !isLost, state.connection?.number == loan.number {
        state.connection?.idle.append(loan.session)
      } else {
        loan.session.close()
      }
    }
    if isLost { forget(loan.number) }
  }

  /// Lets go of a connection that has failed, unless somebody has done so already.
  private func forget(_ number: Int) {
    state.withLock { state in
      guard state.connection?.number == number else { return }
      state.connection?.close()
      state.connection = nil
    }
  }

  /// A new connection, to the module begun anew when it does not show the key that it had at the start and nobody is in a call.
  private func connectAnew(_ state: inout State) throws(CausewayError) -> Connection {
    do throws(CausewayError) {
      return try connect(&state)
    } catch {
      guard state.probe != nil, state.loans == 0, ["key.hsm_call", "key.hsm_token", "key.hsm_key"].contains(error.code),
        try module.restart()
      else { throw error }
      return try connect(&state)
    }
  }

  private func connect(_ state: inout State) throws(CausewayError) -> Connection {
    if let refusal = state.pinRefusal { throw refusal }
    let token = try module.token(uri.token)
    try Self.requireGCM(token)
    let anchor = try token.openSession()
    do throws(CausewayError) {
      do throws(CausewayError) {
        try token.login(anchor, pin)
      } catch {
        if error.code == "key.hsm_pin" { state.pinRefusal = error }
        throw error
      }
      let key = try existingKey(anchor)
      if let probe = state.probe {
        guard Self.opens(probe, try anchor.unwrap(probe.wrapped, with: key, context: Self.probeContext)) else {
          throw CausewayError("key.hsm_key_changed")
        }
      }
      state.lastNumber += 1
      return Connection(number: state.lastNumber, token: token, anchor: anchor, key: key)
    } catch {
      anchor.close()
      throw error
    }
  }

  private static func requireGCM(_ token: PKCS11Token) throws(CausewayError) {
    try token.require(CKM_AES_GCM, "CKM_AES_GCM", for: CK_FLAGS(CKF_ENCRYPT | CKF_DECRYPT))
  }

  /// The one key that the URI names, if it is such that nobody can take it out.
  private func existingKey(_ session: PKCS11Session) throws(CausewayError) -> CK_OBJECT_HANDLE {
    let keys = try session.secretKeys(uri)
    guard let key = keys.first, keys.count == 1 else { throw CausewayError("key.hsm_key", facts: ["count": String(keys.count)]) }
    for (attribute, name, expected) in [(CKA_KEY_TYPE, "CKA_KEY_TYPE", CKK_AES), (CKA_VALUE_LEN, "CKA_VALUE_LEN", 32)] {
      guard try session.number(attribute, of: key) == expected else {
        throw CausewayError("key.hsm_key_attribute", facts: ["attribute": name])
      }
    }
    let flags = [
      (CKA_SENSITIVE, "CKA_SENSITIVE", true), (CKA_EXTRACTABLE, "CKA_EXTRACTABLE", false), (CKA_ENCRYPT, "CKA_ENCRYPT", true),
      (CKA_DECRYPT, "CKA_DECRYPT", true),
    ]
    for (attribute, name, expected) in flags where try session.flag(attribute, of: key) != expected {
      throw CausewayError("key.hsm_key_attribute", facts: ["attribute": name])
    }
    return key
  }

  /// Ends all sessions, and the module if nobody else uses it. Calls that come later throw `key.hsm_closed`.
  package func close() {
    let isFirst = state.withLock { state in
      defer { state.isClosed = true }
      state.connection?.close()
      state.connection = nil
      return !state.isClosed
    }
    if isFirst { module.close() }
  }
}
