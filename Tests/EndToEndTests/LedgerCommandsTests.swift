import Foundation
import JSONTree
import Journal
import Ledger
import Primitives
import Testing

@testable import CausewayCLI

/// Verification in parts and repair, with the commands and a real gateway's journal.
@Suite(.serialized, .oneAtATime) struct LedgerCommandsTests {
  @Test func aDamagedLedgerIsPutRightFromThePartnersMirror() async throws {
    let world = try World()
    defer { world.end() }
    try await world.startBoth()
    try await world.clear(try World.declaration(number: 1), key: "first")
    try await world.quiet()
    let (site, folder) = (world.cn, world.demo.folder + "/mirror-of-cn")
    let mirror = ["ledger", "mirror", "--config", world.sg.configuration, "--partner", "CN", "--output", folder]
    try #require(try World.run(mirror).status == 0)
    func verify(_ arguments: String...) throws -> (status: Int32, output: String, errors: String) {
      try World.run(["ledger", "verify", "--config", site.configuration] + arguments)
    }
    func repair(_ arguments: String...) throws -> (status: Int32, output: String, errors: String) {
      try World.run(["ledger", "repair", "--config", site.configuration, "--from", folder] + arguments)
    }
    func sqlite(_ sql: String) throws {
      let result = try World.tool("/usr/bin/env", ["sqlite3", site.folder + "/data/journal.sqlite"], input: Array(sql.utf8))
      try #require(result.status == 0 && result.errors.isEmpty, "\(result.errors)")
    }
    // In parts: the whole, nothing new, then only what is new.
    let missing = try verify("--since-last")
    #expect(missing.status == 0 && missing.errors.contains("verifying the whole ledger"), "\(missing.errors)")
    let size = try #require(missing.output.split(separator: " ").dropFirst().first.flatMap { Int($0) })
    let none = try verify("--since-last")
    #expect(none.status == 0 && none.output.hasPrefix("sound: 0 entries after \(size) verified before"), "\(none.output)")
    try await world.clear(try World.declaration(number: 2), key: "second")
    try await world.quiet()
    let more = try verify("--since-last", "--json")
    let report = try JSONValue.parse(Array(more.output.utf8))
    #expect(more.status == 0 && report["from"]?.int == size && (report["entries"]?.int ?? 0) > 0 && report["sound"]?.bool == true)
    // An interrupted run has left this.
    try FileManager.default.moveItem(
      atPath: site.folder + "/data/ledger.verified.json", toPath: site.folder + "/data/ledger.verifying.json")
    let resumed = try verify("--resume")
    #expect(resumed.status == 0 && resumed.output.hasPrefix("sound: 0 entries after "), "\(resumed.output)\(resumed.errors)")
    #expect(!Files.exists(site.folder + "/data/ledger.verifying.json"))
    #expect(try verify("--since-last", "--resume").status == 64)
    // A state that somebody has altered counts for nothing.
    try Files.write(Array("{\"v\":1,\"size\":1}".utf8), to: site.folder + "/data/ledger.verified.json")
    let altered = try verify("--since-last")
    #expect(altered.status == 0 && altered.errors.contains("verifying the whole ledger"))

    // A running gateway's ledger is not touched.
    let running = try repair()
    #expect(running.status == 69 && running.errors.contains("journal.locked"), "\(running.errors)")
    try #require(try World.run(mirror).status == 0)
    for site in world.sites { world.process(site)?.stop() }
    #expect(try repair().output.contains("nothing to put right"))
    try sqlite("DELETE FROM ledger_entry WHERE idx = 3; UPDATE ledger_entry SET bytes = x'7B7D' WHERE idx = 5; DELETE FROM ledger_node;")
    #expect(try verify().status == 70)
    let rehearsal = try repair("--dry-run")
    #expect(rehearsal.status == 0 && rehearsal.output.contains("entry 3: would be put right"), "\(rehearsal.output)\(rehearsal.errors)")
    #expect(try verify().status == 70)
    let repaired = try repair()
    #expect(
      repaired.status == 0 && repaired.output.contains("entry 3: put right\nentry 5: put right\n"), "\(repaired.output)\(repaired.errors)")
    let checkpoint = try Checkpoint(parsing: try SignedNote(parsing: try Files.read(folder + "/checkpoint")).text)
    #expect(repaired.output.hasSuffix("sound: \(checkpoint.size) entries, root \(checkpoint.root.hex)\n"))
    #expect(try verify().status == 0)
    // Without any checkpoint left, one that a witness has kept is needed.
    try sqlite("UPDATE ledger_checkpoint SET note = x'00';")
    #expect(try repair().errors.contains("ledger.repair_unvouched"))
    #expect(try repair("--checkpoint", folder + "/checkpoint").status == 0)
    try await world.start(site)
    #expect(try verify().status == 0)
  }
}
