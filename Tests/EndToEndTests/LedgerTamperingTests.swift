import Foundation
import JSONTree
import Journal
import Primitives
import Testing

@testable import CausewayCLI

/// Somebody with write access to the database alters the ledger: one flipped byte anywhere in an entry, a removed entry, two entries
/// exchanged. `causeway ledger verify` ends with 70 and names the index.
@Suite(.serialized, .oneAtATime) struct LedgerTamperingTests {
  @Test func everyAlterationOfTheStoredLedgerIsFoundAndNamed() async throws {
    let world = try World()
    defer { world.end() }
    try await world.startBoth()
    try await world.clear(try World.declaration(number: 1), key: "tampering")
    try await world.quiet()
    for site in world.sites { world.process(site)?.stop() }
    let site = world.cn
    let original = site.folder + "/data/journal.sqlite"
    _ = try sqlite(original, "PRAGMA wal_checkpoint(TRUNCATE);")
    let entries = try await world.journal(site) { reader throws(CausewayError) in try reader.entries(from: 0, limit: 1000).map(\.bytes) }
    try #require(entries.count >= 12)
    let pristine = try Files.read(original)
    #expect(try verify(site).status == 0)

    func expectNamed(_ sql: String, _ indices: [Int], _ what: String) throws {
      try Files.write(pristine, to: original)
      for end in ["-wal", "-shm"] { try? FileManager.default.removeItem(atPath: original + end) }
      _ = try sqlite(original, sql)
      let result = try verify(site)
      #expect(result.status == 70, "\(what): \(result.output)\(result.errors)")
      let named = result.output.split(separator: "\n").compactMap { line in
        line.hasPrefix("entry ") ? Int(line.dropFirst(6).prefix { $0 != ":" }) : nil
      }
      #expect(!Set(named).isDisjoint(with: indices), "\(what): named \(named)")
    }

    for index in [0, 1, 2, entries.count / 2, entries.count - 2, entries.count - 1] {
      let count = entries[index].count
      for position in [0, 1, count / 7, count / 3, count / 2, count * 4 / 5, count - 1] {
        try expectNamed(flip(entries, index, position), [index], "byte \(position) of entry \(index)")
      }
      try expectNamed("DELETE FROM ledger_entry WHERE idx = \(index);", [index], "entry \(index) removed")
    }
    for index in [0, entries.count / 2, entries.count - 2] {
      try expectNamed(
        """
        UPDATE ledger_entry SET idx = 1000000 WHERE idx = \(index);
        UPDATE ledger_entry SET idx = \(index) WHERE idx = \(index + 1);
        UPDATE ledger_entry SET idx = \(index + 1) WHERE idx = 1000000;
        """, [index, index + 1], "entries \(index) and \(index + 1) exchanged")
    }
    // Whoever also moves the stored leaf hashes along is found by the signed root.
    try expectNamed(
      "UPDATE ledger_entry SET leaf = (SELECT leaf FROM ledger_entry WHERE idx = 4), bytes = (SELECT bytes FROM ledger_entry WHERE idx = 4) WHERE idx = 5;",
      [5], "entry 4 put over entry 5")
    try expectNamed(
      "UPDATE ledger_checkpoint SET root = zeroblob(32) WHERE size = \(entries.count);", [entries.count], "checkpoint altered")

    // An altered end is noticed at the start already; the untouched file starts and goes on.
    try Files.write(pristine, to: original)
    _ = try sqlite(original, flip(entries, entries.count - 2, 40))
    let refused = try world.refusedStart(site)
    #expect(refused.status == 70 && refused.errors.contains("journal.ledger_unsound"), "\(refused.errors)")
    try Files.write(pristine, to: original)
    for end in ["-wal", "-shm"] { try? FileManager.default.removeItem(atPath: original + end) }
    try await world.start(site)
    #expect(try verify(site).status == 0)
  }

  private func verify(_ site: DemoWorld.Site) throws -> (status: Int32, output: String, errors: String) {
    try World.run(["ledger", "verify", "--config", site.configuration])
  }

  private func sqlite(_ file: String, _ sql: String) throws -> String {
    let result = try World.tool("/usr/bin/env", ["sqlite3", file], input: Array(sql.utf8))
    try #require(result.status == 0 && result.errors.isEmpty, "\(result.errors)")
    return result.output
  }

  /// Flips the lowest bit of one byte of an entry.
  private func flip(_ entries: [[UInt8]], _ index: Int, _ position: Int) -> String {
    var bytes = entries[index]
    bytes[position] ^= 0x01
    return "UPDATE ledger_entry SET bytes = x'\(Hex.encode(bytes))' WHERE idx = \(index);"
  }
}
