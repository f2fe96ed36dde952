package import CPKCS11
import Foundation
import Glibc

/// A hardware security module in software (SoftHSM 2.6), with tokens in a folder that goes at the end. `scripts/setup softhsm2` installs it.
///
/// It is one for the process: a test has it for itself until its body ends.
package final class SoftHSM: Sendable {
  package static let modulePath =
    [
      "/usr/lib/softhsm/libsofthsm2.so", "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so",
      "/usr/lib/aarch64-linux-gnu/softhsm/libsofthsm2.so",
    ]
    .first { FileManager.default.fileExists(atPath: $0) } ?? "/usr/lib/softhsm/libsofthsm2.so"
  package static let pin = "test-pin-7731"

  package let folder: String
  private var tokens: String { folder + "/tokens" }

  /// Where SoftHSM looks for its settings, in this process and in those that it starts. Set once: the environment belongs to all threads.
  private static let settings: String = {
    let path = FileManager.default.temporaryDirectory.appending(path: "softhsm-\(getpid()).conf").path()
    setenv("SOFTHSM2_CONF", path, 1)
    return path
  }()

  private init() throws {
    folder = FileManager.default.temporaryDirectory.appending(path: "softhsm-\(UUID().uuidString)").path()
    try FileManager.default.createDirectory(atPath: tokens, withIntermediateDirectories: true)
    try Data("directories.tokendir = \(tokens)\nlog.level = ERROR\n".utf8).write(to: URL(filePath: Self.settings))
    try writePIN(Self.pin)
  }

  /// A process has the module once.
  private static let turns = Turns()

  /// Runs a test that has the module for itself. Whoever opened the module in it has closed it in the end, or it is ended here.
  package static func alone<Result: Sendable>(_ body: @Sendable (SoftHSM) async throws -> Result) async throws -> Result {
    await turns.take()
    defer { turns.give() }
    let module = try SoftHSM()
    defer {
      _ = functions.C_Finalize(nil)
      try? FileManager.default.removeItem(atPath: module.folder)
      try? FileManager.default.removeItem(atPath: settings)
    }
    return try await body(module)
  }

  // MARK: Tokens

  package func makeToken(_ label: String, pin: String = SoftHSM.pin) throws {
    let result = try ChildProcess.run(
      ["/usr/bin/softhsm2-util", "--init-token", "--free", "--label", label, "--pin", pin, "--so-pin", "87654321"],
      environment: ["SOFTHSM2_CONF": Self.settings])
    guard result.status == 0 else { throw ChildProcess.Failure(description: "softhsm2-util: \(result)") }
    endModule()
  }

  /// The URI of a key, with the file that holds the PIN of all tokens.
  package func uri(_ token: String, _ object: String = "storage", more: String = "") -> String {
    "pkcs11:token=\(token);object=\(object)\(more)?module-path=\(Self.modulePath)&pin-source=file:\(pinPath)"
  }

  package var pinPath: String { folder + "/pin" }

  package func writePIN(_ pin: String) throws {
    try Data((pin + "\n").utf8).write(to: URL(filePath: pinPath))
    try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: pinPath)
  }

  /// Takes all tokens out, under those who use them, who notice at the next call. One that is brought back SoftHSM sees only when it is begun anew.
  package func takeTokensAway() throws {
    try FileManager.default.moveItem(atPath: tokens, toPath: tokens + ".away")
    try FileManager.default.createDirectory(atPath: tokens, withIntermediateDirectories: true)
  }

  package func bringTokensBack() throws {
    try FileManager.default.removeItem(atPath: tokens)
    try FileManager.default.moveItem(atPath: tokens + ".away", toPath: tokens)
  }

  /// Ends the module behind the back of who uses it.
  package func endModule() { _ = Self.functions.C_Finalize(nil) }

  package var isModuleBegun: Bool {
    var count: CK_ULONG = 0
    return Self.functions.C_GetSlotList(0, nil, &count) != CKR_CRYPTOKI_NOT_INITIALIZED
  }

  // MARK: Functions

  /// Sendable by hand: never changed.
  private struct Table: @unchecked Sendable { let functions: CK_FUNCTION_LIST }

  private static let table: Table = {
    _ = settings
    guard let library = dlopen(modulePath, RTLD_NOW | RTLD_LOCAL), let symbol = dlsym(library, "C_GetFunctionList") else {
      fatalError("SoftHSM is not installed: run scripts/setup softhsm2")
    }
    var list: UnsafeMutablePointer<CK_FUNCTION_LIST>?
    guard unsafeBitCast(symbol, to: CK_C_GetFunctionList.self)(&list) == CKR_OK, let list else { fatalError("SoftHSM has no functions") }
    return Table(functions: list.pointee)
  }()

  /// The module's own functions, for what happens behind the back of who uses it.
  package static var functions: CK_FUNCTION_LIST { table.functions }

  /// Slots and serial numbers of the tokens with a label.
  package func slots(_ label: String) -> [(slot: CK_SLOT_ID, serial: String)] {
    var count: CK_ULONG = 64
    var slots = [CK_SLOT_ID](repeating: 0, count: 64)
    guard Self.functions.C_GetSlotList(1, &slots, &count) == CKR_OK else { return [] }
    return slots.prefix(Int(count)).compactMap { slot in
      var info = CK_TOKEN_INFO()
      guard Self.functions.C_GetTokenInfo(slot, &info) == CKR_OK, Self.text(info.label) == label else { return nil }
      return (slot, Self.text(info.serialNumber))
    }
  }

  private static func text<Field>(_ field: Field) -> String {
    withUnsafeBytes(of: field) { String(decoding: $0, as: UTF8.self).trimmingCharacters(in: .whitespaces) }
  }
}
