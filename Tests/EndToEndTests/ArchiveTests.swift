import Foundation
import JSONTree
import Journal
import Ledger
import Logging
import Primitives
import TestSupport
import Testing

@testable import CausewayCLI

/// Archives with the commands: entries leave a real gateway's journal, and everything that was true of them can still be shown.
@Suite(.serialized, .oneAtATime) struct ArchiveTests {
  @Test func theLedgerIsArchivedAndEverythingStaysVerifiable() async throws {
    let world = try World()
    defer { world.end() }
    try await world.startBoth()
    let ids = try await world.china.declare(try World.declaration(number: 1), key: "first")
    try await world.singapore.waitFor(ids.clearance, "import", "supplement_requested")
    try await world.quiet()
    let (site, folder) = (world.cn, world.demo.folder)
    let (first, second) = (folder + "/archive-1", folder + "/archive-2")
    func ledger(_ arguments: String...) throws -> (status: Int32, output: String, errors: String) {
      try World.run(["ledger", arguments[0], "--config", site.configuration] + arguments.dropFirst())
    }
    #expect(try ledger("archive", "--up-to", "512", "--output", first).errors.contains("journal.locked"), "the gateway runs")
    for site in world.sites { world.process(site)?.stop() }
    let early = try ledger("archive", "--up-to", "512", "--output", first)
    #expect(early.status == 69 && early.errors.contains("ledger.archive_nothing"), "\(early.errors)")
    try await grow(site, by: 1900)
    let size = try await world.journal(site) { reader throws(CausewayError) in try reader.ledgerHead().size }
    let key = try #require(try ledger("export", "--output", folder + "/export").output.firstMatch(of: /--key '([^']+)'/)?.output.1)
    try #require(try ledger("verify").status == 0)

    // The first archive: what it holds leaves the journal, and the journal says so.
    let made = try ledger("archive", "--up-to", "300", "--output", first)
    #expect(made.status == 0 && made.output == "archived: entries 0 to 255 in \(first), recorded as entry \(size)\n", "\(made)")
    #expect(try ledger("archive", "--up-to", "512", "--output", first).status == 78, "a folder is used once")
    let sound = try ledger("verify")
    #expect(
      sound.status == 0 && sound.output.hasPrefix("sound: \(size + 1 - 256) entries, 256 archived ones by their hashes, root"), "\(sound)")
    let json = try JSONValue.parse(Array(try ledger("verify", "--json").output.utf8))
    #expect(json["hashed"]?.int == 256 && json["entries"]?.int == size - 255)
    #expect(try ledger("verify", "--since-last").output.hasPrefix("sound: 0 entries after"))
    // The second: by day.
    let tomorrow = Instant(milliseconds: Int64(Date.now.timeIntervalSince1970 * 1000)).adding(seconds: 86_400).rfc3339.prefix(10)
    let more = try ledger("archive", "--before", String(tomorrow), "--output", second)
    let end = (size + 1 - 1024) / 256 * 256
    #expect(more.status == 0 && more.output.hasPrefix("archived: entries 256 to \(end - 1) in"), "\(more)")
    let none = try ledger("archive", "--before", "2020-01-01", "--output", folder + "/archive-3")
    #expect(none.status == 69 && none.errors.contains("ledger.archive_nothing"), "\(none)")

    // Both archives with the journal, and without it.
    let whole = try ledger("verify", "--archives", first, second)
    #expect(whole.status == 0, "\(whole)")
    #expect(
      whole.output.contains("archives: sound: \(end) entries") && whole.output.contains("\nsound: \(size + 2) entries, root"), "\(whole)")
    let offline = try World.tool(World.verifier, ["--key", String(key), first, second])
    #expect(offline.status == 0 && offline.output.hasPrefix("sound: \(end) entries"), "\(offline)")
    let script = ["python3", World.repository + "interop/verifier/causeway_archive.py", "--key", String(key), "--json"]
    let independent = try World.tool("/usr/bin/env", script + [first, second])
    #expect(independent.status == 0, "\(independent)")
    #expect(try JSONValue.parse(Array(independent.output.utf8))["entries"]?.int == end)
    for (folders, line) in [([second], "missing up to 255"), ([second, first], "missing up to 255"), ([first, first], "archived before")] {
      let other = try World.tool(World.verifier, ["--key", String(key)] + folders)
      #expect(other.status == 65 && other.output.contains(line), "\(other)")
    }
    let incomplete = try ledger("verify", "--archives", first)
    #expect(incomplete.status == 70 && incomplete.output.contains("index damaged (no archive up to \(end - 1))"), "\(incomplete)")

    // Reading: with the archives as before, without them a clear no.
    let show = try ledger("show", "--from", "10", "--count", "3")
    #expect(show.status == 69 && show.errors.contains("ledger.archived") && show.output.isEmpty, "\(show)")
    let shown = try ledger("show", "--from", "10", "--count", "3", "--archives", first, second)
    #expect(shown.status == 0 && shown.output.split(separator: "\n").count == 3, "\(shown)")
    #expect(try ledger("show", "--from", String(end), "--count", "1").status == 0)
    #expect(try ledger("prove", "10", "--entry", folder + "/entry").errors.contains("ledger.archived"))
    #expect(try ledger("prove", "10").status == 0, "a proof needs hashes only")
    #expect(try ledger("prove", "10", "--entry", folder + "/entry", "--archives", first, second).status == 0)
    #expect(Array(shown.output.utf8).starts(with: try Files.read(folder + "/entry")))
    #expect(try ledger("export", "--output", folder + "/export-2").errors.contains("ledger.archived"))
    #expect(try ledger("export", "--output", folder + "/export").status == 0, "an export from before goes on")
    #expect(try ledger("export", "--output", folder + "/export-3", "--archives", first, second).status == 0)
    for name in ["/export", "/export-3"] {
      #expect(try World.tool(World.verifier, ["--key", String(key), folder + name]).output.hasPrefix("sound: \(size + 2) entries"))
    }
    let evidence = ["evidence", "export", "--config", site.configuration, "--message", ids.message, "--output", folder + "/file.evidence"]
    #expect(try World.run(evidence).errors.contains("ledger.archived"))
    let exported = try World.run(evidence + ["--archives", first, second])
    #expect(Files.exists(folder + "/file.evidence"), "\(exported)")
    #expect(
      try World.run([
        "evidence", "verify", "--accept-unwitnessed", "--registry-key", site.folder + "/registry-key.pem", folder + "/file.evidence",
      ]).status == 0)
    #expect(try ledger("show", "--archives", folder + "/nowhere").status == 78)

    // The partner's mirror: a bundle that is not there is not there, until the gateway knows where.
    try await world.startBoth()
    let mirror = ["ledger", "mirror", "--config", world.sg.configuration, "--partner", "CN", "--output", folder + "/mirror"]
    let refused = try World.run(mirror)
    #expect(refused.status == 69 && refused.errors.contains("ledger.tile_missing"), "\(refused)")
    world.process(site)?.stop()
    let configuration = try Files.text(site.configuration) + "archives: [\(first), ../archive-2]\n"
    try Files.write(Array(configuration.utf8), to: site.configuration)
    try await world.start(site)
    let mirrored = try World.run(mirror)
    #expect(mirrored.status == 0, "\(mirrored)")
    #expect(try ledger("show", "--from", "10", "--count", "3").output == shown.output, "the configuration names them")
    try await world.quiet()
    for site in world.sites { world.process(site)?.stop() }
    #expect(try ledger("repair", "--from", folder + "/mirror").output.contains("nothing to put right"))

    // One byte: the archive's file and the entry are named, and the journal's own part is still sound.
    let path = second + "/tile/entries/001"
    var bytes = try Files.read(path)
    bytes[20] ^= 1
    try Files.write(bytes, to: path)
    let damaged = try ledger("verify", "--archives", first, second)
    #expect(damaged.status == 70 && damaged.output.hasPrefix("\(path): entry 256: data damaged (entry)\narchives: not sound"), "\(damaged)")
    #expect(damaged.output.contains("\nsound: "), "\(damaged)")
    #expect(try World.tool(World.verifier, ["--key", String(key), first, second]).output.hasPrefix("\(path): entry 256: data damaged"))
    let named = try World.tool("/usr/bin/env", script + [first, second])
    let finding = try JSONValue.parse(Array(named.output.utf8))["findings"]?.array?.first
    #expect(named.status == 65 && finding?["index"]?.int == 256 && finding?["archive"]?.string == second, "\(named)")
    #expect(try ledger("verify").status == 0)
  }

  /// Killed at some moment, the command leaves either everything in the journal, or a recorded archive that is whole.
  @Test func aKilledCommandLosesNothing() async throws {
    let world = try World()
    defer { world.end() }
    let site = world.cn
    try await grow(site, by: 3000)
    func archive(_ number: Int) throws -> (process: ChildProcess, folder: String) {
      let folder = "\(world.demo.folder)/archive-\(number)"
      let command = [
        World.executable, "ledger", "archive", "--config", site.configuration, "--up-to", "\(number * 256)", "--output", folder,
      ]
      return (try ChildProcess(command, errors: .nothing), folder)
    }
    func hashed(_ archives: [String]) throws -> Int {
      let options = archives.isEmpty ? [] : ["--archives"] + archives
      let result = try World.run(["ledger", "verify", "--json", "--config", site.configuration] + options)
      try #require(result.status == 0, "\(result)")
      return try #require(try JSONValue.parse(Array(result.output.utf8))["hashed"]?.int)
    }
    // How long it takes tells where to cut it short.
    let clock = ContinuousClock()
    let start = clock.now
    let whole = try archive(1)
    let end = whole.process.wait()
    let duration = clock.now - start
    try #require(end == .exit(0))
    var archives = [whole.folder]
    for (offset, part) in [0.4, 0.6, 0.75, 0.85, 0.95, 1].enumerated() {
      let (process, folder) = try archive(archives.count + 1)
      try await Task.sleep(for: duration * part)
      process.signal(SIGKILL)
      process.wait()
      if try hashed([]) == archives.count * 256 {
        // Not recorded: what is there of it may go.
        if Files.exists(folder) { try FileManager.default.removeItem(atPath: folder) }
      } else {
        archives.append(folder)
      }
      #expect(try hashed(archives) == 0, "\(offset): the archives that are recorded are whole")
    }
    let last = try archive(archives.count + 1)
    #expect(last.process.wait() == .exit(0) || archives.count == 7)
  }

  /// Entries without anything else, through the journal's own door.
  private func grow(_ site: DemoWorld.Site, by count: Int) async throws {
    let assembled = try await Composition.assemble(
      configurationAt: site.configuration, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    for start in stride(from: 0, to: count, by: 200) {
      let drafts = (start..<min(start + 200, count)).map {
        EntryDraft(kind: "test.noted", actor: "CN", extra: ["number": .number(JSONNumber($0))])
      }
      _ = try #require(try await assembled.journal.commit(Change(entries: drafts)).committed)
    }
    await assembled.journal.close()
  }
}
