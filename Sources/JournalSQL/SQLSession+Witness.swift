package import Journal
import Ledger
package import Primitives

extension SQLSession {
  package func peerCheckpoints(origin: String, compared: Bool, limit: Int) throws(CausewayError) -> [PeerCheckpointRecord] {
    try connection.rows(
      "SELECT size, root, note, received FROM peer_checkpoint WHERE origin = ?1 AND compared = ?2 ORDER BY size DESC LIMIT ?3",
      [.text(origin), .integer(compared ? 1 : 0), .integer(limit)]
    ) { row throws(CausewayError) in
      PeerCheckpointRecord(
        origin: origin, size: try row.int(0), root: try row.digest(1), note: try row.blob(2), received: try row.time(3))
    }
  }

  package func markCompared(origin: String, size: Int) throws(CausewayError) {
    try connection.run("UPDATE peer_checkpoint SET compared = 1 WHERE origin = ?1 AND size = ?2", .text(origin), .integer(size))
  }

  package func witnessed(origin: String) throws(CausewayError) -> WitnessedRecord? {
    try connection.row("SELECT size, root, note, time FROM witnessed WHERE origin = ?1", .text(origin)) { row throws(CausewayError) in
      WitnessedRecord(
        origin: origin, size: try row.int(0), root: try row.digest(1), note: try row.blob(2), time: try row.time(3))
    }
  }

  package func save(_ witnessed: WitnessedRecord) throws(CausewayError) {
    try connection.run(
      """
      INSERT INTO witnessed (origin, size, root, note, time) VALUES (?1, ?2, ?3, ?4, ?5)
      ON CONFLICT (origin) DO UPDATE SET size = excluded.size, root = excluded.root, note = excluded.note, time = excluded.time
      """,
      .text(witnessed.origin), .integer(witnessed.size), .digest(witnessed.root), .blob(witnessed.note), .time(witnessed.time))
  }

  package func cosignatures(size: Int) throws(CausewayError) -> [CosignatureRecord] {
    try connection.rows(
      "SELECT size, witness, key_id, line, time FROM cosignature WHERE size = ?1 ORDER BY witness, key_id", [.integer(size)],
      Self.cosignature)
  }

  package func latestCosignature(witness: String) throws(CausewayError) -> CosignatureRecord? {
    try connection.row(
      "SELECT size, witness, key_id, line, time FROM cosignature WHERE witness = ?1 ORDER BY size DESC LIMIT 1", .text(witness),
      read: Self.cosignature)
  }

  package func cosignedSizes(before size: Int, limit: Int) throws(CausewayError) -> [Int] {
    try connection.rows(
      "SELECT DISTINCT size FROM cosignature WHERE size < ?1 ORDER BY size DESC LIMIT ?2", [.integer(size), .integer(limit)]
    ) { row throws(CausewayError) in try row.int(0) }
  }

  package func save(_ cosignature: CosignatureRecord) throws(CausewayError) {
    try connection.run(
      """
      INSERT INTO cosignature (size, witness, key_id, line, time) VALUES (?1, ?2, ?3, ?4, ?5)
      ON CONFLICT (size, witness, key_id) DO UPDATE SET line = excluded.line, time = excluded.time
      """,
      .integer(cosignature.size), .text(cosignature.witness), .integer(Int(cosignature.keyID)), .blob(cosignature.line),
      .time(cosignature.time))
  }

  package func fraudProofs(origin: String?) throws(CausewayError) -> [FraudProofRecord] {
    try connection.rows(
      "SELECT id, origin, found, note FROM fraud_proof WHERE CAST(?1 AS TEXT) IS NULL OR origin = ?1 ORDER BY id LIMIT 1000",
      [.optional(origin)]
    ) { row throws(CausewayError) in
      FraudProofRecord(origin: try row.text(1), found: try row.time(2), note: try row.blob(3)).stored(id: try row.int64(0))
    }
  }

  package func insert(_ proof: FraudProofRecord) throws(CausewayError) {
    try connection.run(
      "INSERT INTO fraud_proof (origin, found, note) VALUES (?1, ?2, ?3)", .text(proof.origin), .time(proof.found), .blob(proof.note))
  }

  private static func cosignature(_ row: SQLRow) throws(CausewayError) -> CosignatureRecord {
    guard let keyID = UInt32(exactly: try row.int64(2)) else { throw row.invalid(2) }
    return CosignatureRecord(
      size: try row.int(0), witness: try row.text(1), keyID: keyID, line: try row.blob(3), time: try row.time(4))
  }
}
