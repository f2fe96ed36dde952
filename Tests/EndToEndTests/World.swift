import Foundation
import JSONTree
import Primitives
import Testing

@testable import CausewayCLI

/// Two real gateways as processes, with real keys, TLS and journals, in a folder of their own.
final class World {
  let demo: DemoWorld
  private(set) var processes: [String: GatewayProcess] = [:]

  static let repository = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().path()
  static var executable: String { ProcessInfo.processInfo.environment["CAUSEWAY_EXECUTABLE"] ?? repository + ".build/debug/causeway" }
  static let samples = repository + "schemas/profiles/cn.decmessage/5.0/samples/"

  init() throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "causeway-\(UUID().uuidString)").path()
    demo = try DemoWorld.create(in: folder)
  }

  var sites: [DemoWorld.Site] { [demo.cn, demo.sg] }

  /// Starts a gateway, optionally one that ends itself at a step as if killed.
  func start(_ site: DemoWorld.Site, stopAt: String? = nil) async throws {
    let process = try GatewayProcess(site, executable: Self.executable, stopAt: stopAt)
    processes[site.economy] = process
    do {
      try await process.waitUntilReady()
    } catch where stopAt != nil {
      // It may reach the step while it starts; then it has ended before it could answer.
    }
  }

  func process(_ site: DemoWorld.Site) -> GatewayProcess? { processes[site.economy] }

  func end() {
    for process in processes.values { process.kill() }
    try? FileManager.default.removeItem(atPath: demo.folder)
  }

  /// A sample with references of its own, so that it is another declaration.
  static func declaration(_ name: String, number: Int) throws -> [UInt8] {
    let bytes = try Files.read(samples + name)
    let text = String(decoding: bytes, as: UTF8.self)
    let reference = String(format: "E2E%015d", number)
    let changed = text.replacing(/<ClientSeqNo>[^<]*<\/ClientSeqNo>/, with: "<ClientSeqNo>\(reference)</ClientSeqNo>")
    try #require(changed != text, "the sample has a ClientSeqNo")
    return Array(changed.utf8)
  }

  /// Runs a command of the product.
  ///
  /// - Returns: exit status, standard output, standard error.
  static func run(_ arguments: [String], input: [UInt8] = []) throws -> (status: Int32, output: String, errors: String) {
    try tool(executable, arguments, input: input)
  }

  static func tool(_ path: String, _ arguments: [String], input: [UInt8] = []) throws -> (status: Int32, output: String, errors: String) {
    let process = Process()
    process.executableURL = URL(filePath: path)
    process.arguments = arguments
    let folder = FileManager.default.temporaryDirectory.appending(path: "run-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let files = ["in", "out", "err"].map { folder.appending(path: $0) }
    try Data(input).write(to: files[0])
    for file in files[1...] { FileManager.default.createFile(atPath: file.path(), contents: nil) }
    process.standardInput = try FileHandle(forReadingFrom: files[0])
    process.standardOutput = try FileHandle(forWritingTo: files[1])
    process.standardError = try FileHandle(forWritingTo: files[2])
    try process.run()
    process.waitUntilExit()
    return (
      process.terminationStatus, String(decoding: try Data(contentsOf: files[1]), as: UTF8.self),
      String(decoding: try Data(contentsOf: files[2]), as: UTF8.self)
    )
  }
}
