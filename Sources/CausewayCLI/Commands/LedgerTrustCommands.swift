import ArgumentParser
import Gateway
import Journal
import Ledger
import Primitives
import Trust

/// Whom a gateway's registry tells to believe about its ledger.
struct LedgerTrust: Sendable {
  let registry: VerifiedRegistry
  let owner: Participant
  private let keyring: LedgerKeyring
  private let now: Instant

  init(_ configuration: GatewayConfiguration) throws(CausewayError) {
    registry = try Composition.registry(configuration.registry)
    guard let owner = registry.participant(configuration.economy) else {
      throw CausewayError("config.economy_unknown", facts: ["economy": configuration.economy])
    }
    self.owner = owner
    keyring = try LedgerKeyring(registry)
    now = SystemClock().now()
  }

  /// What makes a checkpoint of the own ledger final in a corridor; nil when the registry has no such corridor.
  func policy(of corridor: String) -> LogPolicy? {
    registry.corridor(corridor).map { keyring.policy(of: $0, log: owner, at: now) }
  }

  /// - Throws: `config.corridor_unknown`.
  func required(_ corridor: String) throws(CausewayError) -> LogPolicy {
    guard let policy = policy(of: corridor) else { throw CausewayError("config.corridor_unknown", facts: ["corridor": corridor]) }
    return policy
  }

  /// The policy for the log of a participant as a C2SP tlog-policy file.
  ///
  /// - Throws: `config.corridor_unknown`, `registry.participant_unknown`.
  func policyText(of id: String, log economy: String) throws(CausewayError) -> String {
    guard let corridor = registry.corridor(id) else { throw CausewayError("config.corridor_unknown", facts: ["corridor": id]) }
    guard let participant = registry.participant(economy) else { throw CausewayError("registry.participant_unknown") }
    return keyring.policyText(of: corridor, log: participant, at: now)
  }
}

extension LedgerCommand.Source {
  func trust() throws(CausewayError) -> LedgerTrust { try LedgerTrust(try Composition.configuration(at: config)) }
}

/// Prints whom to believe, for those who verify without a registry.
struct LedgerPolicyCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "policy",
    abstract: "Print which log and which quorum of witnesses make a checkpoint final in a corridor (C2SP tlog-policy).")

  @OptionGroup var source: LedgerCommand.Source
  @Option(help: "The corridor.") var corridor: String
  @Option(help: "Whose ledger; this gateway's own when left out.") var economy: String?

  func run() async throws {
    try await Console.reportingErrors {
      let trust = try source.trust()
      Console.write(Array(try trust.policyText(of: corridor, log: economy ?? trust.owner.id).utf8))
    }
  }
}

/// Shows the evidence against partners' ledgers.
struct LedgerFraudCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "fraud",
    abstract: "List the evidence that partners' ledgers contradict themselves, and write it to files for a third party.",
    discussion: "Exit 0 when there is none, 70 when there is. Anybody can check a file with the accused log's key alone: interop/verifier.")

  @OptionGroup var source: LedgerCommand.Source
  @Option(help: "A folder for the proofs, one file each.") var output: String?

  func run() async throws {
    try await Console.reportingErrors {
      let store = try await source.open().store
      let proofs = try await store.read { reader throws(CausewayError) in try reader.fraudProofs(origin: nil) }
      await store.close()
      for record in proofs {
        let proof = try FraudProof(parsing: record.note)
        Console.line("\(record.id)  \(record.found.rfc3339)  \(proof.kind.rawValue)  \(record.origin)")
        if let output { try Files.write(record.note, to: "\(output)/\(record.id).fraud-proof") }
      }
      if !proofs.isEmpty { throw ExitStatus.fault }
    }
  }
}
