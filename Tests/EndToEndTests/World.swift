import Foundation
import JSONTree
import Journal
import Primitives
import Synchronization
import TestSupport
import Testing
import Trust

@testable import CausewayCLI

/// Two real gateways as processes, with real keys, TLS and journals, in a folder of their own.
final class World: Sendable {
  let demo: DemoWorld
  private let processes = Mutex<[String: GatewayProcess]>([:])

  /// The world of the suite that runs now, see ``RunningWorld``.
  @TaskLocal static var current: World?
  static var running: World { get throws { try #require(current, "the suite has the trait .runningWorld") } }

  static let repository = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    .path()
  private static let build = ProcessInfo.processInfo.environment["CAUSEWAY_BUILD"] ?? repository + ".build/debug"
  static let executable = build + "/causeway"
  static let verifier = build + "/causeway-verify"
  static let samples = repository + "schemas/profiles/cn.decmessage/5.0/samples/"
  static let textiles = "export-textiles-12-items.xml"

  /// - Parameters:
  ///   - isFolderWatched: whether both gateways also hand documents over to a folder.
  ///   - journal: URI of CN's journal; nil: a file.
  ///   - partnerJournal: the same of SG's.
  init(isFolderWatched: Bool = false, journal: String? = nil, partnerJournal: String? = nil) throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "causeway-\(UUID().uuidString)").path()
    demo = try DemoWorld.create(in: folder)
    for site in sites {
      var text = try Files.text(site.configuration).replacing("longestRetrySeconds: 5", with: "longestRetrySeconds: 1")
      if isFolderWatched { text += "handover:\n  - {folder: handover}\n" }
      if let journal = site.economy == "CN" ? journal : partnerJournal { text += "journal: \"\(journal)\"\n" }
      try Files.write(Array(text.utf8), to: site.configuration)
    }
  }

  var cn: DemoWorld.Site { demo.cn }
  var sg: DemoWorld.Site { demo.sg }
  var sites: [DemoWorld.Site] { [demo.cn, demo.sg] }
  var china: PatientWindow { PatientWindow(site: cn) }
  var singapore: PatientWindow { PatientWindow(site: sg) }

  /// Starts a gateway, optionally one that ends itself at a step as if killed.
  @discardableResult func start(
    _ site: DemoWorld.Site, stopAt: String? = nil, executable: String = World.executable
  ) async throws -> GatewayProcess {
    let process = try GatewayProcess(site, executable: executable, stopAt: stopAt)
    processes.withLock { $0[site.folder] = process }
    do {
      try await process.waitUntilReady(seconds: 60)
    } catch {
      // It may reach the step while it starts; then it has ended before it could answer.
      if stopAt == nil { throw error }
    }
    return process
  }

  func startBoth() async throws {
    async let china = start(cn)
    async let singapore = start(sg)
    _ = try await (china, singapore)
  }

  func process(_ site: DemoWorld.Site) -> GatewayProcess? { processes.withLock { $0[site.folder] } }

  /// Has CN's gateway keep its journal somewhere else from its next start on; nil: in its file.
  func move(_ journal: String?) throws {
    let lines = try Files.text(cn.configuration).split(separator: "\n", omittingEmptySubsequences: false).filter {
      !$0.hasPrefix("journal: ")
    }
    let text = lines.joined(separator: "\n") + (journal.map { "journal: \"\($0)\"\n" } ?? "")
    try Files.write(Array(text.utf8), to: cn.configuration)
  }

  /// Starts a gateway that must refuse to start.
  ///
  /// - Returns: its exit code and what it wrote.
  func refusedStart(_ site: DemoWorld.Site) throws -> (status: Int32, output: String, errors: String) {
    try Self.run(["serve", "--config", site.configuration])
  }

  func log(_ site: DemoWorld.Site) throws -> String { try Files.text(site.folder + "/gateway.log") }

  /// Questions to a gateway's journal, beside the process or after it.
  func journal<Result: Sendable>(
    _ site: DemoWorld.Site, _ body: @Sendable (any JournalReader) throws(CausewayError) -> Result
  ) async throws -> Result {
    let store = try await SealingStore.open(
      try await Composition.store(reading: try Composition.configuration(at: site.configuration)),
      key: try Composition.storageKey(.file(site.folder + "/storage-key.pem")))
    let result = try await store.read(body)
    await store.close()
    return result
  }

  /// Another gateway of an economy's, CN's unless it is said, with the same keys and the same journal, on ports of its own.
  func secondNode(of site: DemoWorld.Site? = nil) throws -> DemoWorld.Site {
    let first = site ?? cn
    let ports = try DemoWorld.freePorts(2)
    let node = DemoWorld.Site(
      economy: first.economy, folder: first.folder + "-2", insidePort: ports[0], partnerPort: ports[1], token: first.token)
    try FileManager.default.copyItem(atPath: first.folder, toPath: node.folder)
    let text = try Files.text(first.configuration).replacing("port: \(first.insidePort)}", with: "port: \(node.insidePort)}")
      .replacing("port: \(first.partnerPort)}", with: "port: \(node.partnerPort)}")
    try Files.write(Array(text.utf8), to: node.configuration)
    return node
  }

  func end() {
    for process in processes.withLock({ Array($0.values) }) { process.kill() }
    try? FileManager.default.removeItem(atPath: demo.folder)
  }

  /// A sample with a reference of its own, so that it is another declaration.
  static func declaration(_ name: String = textiles, number: Int) throws -> [UInt8] {
    let bytes = try Files.read(samples + name)
    // Byte for byte as Latin-1, so that a sample in GB18030 stays what it is.
    let text = String(String.UnicodeScalarView(bytes.map { Unicode.Scalar($0) }))
    let reference = String(format: "E2E%015d", number)
    let changed = text.replacing(/<ClientSeqNo>[^<]*<\/ClientSeqNo>/, with: "<ClientSeqNo>\(reference)</ClientSeqNo>")
    try #require(changed != text, "the sample has a ClientSeqNo")
    return changed.unicodeScalars.map { UInt8($0.value) }
  }

  /// A sample whose first text `old` is `new`.
  static func declaration(_ name: String = textiles, number: Int, replacing old: String, with new: String) throws -> [UInt8] {
    let text = String(decoding: try declaration(name, number: number), as: UTF8.self)
    let changed = text.replacing(old, with: new, maxReplacements: 1)
    try #require(changed != text, "the sample holds \(old)")
    return Array(changed.utf8)
  }

  /// Runs a command of the product.
  static func run(_ arguments: [String], input: [UInt8] = [], environment: [String: String] = [:]) throws -> (
    status: Int32, output: String, errors: String
  ) {
    try tool(executable, arguments, input: input, environment: environment)
  }

  /// Runs a program to its end.
  ///
  /// - Returns: exit status, standard output, standard error.
  static func tool(
    _ path: String, _ arguments: [String], input: [UInt8] = [], environment: [String: String] = [:]
  ) throws -> (status: Int32, output: String, errors: String) {
    try ChildProcess.run([path] + arguments, environment: environment, input: input)
  }
}

/// The suites of this target run one after the other, each test too: two cores are enough for the gateways of one.
struct OneAtATime: SuiteTrait, TestScoping {
  private static let turns = Turns()

  func provideScope(for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void) async throws {
    await Self.turns.take()
    defer { Self.turns.give() }
    try await function()
  }
}

/// Gives a suite one world with both gateways running, and ends it after the suite's last test.
struct RunningWorld: SuiteTrait, TestScoping {
  func provideScope(for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void) async throws {
    let world = try World()
    defer { world.end() }
    try await world.startBoth()
    try await World.$current.withValue(world) { try await function() }
  }
}

extension Trait where Self == OneAtATime {
  static var oneAtATime: OneAtATime { OneAtATime() }
}

extension Trait where Self == RunningWorld {
  static var runningWorld: RunningWorld { RunningWorld() }
}
