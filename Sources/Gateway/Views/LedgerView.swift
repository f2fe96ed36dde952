import Journal
import Ledger
package import Primitives

// What partners see of the ledger.
extension GatewayNode {
  /// The latest checkpoint that is durable, with the cosignatures that it has so far.
  ///
  /// - Throws: `receive.not_found` when the journal holds none.
  package func ledgerCheckpoint() async throws(CausewayError) -> [UInt8] {
    let note = try await journal.read { reader throws(CausewayError) in try reader.latestNote() }
    guard let note else { throw CausewayError("receive.not_found") }
    return note
  }

  /// One tile of hashes or bundle of entries.
  ///
  /// - Parameter path: as the partner wrote it, for example `tile/0/x001/234.p/17`.
  /// - Throws: `receive.not_found` for a path that is none, and for a tile that no signed checkpoint needs.
  package func ledgerTile(at path: String) async throws(CausewayError) -> [UInt8] {
    guard let tile = Tile(path: path) else { throw CausewayError("receive.not_found") }
    let bytes = try await journal.read { reader throws(CausewayError) in try reader.tile(tile) }
    guard let bytes else { throw CausewayError("receive.not_found") }
    return bytes
  }
}
