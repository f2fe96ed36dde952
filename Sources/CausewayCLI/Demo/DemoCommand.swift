import ArgumentParser
import Foundation
import JSONTree
import JournalSQLite
import Ledger
import Primitives
import Trust

/// Two economies on loopback: real keys, real mTLS, real journals; one declaration to two-side clearance.
struct DemoCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "demo", abstract: "Run two gateways (CN and SG) on this machine and take one declaration to two-side clearance.")

  @Flag(help: "End when both sides have cleared and both ledgers are verified, with exit code 0.") var once = false
  @Option(help: "Another Chinese export declaration (DecMessage).") var input: String?

  func run() async throws {
    try await Console.reportingErrors {
      let folder = FileManager.default.temporaryDirectory.appending(path: "causeway-demo-\(ProcessInfo.processInfo.processIdentifier)")
        .path()
      defer { try? FileManager.default.removeItem(atPath: folder) }
      let world = try DemoWorld.create(in: folder)
      Console.line("Keys, certificates, registry and configurations made in \(folder)")
      let gateways = [try GatewayProcess(world.cn), try GatewayProcess(world.sg)]
      defer { for gateway in gateways { gateway.stop() } }
      for gateway in gateways {
        try await gateway.waitUntilReady()
        Console.line(
          "  \(gateway.site.economy)  inside http://127.0.0.1:\(gateway.site.insidePort)   partner https://127.0.0.1:\(gateway.site.partnerPort)"
        )
      }
      let inputs = try input.map { [$0] } ?? Self.samples()
      for (number, input) in inputs.enumerated() {
        Console.line("\nRun \(number + 1) of \(inputs.count): \(URL(filePath: input).lastPathComponent)")
        try await DemoRun(world: world, document: try Files.document(input)).run()
      }
      try await DemoRun.verifyLedgers(world)
      try await DemoRun.awaitFinalCheckpoints(world)
      guard !once else { return }
      Console.line(
        """

        Still running; Ctrl-C ends it. To look at:
          curl -H 'Authorization: Bearer \(world.cn.token.exposed)' http://127.0.0.1:\(world.cn.insidePort)/v1/clearances
          curl -H 'Authorization: Bearer \(world.sg.token.exposed)' http://127.0.0.1:\(world.sg.insidePort)/v1/clearances
          curl http://127.0.0.1:\(world.cn.insidePort)/metrics
        """)
      await Interrupt.wait()
    }
  }

  /// The shipped samples: the same declaration once in UTF-8, once in GB18030.
  private static func samples() throws(CausewayError) -> [String] {
    let folder = try Files.schemas(nil) + "/profiles/cn.decmessage/5.0/samples/"
    return [folder + "export-textiles-12-items.xml", folder + "export-textiles-12-items.gb18030.xml"]
  }
}
