import Gateway
import Journal
import Ledger
import Logging
import Primitives
import Trust

/// How long it takes until an entry stands under a final checkpoint: three witnesses as processes of their own, asked over mutual TLS on
/// loopback, each with a journal; two of the three make a checkpoint final. The log's own gateway works in this process.
enum WitnessStage {
  private static let economies = ["CN", "SG", "MY", "TH"]

  /// - Returns: times from the commit of one entry to the final checkpoint that covers it, one after another, in nanoseconds.
  /// - Throws: `ledger.not_final` when there is none after ten seconds; what starting gateways throws.
  static func measure(in folder: String, rounds: Int) async throws -> [Double] {
    let (sites, corridor) = try create(in: folder)
    let witnesses = try sites.dropFirst().map { site throws(CausewayError) in try GatewayProcess(site) }
    defer { for witness in witnesses { witness.stop() } }
    for witness in witnesses { try await witness.waitUntilReady() }
    let assembled = try await Composition.assemble(
      configurationAt: sites[0].configuration, logger: Logger(label: "bench") { _ in SwiftLogNoOpLogHandler() })
    let node = assembled.node
    let times = try await withThrowingTaskGroup(of: [Double].self) { group in
      group.addTask {
        await node.work()
        return []
      }
      group.addTask {
        var times: [Double] = []
        // The first ones wait for handshakes.
        for round in 0..<(rounds + 5) where !Task.isCancelled {
          let time = try await timeToFinal(LedgerStages.draft(round), node, corridor)
          if round >= 5 { times.append(time) }
        }
        return times
      }
      defer { group.cancelAll() }
      while let times = try await group.next() { if !times.isEmpty { return times } }
      throw CausewayError("ledger.not_final")
    }
    await assembled.journal.close()
    return times
  }

  private static func timeToFinal(_ draft: EntryDraft, _ node: GatewayNode, _ corridor: Corridor) async throws -> Double {
    let begin = Stopwatch.now()
    guard let index = try await node.journal.commit(Change(entries: [draft])).committed?.entries.first?.index else {
      throw CausewayError("bench.wrong_result", facts: ["step": "append"])
    }
    node.bell.ring()
    while true {
      let seen = node.bell.rung()
      if let final = try await node.finalCheckpoint(of: corridor), final.checkpoint.size > index { break }
      guard Stopwatch.now() - begin < 10e9 else { throw CausewayError("ledger.not_final") }
      await node.bell.wait(after: seen, atMost: .milliseconds(100))
    }
    return Stopwatch.now() - begin
  }

  /// Four economies with keys, certificates, registry and configurations; the first is the log's.
  private static func create(in folder: String) throws(CausewayError) -> (sites: [DemoWorld.Site], corridor: Corridor) {
    let ports = try DemoWorld.freePorts(2 * economies.count)
    let sites = economies.enumerated().map { position, economy in
      DemoWorld.Site(
        economy: economy, folder: "\(folder)/\(economy.lowercased())", insidePort: ports[2 * position],
        partnerPort: ports[2 * position + 1],
        token: BearerToken.generate())
    }
    let corridor = Corridor(
      from: "CN", to: "SG", mode: .test, kinds: ["declaration"], wire: "uncefact.xml", releasePolicy: "cn-sg-clearance",
      purpose: "import_clearance", witnesses: CorridorWitnesses(quorum: 2, participants: Array(economies.dropFirst())))
    try DemoWorld.write(sites.map { ($0, $0.economy, $0.economy, "[]") }, corridors: [corridor])
    return (sites, corridor)
  }
}
