import ArgumentParser
import Exchange
import Gateway
import Ledger
import Primitives
import Trust

/// Keeps a copy of a partner's ledger, which nobody but its own key could have made and which only grows.
struct LedgerMirrorCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "mirror",
    abstract: "Fetch a partner's ledger over mutual TLS into a folder as C2SP tlog-tiles, or extend the mirror that is there.",
    discussion: """
      Everything is verified against the partner's signed checkpoint before it is written. Exit 70 when that checkpoint is smaller than the
      mirror's or does not continue it: the mirror stays as it is, and the other checkpoint is kept beside it.
      """)

  @Option(help: "The gateway's configuration file.") var config: String
  @Option(help: "The partner's code in the registry.") var partner: String
  @Option(help: "The folder.") var output: String

  func run() async throws {
    try await Console.reportingErrors {
      let remote = try PartnerLog(configuration: try Composition.configuration(at: config), partner: partner)
      let log = StaticLog(folder: output, origin: remote.origin, keys: remote.keys)
      let lock = try log.lock()
      defer { lock.release() }
      let old = try log.checkpoint()
      let new = try await remote.checkpoint()
      do {
        try await mirror(remote, to: log, from: old, new)
      } catch let error as CausewayError {
        if error.code == "ledger.history_conflict" { try keep(new) }
        throw error
      }
      Console.progressEnds()
      Console.line("\(new.size - (old?.size ?? 0)) entries fetched, \(new.size) in all")
    }
  }

  /// Keeps a checkpoint that contradicts the mirror's: the two together are the proof.
  private func keep(_ checkpoint: SignedCheckpoint) throws(CausewayError) {
    let path = "\(output)/conflicting-checkpoint-\(checkpoint.size)-\(checkpoint.root.hex.prefix(16))"
    try Files.write(checkpoint.note, to: path)
    Console.note("kept: \(output)/\(TiledLogAudit.checkpointPath) and \(path)")
  }

  private func mirror(
    _ remote: PartnerLog, to log: StaticLog, from old: SignedCheckpoint?, _ new: SignedCheckpoint
  ) async throws(CausewayError) {
    if let old {
      guard new.size >= old.size else { throw LedgerCommand.conflict(old.size, new.size, "it is smaller") }
      guard new.size > old.size || new.root == old.root else { throw LedgerCommand.conflict(old.size, new.size, "another root") }
    }
    let fetched = FetchedTiles(remote)
    try await fetched.fetch(Tile.partials(size: new.size))
    var reader = try TileReader(size: new.size, root: new.root) { tile throws(CausewayError) in fetched.bytes[tile] }
    let start = old?.size ?? 0
    let first = start / Tile.fullWidth
    try await fetched.fetch(reader.tiles(forBundle: first))
    if let old, try reader.root(size: old.size) != old.root {
      throw LedgerCommand.conflict(old.size, new.size, "another root at size \(old.size)")
    }
    var writer = try StaticLogWriter(extending: log, from: old)
    while writer.size < new.size {
      let index = writer.size / Tile.fullWidth
      try await fetched.fetch(reader.tiles(forBundle: index))
      for entry in try reader.bundle(index).dropFirst(writer.size - index * Tile.fullWidth) { try writer.append(entry) }
      fetched.forget()
      Console.progress("\(writer.size) of \(new.size) entries")
    }
    try writer.finish(new)
  }
}

/// A partner's ledger as its gateway serves it.
struct PartnerLog: Sendable {
  let origin: String
  /// All keys that the registry has ever listed for it: an old checkpoint stays true.
  let keys: [VerifierKey]
  private let keysNow: [VerifierKey]
  private let client: PeerClient

  /// - Throws: `config.economy_unknown`, `config.ledger_key_missing`, `registry.*`, and what is wrong with the configuration's files.
  init(configuration: GatewayConfiguration, partner: String) throws(CausewayError) {
    let registry = try Composition.registry(configuration.registry)
    guard let participant = registry.participant(partner) else {
      throw CausewayError("config.economy_unknown", facts: ["economy": partner])
    }
    let now = SystemClock().now()
    origin = participant.ledger.origin
    keys = try participant.ledger.keys.map { key throws(CausewayError) in try VerifierKey(parsing: key.verifierKey) }
    keysNow = try registry.ledgerKeys(of: participant.id, at: now).map { text throws(CausewayError) in try VerifierKey(parsing: text) }
    guard !keysNow.isEmpty else { throw CausewayError("config.ledger_key_missing", facts: ["economy": partner]) }
    client = try RegisteredPartners.client(
      for: participant, isTest: Self.isTest(configuration.economy, partner, registry), registry: registry,
      identity: try Composition.identity(configuration.keys), limits: PeerLimits(responseBytes: Tile.largestByteCount), at: now)
  }

  /// Whether the two have a corridor in test mode: then the partner may be on this machine.
  private static func isTest(_ economy: String, _ partner: String, _ registry: VerifiedRegistry) -> Bool {
    let pair = Set([ByteString(economy), ByteString(partner)])
    return registry.content.corridors.contains { $0.mode == .test && Set([ByteString($0.from), ByteString($0.to)]) == pair }
  }

  /// The partner's latest checkpoint, signed by a key that is valid now.
  func checkpoint() async throws(CausewayError) -> SignedCheckpoint {
    guard let note = try await get(TiledLogAudit.checkpointPath) else { throw CausewayError("deliver.answer", facts: ["status": "404"]) }
    return try SignedCheckpoint.verify(note, origin: origin, keys: keysNow)
  }

  /// - Returns: nil when the partner does not have it; unverified otherwise.
  func get(_ path: String) async throws(CausewayError) -> [UInt8]? {
    let answer = try await client.get("/ledger/" + path)
    switch answer.status {
    case 200: return answer.body
    case 404: return nil
    default: throw CausewayError("deliver.answer", facts: ["status": String(answer.status)])
    }
  }
}

/// Tiles that were fetched and not yet used, for a reader that waits for nothing.
private final class FetchedTiles {
  private let remote: PartnerLog
  private(set) var bytes: [Tile: [UInt8]] = [:]

  init(_ remote: PartnerLog) { self.remote = remote }

  /// Fetches what is not here. A partial tile that the partner no longer has is replaced by the full one.
  func fetch(_ tiles: [Tile]) async throws(CausewayError) {
    for tile in tiles where bytes[tile] == nil {
      if let found = try await remote.get(tile.path) {
        bytes[tile] = found
      } else if !tile.isFull, let found = try await remote.get(tile.full.path) {
        bytes[tile.full] = found
      }
    }
  }

  func forget() { bytes = [:] }
}
