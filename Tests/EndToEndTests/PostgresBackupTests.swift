import Foundation
import JSONTree
import Primitives
import TestSupport
import Testing

@testable import CausewayCLI

/// Backup of a gateway whose journal is in PostgreSQL, and restore into an empty database, or into a file.
@Suite(.serialized, .oneAtATime) struct PostgresBackupTests {
  @Test func aBackupGoesIntoAnotherDatabaseAndIntoAFile() async throws {
    let names = (0..<2).map { _ in "backup-\(UUID().uuidString)" }
    let world = try World(journal: try PostgresCluster.shared.database(names[0]))
    defer {
      world.end()
      names.forEach(PostgresCluster.drop)
    }
    try await world.startBoth()
    let first = try await world.clear(try World.declaration(number: 1), key: "first")
    try await world.quiet()
    let (site, folder) = (world.cn, world.demo.folder + "/backup")
    func backup(_ output: String) throws -> (status: Int32, output: String, errors: String) {
      try World.run(["backup", "--config", site.configuration, "--output", output])
    }
    func restore(_ from: String) throws -> (status: Int32, output: String, errors: String) {
      try World.run(["restore", "--config", site.configuration, "--from", from])
    }
    let made = try backup(folder)
    try #require(made.status == 0 && made.output.hasPrefix("backup: "), "\(made.output)\(made.errors)")
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder).sorted() == ["backup.json", "journal.sqlite"])
    let counts = try Self.counts(names[0])

    // Not over a journal; and nothing of what was altered.
    #expect(try restore(folder).errors.contains("journal.locked"), "under a gateway")
    world.process(site)?.stop()
    #expect(try restore(folder).errors.contains("backup.not_empty"))
    try world.move(try PostgresCluster.shared.database(names[1]))
    let copied = try Files.read(folder + "/journal.sqlite")
    var altered = copied
    altered[copied.count / 2] ^= 1
    try Files.write(altered, to: folder + "/journal.sqlite")
    #expect(try restore(folder).errors.contains("backup.altered"))
    try Files.write(copied, to: folder + "/journal.sqlite")

    let restored = try restore(folder)
    try #require(restored.status == 0 && restored.output.hasPrefix("restored into the database: "), "\(restored.errors)")
    #expect(try Self.counts(names[1]) == counts)
    #expect(try restore(folder).errors.contains("backup.not_empty"), "once")
    #expect(try World.run(["ledger", "verify", "--config", site.configuration]).status == 0)
    try await world.start(site)
    let second = try await world.clear(try World.declaration(number: 2), key: "second")
    try await world.quiet()
    try await world.expectOneEffect([first, second])

    // Back to one machine with a file.
    world.process(site)?.stop()
    #expect(try backup(world.demo.folder + "/last").status == 0)
    try world.move(nil)
    let moved = try restore(world.demo.folder + "/last")
    try #require(moved.status == 0, "\(moved.errors)")
    try await world.start(site)
    let third = try await world.clear(try World.declaration(number: 3), key: "third")
    try await world.quiet()
    try await world.expectOneEffect([first, second, third])
  }

  private static func counts(_ database: String) throws -> [String] {
    try PostgresCluster.shared.execute(
      """
      SELECT relname || ' ' || (xpath('/row/n/text()', query_to_xml('SELECT count(*) AS n FROM ' || quote_ident(relname), false, true, '')))[1]
      FROM pg_class WHERE relnamespace = current_schema()::regnamespace AND relkind = 'r' AND relname <> 'writer' ORDER BY relname
      """, in: database)
  }
}
