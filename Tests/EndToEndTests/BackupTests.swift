import Foundation
import JSONTree
import Primitives
import TestSupport
import Testing

@testable import CausewayCLI

/// Backup of a running gateway and restore, with the commands.
@Suite(.serialized, .oneAtATime) struct BackupTests {
  @Test func aBackupOfARunningGatewayIsRestored() async throws {
    let world = try World()
    defer { world.end() }
    try await world.startBoth()
    try await world.clear(try World.declaration(number: 1), key: "first")
    let (site, folder) = (world.cn, world.demo.folder + "/backup")
    let journal = site.folder + "/data/journal.sqlite"
    func backup(_ output: String) throws -> (status: Int32, output: String, errors: String) {
      try World.run(["backup", "--config", site.configuration, "--output", output])
    }
    func restore(_ from: String, _ options: String...) throws -> (status: Int32, output: String, errors: String) {
      try World.run(["restore", "--config", site.configuration, "--from", from] + options)
    }
    try await world.quiet()
    let made = try backup(folder)
    try #require(made.status == 0 && made.output.hasPrefix("backup: "), "\(made.output)\(made.errors)")
    #expect(try backup(folder).errors.contains("config.file_exists"), "nothing is overwritten")
    #expect(try Files.isPrivate(folder) && Files.isPrivate(folder + "/journal.sqlite"))
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder).sorted() == ["backup.json", "journal.sqlite"])

    #expect(try restore(folder).errors.contains("config.file_exists"), "a journal is not replaced unasked")
    let running = try restore(folder, "--replace")
    #expect(running.status == 69 && running.errors.contains("journal.locked"), "\(running.errors)")
    for site in world.sites { world.process(site)?.stop() }

    // Replaced, and what was there kept.
    let replaced = try restore(folder, "--replace")
    try #require(replaced.status == 0, "\(replaced.errors)")
    let kept = try FileManager.default.contentsOfDirectory(atPath: site.folder + "/data").filter { $0.contains(".before-") }
    #expect(kept.count == 1 && replaced.output.contains(kept.first ?? "?"))
    // The disk is lost.
    try FileManager.default.removeItem(atPath: site.folder + "/data")
    let restored = try restore(folder)
    try #require(restored.status == 0 && restored.output.hasPrefix("restored: "), "\(restored.errors)")
    #expect(try World.run(["ledger", "verify", "--config", site.configuration]).status == 0)
    try await world.startBoth()
    try await world.clear(try World.declaration(number: 2), key: "second")

    // Without anything altered it is accepted; with any of it altered it is not, and nothing is changed.
    for site in world.sites { world.process(site)?.stop() }
    #expect(
      try World.run(["restore", "--config", world.sg.configuration, "--from", folder, "--replace"]).errors.contains("backup.foreign"))
    let manifest = try Files.read(folder + "/backup.json")
    var chance = SplitMix(state: 5)
    for offset in stride(from: 0, to: manifest.count, by: 13) {
      var altered = manifest
      altered[offset] ^= 1 << UInt8.random(in: 0..<8, using: &chance)
      try Files.write(altered, to: folder + "/backup.json")
      let refused = try restore(folder, "--replace")
      #expect([65, 78].contains(refused.status), "\(offset): \(refused.output)\(refused.errors)")
    }
    let reordered = try JSONValue.parse(manifest).serialized(pretty: true)
    try Files.write(reordered, to: folder + "/backup.json")
    #expect(try restore(folder, "--replace").status == 0, "the same said otherwise is the same")
    try Files.write(manifest, to: folder + "/backup.json")
    let copied = try Files.read(folder + "/journal.sqlite")
    for offset in [0, 100, copied.count / 2, copied.count - 1] + (0..<12).map({ _ in Int.random(in: copied.indices, using: &chance) }) {
      var altered = copied
      altered[offset] ^= 1
      try Files.write(altered, to: folder + "/journal.sqlite")
      let refused = try restore(folder, "--replace")
      #expect(refused.status == 65 && refused.errors.contains("backup.altered"), "\(offset): \(refused.output)\(refused.errors)")
    }
    try Files.write(Array(copied.dropLast(4096)), to: folder + "/journal.sqlite")
    #expect(try restore(folder, "--replace").errors.contains("backup.altered"))
    #expect(!Files.exists(journal + ".restoring"))
    try Files.write(copied, to: folder + "/journal.sqlite")
    #expect(try restore(folder, "--replace").status == 0)
  }

  /// A damaged ledger is not put away as if it were whole.
  @Test func anUnsoundLedgerIsNotBackedUp() async throws {
    let world = try World()
    defer { world.end() }
    try await world.startBoth()
    try await world.clear(try World.declaration(number: 1), key: "first")
    for site in world.sites { world.process(site)?.stop() }
    let folder = world.demo.folder + "/backup"
    let sql = "UPDATE ledger_entry SET bytes = x'7B7D' WHERE idx = 2;"
    let damage = try World.tool("/usr/bin/env", ["sqlite3", world.cn.folder + "/data/journal.sqlite"], input: Array(sql.utf8))
    try #require(damage.status == 0 && damage.errors.isEmpty)
    let refused = try World.run(["backup", "--config", world.cn.configuration, "--output", folder])
    #expect(refused.status == 70 && refused.errors.contains("ledger.unsound"), "\(refused.output)\(refused.errors)")
    #expect(!Files.exists(folder))
  }
}
