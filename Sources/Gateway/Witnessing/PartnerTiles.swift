import Exchange
import Ledger
import Primitives
import Trust

extension GatewayNode {
  /// Looks into a partner's log as of one of its checkpoints, over its tiles: everything the body reads is verified against the root.
  ///
  /// The body waits for nothing, so it is run again with each tile that it missed.
  /// - Parameter checkpoint: one that the log has signed.
  /// - Throws: what the body throws; `deliver.*`; `ledger.tile_missing` when the log does not serve what its signature promises;
  ///   `ledger.tile_malformed`, `ledger.tile_mismatch`.
  /// - Complexity: a request for each tile; at most ``mostTiles``.
  func look<Result>(
    into checkpoint: SignedCheckpoint, of partner: Participant, _ body: (inout TileReader) throws(CausewayError) -> Result
  ) async throws(CausewayError) -> Result {
    let tiles = FetchedTiles()
    for _ in 0..<Self.mostTiles {
      do throws(CausewayError) {
        var reader = try TileReader(size: checkpoint.size, root: checkpoint.root) { tile throws(CausewayError) in try tiles.take(tile) }
        return try body(&reader)
      } catch {
        guard let tile = tiles.missing else { throw error }
        let answer = try await partners.ask("GET", "/ledger/\(tile.path)", body: nil, of: partner)
        tiles.put(tile, answer.status == 200 ? answer.body : nil)
      }
    }
    throw CausewayError("ledger.tile_missing", facts: ["path": "more than \(Self.mostTiles)"])
  }

  static var mostTiles: Int { 256 }
}

/// Tiles as they came, for a reader that waits for nothing.
private final class FetchedTiles {
  private var known: [Tile: [UInt8]?] = [:]
  /// The tile that was asked for and is not here.
  private(set) var missing: Tile?

  func put(_ tile: Tile, _ bytes: [UInt8]?) {
    known[tile] = .some(bytes)
    missing = nil
  }

  /// - Returns: nil when the log does not have it.
  func take(_ tile: Tile) throws(CausewayError) -> [UInt8]? {
    if let bytes = known[tile] { return bytes }
    missing = tile
    throw CausewayError("ledger.tile_missing", facts: ["path": tile.path])
  }
}
