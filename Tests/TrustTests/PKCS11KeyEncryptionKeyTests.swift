import CPKCS11
import Foundation
import Primitives
import TestSupport
import Testing

@testable import Trust

/// The storage key in SoftHSM: what it wraps, what it asks of a token and a key, and what becomes of a failing module.
@Suite(.serialized) struct PKCS11KeyEncryptionKeyTests {
  private let first = Array("clearance 1".utf8)
  private let second = Array("clearance 2".utf8)

  /// A new token with a new key.
  private static func prepare(_ hsm: SoftHSM, _ token: String = "first") throws -> PKCS11URI {
    try hsm.makeToken(token)
    let uri = try PKCS11URI(parsing: hsm.uri(token))
    try PKCS11KeyEncryptionKey.generate(uri, pin: pin(hsm))
    return uri
  }

  private static func pin(_ hsm: SoftHSM) -> @Sendable () throws(CausewayError) -> Redacted<[UInt8]> {
    { () throws(CausewayError) in
      guard let bytes = FileManager.default.contents(atPath: hsm.pinPath) else { throw CausewayError("config.file_missing") }
      return Redacted(Array(bytes.dropLast()))
    }
  }

  private static func open(_ uri: PKCS11URI, _ hsm: SoftHSM) throws(CausewayError) -> PKCS11KeyEncryptionKey {
    try PKCS11KeyEncryptionKey.open(uri, pin: pin(hsm))
  }

  /// Opens it over functions that can be told to fail.
  private static func openFaulty(_ uri: PKCS11URI, _ hsm: SoftHSM) throws(CausewayError) -> PKCS11KeyEncryptionKey {
    try PKCS11KeyEncryptionKey.open(uri, try PKCS11Module(functions: PKCS11Faults.functions), pin: pin(hsm))
  }

  private static func error(_ body: () throws(CausewayError) -> Void) -> CausewayError? {
    do throws(CausewayError) {
      try body()
      return nil
    } catch {
      return error
    }
  }

  // MARK: Wrapping

  @Test func aWrappedKeyIsForOneThing() async throws {
    try await SoftHSM.alone { hsm in
      let uri = try Self.prepare(hsm)
      _ = try Self.prepare(hsm, "other")
      let storage = try Self.open(uri, hsm)
      let key = SecretKey.random()
      let wrapped = try storage.wrap(key, for: first)
      #expect(wrapped.count == 60)
      #expect(try storage.wrap(key, for: first) != wrapped)
      #expect(try storage.unwrap(wrapped, for: first)?.hasSameBytes(as: key) == true)
      #expect(try storage.unwrap(wrapped, for: second) == nil)
      #expect(try storage.unwrap(wrapped, for: []) == nil)
      for index in wrapped.indices {
        var changed = wrapped
        changed[index] ^= 0x80
        #expect(try storage.unwrap(changed, for: first) == nil, "byte \(index)")
      }
      for count in [0, 1, 28, 59] { #expect(try storage.unwrap(Array(wrapped.prefix(count)), for: first) == nil) }
      #expect(try storage.unwrap(wrapped + [0], for: first) == nil)
      #expect(!wrapped.indices.contains { wrapped[$0...].starts(with: key.exposed) })

      let other = try Self.open(try PKCS11URI(parsing: hsm.uri("other")), hsm)
      #expect(try other.unwrap(wrapped, for: first) == nil)
      #expect(try FileKeyEncryptionKey.generate().unwrap(wrapped, for: first) == nil)
      #expect(try storage.unwrap(try FileKeyEncryptionKey.generate().wrap(key, for: first), for: first) == nil)
      storage.close()
      other.close()
      let again = try Self.open(uri, hsm)
      #expect(try again.unwrap(wrapped, for: first)?.hasSameBytes(as: key) == true)
      again.close()
    }
  }

  @Test func theModuleIsBegunAndEndedOnce() async throws {
    try await SoftHSM.alone { hsm in
      let uri = try Self.prepare(hsm)
      #expect(!hsm.isModuleBegun)
      let (one, two) = (try Self.open(uri, hsm), try Self.open(uri, hsm))
      let wrapped = try one.wrap(.random(), for: first)
      one.close()
      one.close()
      #expect(try two.unwrap(wrapped, for: first) != nil)
      #expect(throws: CausewayError("key.hsm_closed")) { try one.unwrap(wrapped, for: first) }
      #expect(throws: CausewayError("key.hsm_closed")) { try one.wrap(.random(), for: first) }
      #expect(hsm.isModuleBegun)
      two.close()
      #expect(!hsm.isModuleBegun)
    }
  }

  @Test func manyAtOnceWhileSessionsGo() async throws {
    try await SoftHSM.alone { hsm in
      let storage = try Self.open(try Self.prepare(hsm), hsm)
      let keys = (0..<8).map { _ in SecretKey.random() }
      let slot = try #require(hsm.slots("first").first?.slot)
      // Who is hit twice in one call is told so; nobody is told anything else.
      let answers = await withTaskGroup(of: [String].self) { group in
        for (number, key) in keys.enumerated() {
          group.addTask {
            (0..<40).map { round in
              if number == 0, round == 20 { _ = SoftHSM.functions.C_CloseAllSessions(slot) }
              let context = Array("\(number) \(round)".utf8)
              do throws(CausewayError) {
                let opened = try storage.unwrap(try storage.wrap(key, for: context), for: context)
                return opened.map { $0.hasSameBytes(as: key) ? "same" : "other" } ?? "none"
              } catch {
                return error.code.rawValue
              }
            }
          }
        }
        return await group.reduce(into: []) { $0 += $1 }
      }
      let told = Dictionary(grouping: answers) { $0 }.mapValues(\.count)
      #expect(Set(told.keys).isSubset(of: ["same", "key.hsm_call"]) && told["same", default: 0] > 300, "\(told)")
      #expect(try storage.unwrap(storage.wrap(.random(), for: first), for: first) != nil)
      storage.close()
    }
  }

  // MARK: Modules and tokens

  @Test(arguments: ["/no/such/module.so", "/usr/lib/x86_64-linux-gnu/libcrypto.so.3", "/etc/passwd"])
  func whatIsNoModule(_ path: String) throws {
    let uri = try PKCS11URI(parsing: "pkcs11:token=t;object=o?module-path=\(path)&pin-source=file:/p")
    #expect(throws: CausewayError("key.hsm_module")) { try PKCS11KeyEncryptionKey.open(uri) { Redacted([]) } }
  }

  @Test func oneTokenOfTheName() async throws {
    try await SoftHSM.alone { hsm in
      _ = try Self.prepare(hsm)
      func count(_ token: String, _ more: String = "") throws -> String? {
        let uri = try PKCS11URI(parsing: hsm.uri(token).replacing(";object", with: more + ";object"))
        let error = Self.error { () throws(CausewayError) in try Self.open(uri, hsm).close() }
        if error != nil { #expect(error == CausewayError("key.hsm_token")) }
        return error?.problems[0].facts["count"]
      }
      for name in ["firs", "First", "first%20", "first%00", "other"] { #expect(try count(name) == "0", "\(name)") }
      #expect(try count("first", ";model=SoftHSM%20v2;manufacturer=SoftHSM%20project") == nil)
      for more in [";model=SoftHSM", ";manufacturer=x", ";serial=0"] { #expect(try count("first", more) == "0") }
      // Another one of the same name: the serial number tells them apart.
      try hsm.makeToken("first")
      #expect(try count("first") == "2")
      let module = try PKCS11Module.open(SoftHSM.modulePath)
      let serials = hsm.slots("first").map(\.serial)
      module.close()
      #expect(serials.count == 2)
      let found = serials.map { serial in
        Self.error { () throws(CausewayError) in
          let uri = try PKCS11URI(parsing: hsm.uri("first").replacing(";object", with: ";serial=\(serial);object"))
          try Self.open(uri, hsm).close()
        }
      }
      #expect(found.count { $0 == nil } == 1 && found.count { $0 == CausewayError("key.hsm_key") } == 1)
    }
  }

  @Test func aRefusedPINIsNotTriedAgain() async throws {
    try await SoftHSM.alone { hsm in
      PKCS11Faults.clear()
      let uri = try Self.prepare(hsm)
      let storage = try Self.openFaulty(uri, hsm)
      let wrapped = try storage.wrap(.random(), for: first)
      let slot = try #require(hsm.slots("first").first?.slot)
      try hsm.writePIN("wrong-pin-5566")
      _ = SoftHSM.functions.C_CloseAllSessions(slot)
      let before = PKCS11Faults.calls("C_Login")
      for _ in 0..<3 {
        let error = Self.error { () throws(CausewayError) in _ = try storage.unwrap(wrapped, for: first) }
        #expect(error?.code == "key.hsm_pin" && error?.problems[0].facts == ["code": "CKR_PIN_INCORRECT"])
        #expect(error?.description.contains("5566") == false)
      }
      #expect(PKCS11Faults.calls("C_Login") == before + 1)
      storage.close()
      // One that could lock the token is not tried at all.
      for (flag, name) in [(CKF_USER_PIN_FINAL_TRY, "CKF_USER_PIN_FINAL_TRY"), (CKF_USER_PIN_LOCKED, "CKF_USER_PIN_LOCKED")] {
        PKCS11Faults.clear()
        PKCS11Faults.addTokenFlags(CK_FLAGS(flag))
        let error = Self.error { () throws(CausewayError) in try Self.openFaulty(uri, hsm).close() }
        #expect(error?.code == "key.hsm_pin" && error?.problems[0].facts == ["code": name])
        #expect(PKCS11Faults.calls("C_Login") == 0)
      }
      PKCS11Faults.clear()
      try FileManager.default.removeItem(atPath: hsm.pinPath)
      #expect(throws: CausewayError("config.file_missing")) { try Self.openFaulty(uri, hsm) }
      try hsm.writePIN(SoftHSM.pin)
      let again = try Self.openFaulty(uri, hsm)
      #expect(try again.unwrap(wrapped, for: first) != nil)
      again.close()
    }
  }

  // MARK: The key

  /// A key with one attribute other than it has to be.
  struct Unfit: Sendable, CustomTestStringConvertible {
    let attribute: String
    var mechanism = CKM_AES_KEY_GEN
    var length: CK_ULONG? = 32
    var flags: [CK_ATTRIBUTE_TYPE: Bool] = [:]

    var testDescription: String { attribute }
    static let all = [
      Unfit(attribute: "CKA_KEY_TYPE", mechanism: CKM_GENERIC_SECRET_KEY_GEN), Unfit(attribute: "CKA_VALUE_LEN", length: 16),
      Unfit(attribute: "CKA_SENSITIVE", flags: [CKA_SENSITIVE: false]), Unfit(attribute: "CKA_EXTRACTABLE", flags: [CKA_EXTRACTABLE: true]),
      Unfit(attribute: "CKA_ENCRYPT", flags: [CKA_ENCRYPT: false]), Unfit(attribute: "CKA_DECRYPT", flags: [CKA_DECRYPT: false]),
    ]
  }

  private static func makeKey(_ uri: PKCS11URI, _ hsm: SoftHSM, _ unfit: Unfit, id: [UInt8] = [1]) throws {
    let module = try PKCS11Module.open(uri.modulePath)
    defer { module.close() }
    let token = try module.token(uri.token)
    let session = try token.openSession(canWrite: true)
    defer { session.close() }
    try token.login(session, pin(hsm))
    var template = PKCS11Template()
    template.add(CKA_CLASS, CKO_SECRET_KEY)
    template.add(CKA_LABEL, uri.object)
    template.add(CKA_ID, id)
    if let length = unfit.length { template.add(CKA_VALUE_LEN, length) }
    let usual = [CKA_TOKEN: true, CKA_PRIVATE: true, CKA_SENSITIVE: true, CKA_EXTRACTABLE: false, CKA_ENCRYPT: true, CKA_DECRYPT: true]
    for (type, value) in usual.merging(unfit.flags, uniquingKeysWith: { $1 }) { template.add(type, value) }
    var mechanism = CK_MECHANISM(mechanism: unfit.mechanism, pParameter: nil, ulParameterLen: 0)
    var key = CK_OBJECT_HANDLE()
    let code = template.withAttributes { module.functions.C_GenerateKey(session.handle, &mechanism, $0, $1, &key) }
    try PKCS11ReturnValue.check(code, "C_GenerateKey")
  }

  @Test(arguments: Unfit.all) func aKeyThatIsNotAsItMustBe(_ unfit: Unfit) async throws {
    try await SoftHSM.alone { hsm in
      try hsm.makeToken("first")
      let uri = try PKCS11URI(parsing: hsm.uri("first"))
      try Self.makeKey(uri, hsm, unfit)
      let error = Self.error { () throws(CausewayError) in try Self.open(uri, hsm).close() }
      #expect(error?.code == "key.hsm_key_attribute" && error?.problems[0].facts == ["attribute": unfit.attribute])
    }
  }

  @Test func oneKeyOfTheName() async throws {
    try await SoftHSM.alone { hsm in
      try hsm.makeToken("first")
      let uri = try PKCS11URI(parsing: hsm.uri("first"))
      func count(_ uri: PKCS11URI) -> String? {
        Self.error { () throws(CausewayError) in try Self.open(uri, hsm).close() }?.problems[0].facts["count"]
      }
      #expect(count(uri) == "0")
      try Self.makeKey(uri, hsm, Unfit(attribute: "none"), id: [1])
      #expect(count(uri) == nil)
      #expect(count(try PKCS11URI(parsing: hsm.uri("first", "Storage"))) == "0")
      #expect(throws: CausewayError("key.hsm_key_exists")) { try PKCS11KeyEncryptionKey.generate(uri, pin: Self.pin(hsm)) }
      try Self.makeKey(uri, hsm, Unfit(attribute: "none"), id: [2])
      #expect(count(uri) == "2")
      #expect(count(try PKCS11URI(parsing: hsm.uri("first", more: ";id=%02"))) == nil)
      #expect(count(try PKCS11URI(parsing: hsm.uri("first", more: ";id=%03"))) == "0")
      // A third under an id of its own.
      let third = try PKCS11URI(parsing: hsm.uri("first", more: ";id=%03"))
      try PKCS11KeyEncryptionKey.generate(third, pin: Self.pin(hsm))
      #expect(count(third) == nil)
    }
  }

  @Test func aKeyPutInItsPlaceIsNoticed() async throws {
    try await SoftHSM.alone { hsm in
      let uri = try Self.prepare(hsm)
      let storage = try Self.open(uri, hsm)
      let wrapped = try storage.wrap(.random(), for: first)
      let module = try PKCS11Module.open(uri.modulePath)
      let token = try module.token(uri.token)
      let session = try token.openSession(canWrite: true)
      try token.login(session, Self.pin(hsm))
      for key in try session.secretKeys(uri) { #expect(module.functions.C_DestroyObject(session.handle, key) == CKR_OK) }
      let gone = Self.error { () throws(CausewayError) in _ = try storage.unwrap(wrapped, for: first) }
      #expect(gone?.code == "key.hsm_key")
      try session.generateKey(label: uri.object, id: [1])
      // With a key that is another one, everything would look damaged.
      for _ in 0..<2 {
        #expect(throws: CausewayError("key.hsm_key_changed")) { try storage.unwrap(wrapped, for: first) }
        #expect(throws: CausewayError("key.hsm_key_changed")) { try storage.wrap(.random(), for: first) }
      }
      session.close()
      module.close()
      storage.close()
    }
  }

  // MARK: Failure

  @Test func whatIsLostIsMadeAnew() async throws {
    try await SoftHSM.alone { hsm in
      let storage = try Self.open(try Self.prepare(hsm), hsm)
      let wrapped = try storage.wrap(.random(), for: first)
      let slot = try #require(hsm.slots("first").first?.slot)
      for round in 0..<3 {
        _ = SoftHSM.functions.C_CloseAllSessions(slot)
        #expect(try storage.unwrap(wrapped, for: first) != nil, "sessions \(round)")
        var session = CK_SESSION_HANDLE()
        #expect(SoftHSM.functions.C_OpenSession(slot, CK_FLAGS(CKF_SERIAL_SESSION), nil, nil, &session) == CKR_OK)
        #expect(SoftHSM.functions.C_Logout(session) == CKR_OK)
        #expect(try storage.unwrap(wrapped, for: first) != nil, "login \(round)")
        #expect(try storage.unwrap(wrapped, for: second) == nil)
        hsm.endModule()
        #expect(try storage.unwrap(wrapped, for: first) != nil, "module \(round)")
      }
      storage.close()
    }
  }

  @Test func aTokenThatIsGoneAndComesBack() async throws {
    try await SoftHSM.alone { hsm in
      let storage = try Self.open(try Self.prepare(hsm), hsm)
      let wrapped = try storage.wrap(.random(), for: first)
      for _ in 0..<2 {
        try hsm.takeTokensAway()
        for context in [first, second] {
          let error = Self.error { () throws(CausewayError) in _ = try storage.unwrap(wrapped, for: context) }
          #expect(error?.code == "key.hsm_token" && error?.problems[0].facts == ["count": "0"])
        }
        #expect(throws: CausewayError("key.hsm_token")) { try storage.wrap(.random(), for: first) }
        try hsm.bringTokensBack()
        #expect(try storage.unwrap(wrapped, for: first) != nil)
        #expect(try storage.unwrap(wrapped, for: second) == nil)
        #expect(try storage.unwrap(storage.wrap(.random(), for: second), for: second) != nil)
      }
      storage.close()
    }
  }

  /// A module is not ended while another key in the process uses it.
  @Test func noModuleIsBegunAnewUnderSomebodyElse() async throws {
    try await SoftHSM.alone { hsm in
      let uri = try Self.prepare(hsm)
      let (storage, other) = (try Self.open(uri, hsm), try Self.open(uri, hsm))
      let wrapped = try storage.wrap(.random(), for: first)
      try hsm.takeTokensAway()
      for _ in 0..<2 {
        #expect(
          Self.error { () throws(CausewayError) in _ = try storage.unwrap(wrapped, for: first) }?.code.rawValue.hasPrefix("key.hsm_")
            == true)
      }
      try hsm.bringTokensBack()
      #expect(
        Self.error { () throws(CausewayError) in _ = try storage.unwrap(wrapped, for: first) }?.code.rawValue.hasPrefix("key.hsm_") == true)
      other.close()
      #expect(try storage.unwrap(wrapped, for: first) != nil)
      storage.close()
      #expect(!hsm.isModuleBegun)
    }
  }

  /// Whatever a module answers: a key that is there is never said to be none.
  @Test(arguments: ["C_DecryptInit", "C_Decrypt", "C_EncryptInit", "C_Encrypt"]) func failuresAreErrorsAndPass(_ call: String) async throws
  {
    try await SoftHSM.alone { hsm in
      PKCS11Faults.clear()
      defer { PKCS11Faults.clear() }
      let storage = try Self.openFaulty(try Self.prepare(hsm), hsm)
      let wrapped = try storage.wrap(.random(), for: first)
      let codes: [(CK_RV, String)] = [
        (CKR_DEVICE_ERROR, "CKR_DEVICE_ERROR"), (CKR_DEVICE_REMOVED, "CKR_DEVICE_REMOVED"), (CKR_GENERAL_ERROR, "CKR_GENERAL_ERROR"),
        (CKR_FUNCTION_FAILED, "CKR_FUNCTION_FAILED"), (CKR_TOKEN_NOT_PRESENT, "CKR_TOKEN_NOT_PRESENT"),
        (CKR_SESSION_CLOSED, "CKR_SESSION_CLOSED"), (CKR_HOST_MEMORY, "CKR_HOST_MEMORY"),
        (CKR_ENCRYPTED_DATA_INVALID, "CKR_ENCRYPTED_DATA_INVALID"), (CKR_DATA_INVALID, "CKR_DATA_INVALID"),
        (CKR_BUFFER_TOO_SMALL, "CKR_BUFFER_TOO_SMALL"), (0x8000_0001, "0x80000001"),
      ]
      for (code, name) in codes {
        func use() throws(CausewayError) -> Bool {
          call.contains("Decrypt")
            ? try storage.unwrap(wrapped, for: first) != nil : try !storage.wrap(.random(), for: first).isEmpty
        }
        // Once is not noticed.
        PKCS11Faults.fail(call, code, times: 1)
        #expect(try use(), "\(name)")
        PKCS11Faults.fail(call, code)
        let error = Self.error { () throws(CausewayError) in _ = try use() }
        #expect(error?.code == "key.hsm_call" || error?.code == "key.hsm_key_changed", "\(name): \(String(describing: error))")
        if error?.code == "key.hsm_call" { #expect(error?.problems[0].facts == ["call": call, "code": name]) }
        PKCS11Faults.clear()
        #expect(try use(), "\(name)")
        #expect(try storage.unwrap(wrapped, for: second) == nil)
      }
      storage.close()
    }
  }

  /// A new connection cannot be made: no login, no sessions, no answer to the search.
  @Test(arguments: ["C_OpenSession", "C_Login", "C_FindObjects", "C_GetMechanismInfo"]) func noConnection(_ call: String) async throws {
    try await SoftHSM.alone { hsm in
      PKCS11Faults.clear()
      defer { PKCS11Faults.clear() }
      let storage = try Self.openFaulty(try Self.prepare(hsm), hsm)
      let wrapped = try storage.wrap(.random(), for: first)
      let slot = try #require(hsm.slots("first").first?.slot)
      PKCS11Faults.fail(call, CKR_DEVICE_ERROR)
      _ = SoftHSM.functions.C_CloseAllSessions(slot)
      for _ in 0..<2 {
        let error = Self.error { () throws(CausewayError) in _ = try storage.unwrap(wrapped, for: first) }
        #expect(error?.code == "key.hsm_call" && error?.problems[0].facts == ["call": call, "code": "CKR_DEVICE_ERROR"])
      }
      PKCS11Faults.clear()
      #expect(try storage.unwrap(wrapped, for: first) != nil)
      storage.close()
    }
  }

  /// What is stored must come back: a wrapped key that does not open is never handed out.
  @Test func aWrongWrappingIsNotHandedOut() async throws {
    try await SoftHSM.alone { hsm in
      PKCS11Faults.clear()
      defer { PKCS11Faults.clear() }
      let storage = try Self.openFaulty(try Self.prepare(hsm), hsm)
      PKCS11Faults.spoil("C_Encrypt") { $0[0] ^= 1 }
      let refused = Self.error { () throws(CausewayError) in _ = try storage.wrap(.random(), for: first) }
      #expect(refused?.code == "key.hsm_call" && refused?.problems[0].facts["call"] == "C_Decrypt")
      PKCS11Faults.spoil("C_Decrypt") { $0[31] ^= 1 }
      let other = Self.error { () throws(CausewayError) in _ = try storage.wrap(.random(), for: first) }
      #expect(other?.code == "key.hsm_key_changed" || other?.code == "key.hsm_self_test")
      PKCS11Faults.clear()
      #expect(try storage.unwrap(storage.wrap(.random(), for: first), for: first) != nil)
      storage.close()
    }
  }

  @Test func aModuleThatDoesNotAuthenticateIsRefused() async throws {
    try await SoftHSM.alone { hsm in
      PKCS11Faults.clear()
      defer { PKCS11Faults.clear() }
      let uri = try Self.prepare(hsm)
      PKCS11Faults.ignoreContext()
      #expect(throws: CausewayError("key.hsm_self_test")) { try Self.openFaulty(uri, hsm) }
      PKCS11Faults.clear()
      PKCS11Faults.fail("C_GetMechanismInfo", CKR_MECHANISM_INVALID)
      let error = Self.error { () throws(CausewayError) in try Self.openFaulty(uri, hsm).close() }
      #expect(error?.code == "key.hsm_mechanism" && error?.problems[0].facts == ["mechanism": "CKM_AES_GCM"])
    }
  }
}
