import Ledger
import Primitives
import TestSupport
import Testing
import Trust

/// Archives of a ledger, verified one after the other. Whatever is altered, exchanged, left out or made up is noticed, and the file is named.
@Suite struct ArchiveAuditTests {
  /// Three archives, as of three checkpoints, in memory.
  private struct Sample {
    var ledger: LedgerSamples
    var archives: [[String: [UInt8]]] = []
    static let ends = [256, 768, 1024]

    init(sizes: [Int] = [700, 1000, 1100], origin: String = "gateway.cn.example/ledger") throws {
      ledger = try LedgerSamples(count: 0, origin: origin)
      for index in 0..<1100 {
        try ledger.append(LedgerSamples.draft(index))
        if sizes.contains(index + 1) { try ledger.checkpoint() }
      }
      var previous = Digest.zero
      for (offset, end) in Self.ends.enumerated() {
        let manifest = try Self.manifest(ledger, offset == 0 ? 0 : Self.ends[offset - 1], end, sizes[offset], previous)
        archives.append(try Self.archive(ledger, manifest, size: sizes[offset]))
        previous = manifest.digest
      }
    }

    static func manifest(_ ledger: LedgerSamples, _ start: Int, _ end: Int, _ size: Int, _ previous: Digest) throws -> ArchiveManifest {
      var tree = CompactTree()
      for entry in ledger.entries.prefix(end) { tree.append(entry.leafHash) }
      let note = try #require(ledger.checkpoints.first { $0.size == size }).note
      return try ArchiveManifest(
        origin: ledger.signer.origin, start: start,
        state: AuditState(tree: tree, lastHash: ledger.entries[end - 1].leafHash, lastTime: ledger.entries[end - 1].time), note: note,
        previous: previous)
    }

    static func archive(_ ledger: LedgerSamples, _ manifest: ArchiveManifest, size: Int) throws -> [String: [UInt8]] {
      var files = try TiledLog(ledger.entries.prefix(size).map(\.bytes)).files
      let own = (manifest.start / 256..<manifest.end / 256).map { Tile(.entries, index: $0).path }
      files = files.filter { !$0.key.hasPrefix("tile/entries") || own.contains($0.key) }
      files["checkpoint"] = manifest.note
      files["manifest.json"] = manifest.bytes
      return files
    }

    func audit(_ archives: [[String: [UInt8]]]? = nil) throws -> ArchiveAudit {
      var audit = ArchiveAudit(origin: ledger.signer.origin, keys: [ledger.signer.verifierKey])
      for (offset, files) in (archives ?? self.archives).enumerated() { try audit.add("a\(offset)") { files[$0] } }
      return audit
    }

    func report(_ archives: [[String: [UInt8]]]) throws -> AuditReport { try audit(archives).finish() }
  }

  @Test func wholeArchivesAreSound() throws {
    let sample = try Sample()
    let audit = try sample.audit()
    let report = audit.finish()
    #expect(report.isSound && report.entryCount == 1024 && report.checkpoint?.size == 1100, "\(report.findings)")
    #expect(audit.verified?.manifest.end == 1024)
    // Also the later ones alone, when the first was verified before.
    let first = try #require(try sample.audit([sample.archives[0]]).verified?.manifest)
    var rest = ArchiveAudit(origin: sample.ledger.signer.origin, keys: [sample.ledger.signer.verifierKey], after: first)
    let files = sample.archives[1]
    try rest.add("a1") { files[$0] }
    #expect(rest.finish().isSound && rest.finish().start == 256 && rest.finish().entryCount == 512)
    // None is no proof of anything.
    let none = try sample.audit([])
    #expect(!none.finish().isSound && none.verified == nil)
  }

  /// Every class of bytes: each flipped bit is noticed, in the file where it is; one in an entry is brought home to the entry.
  @Test func everyFlippedBitIsNoticed() throws {
    let sample = try Sample()
    var chance = SplitMix(state: 7)
    var classes: Set<String> = []
    for (offset, archive) in sample.archives.enumerated() {
      for (path, bytes) in archive.sorted(by: { $0.key < $1.key }) {
        let isOwnClass = classes.insert(path.split(separator: "/").prefix(2).joined(separator: "/") + (path.contains(".p") ? "p" : ""))
          .inserted
        for _ in 0..<(isOwnClass ? 10 : 1) {
          var altered = sample.archives
          let place = Int.random(in: bytes.indices, using: &chance)
          altered[offset][path]?[place] ^= 1 << UInt8.random(in: 0..<8, using: &chance)
          let report = try sample.report(altered)
          #expect(!report.isSound, "\(path) \(place)")
          // The right edge is one proof: which of its tiles was altered, nothing can tell.
          let isEdge = path.hasPrefix("tile/") && path.contains(".p")
          let isNamed = report.findings.contains { finding in
            finding.file == "a\(offset)/\(path)" || isEdge && finding.file?.hasPrefix("a\(offset)/tile/") == true
          }
          #expect(isNamed, "\(path) \(place): \(report.findings)")
          if let tile = Tile(path: path), tile.content == .entries {
            let index = try Self.index(of: place, in: bytes, tile)
            #expect(report.findings.contains { $0.index == index }, "\(path) \(place): \(report.findings)")
          }
        }
      }
    }
    #expect(classes == ["checkpoint", "manifest.json", "tile/0", "tile/0p", "tile/1p", "tile/entries"])
  }

  /// The entry that a byte of a bundle belongs to.
  private static func index(of place: Int, in bundle: [UInt8], _ tile: Tile) throws -> Int {
    var end = 0
    for (offset, entry) in try tile.entries(parsing: bundle).enumerated() {
      end += 2 + entry.count
      if place < end { return tile.index * 256 + offset }
    }
    return -1
  }

  @Test func everyMissingOrCutFileIsNoticed() throws {
    let sample = try Sample()
    for (offset, archive) in sample.archives.enumerated() {
      for (path, bytes) in archive {
        for content in [nil, [], Array(bytes.dropLast()), bytes + [0]] {
          var altered = sample.archives
          altered[offset][path] = content
          let report = try sample.report(altered)
          #expect(!report.isSound && report.findings.contains { $0.file == "a\(offset)/\(path)" }, "\(path): \(report.findings)")
        }
      }
    }
  }

  @Test func archivesThatAreExchangedLeftOutOrRepeatedAreNoticed() throws {
    let sample = try Sample()
    let (first, second, third) = (sample.archives[0], sample.archives[1], sample.archives[2])
    for (archives, line) in [
      ([second, third], "a0/manifest.json: entry 0: index damaged (missing up to 255)"),
      ([first, third], "a1/manifest.json: entry 256: index damaged (missing up to 767)"),
      ([second, first, third], "a0/manifest.json: entry 0: index damaged (missing up to 255)"),
      ([first, first, second, third], "a1/manifest.json: entry 0: index damaged (archived before, up to 255)"),
      ([first, second, [:]], "a2/manifest.json: entry 768: archive damaged (no manifest)"),
    ] {
      let report = try sample.report(archives)
      #expect(!report.isSound && report.findings.contains { $0.line == line }, "\(report.findings.map(\.line))")
    }
    // Entries exchanged between bundles of one archive.
    var swapped = sample.archives
    (swapped[1]["tile/entries/001"], swapped[1]["tile/entries/002"]) = (second["tile/entries/002"], second["tile/entries/001"])
    let report = try sample.report(swapped)
    #expect(report.findingCount == 512 && report.findings.allSatisfy { $0.damage == .data })
  }

  @Test func aManifestThatIsNotTheNextOneIsNoticed() throws {
    let sample = try Sample()
    let ledger = sample.ledger
    let first = try ArchiveManifest(parsing: try #require(sample.archives[0]["manifest.json"]))
    let right = try Sample.manifest(ledger, 256, 768, 1000, first.digest)
    func lines(_ manifest: ArchiveManifest) throws -> [String] {
      var archives = Array(sample.archives.prefix(2))
      archives[1]["manifest.json"] = manifest.bytes
      archives[1]["checkpoint"] = manifest.note
      return try sample.report(archives).findings.map(\.line)
    }
    func altered(
      origin: String? = nil, state: AuditState? = nil, note: [UInt8]? = nil, previous: Digest? = nil
    ) throws -> ArchiveManifest {
      try ArchiveManifest(
        origin: origin ?? right.origin, start: 256, state: state ?? right.state, note: note ?? right.note,
        previous: previous ?? right.previous)
    }
    // The twin.
    #expect(try lines(right) == [])
    #expect(try lines(altered(previous: .zero)) == ["a1/manifest.json: entry 256: archive damaged (previous)"])
    #expect(try lines(altered(previous: SHA256.hash("x"))) == ["a1/manifest.json: entry 256: archive damaged (previous)"])
    #expect(try lines(altered(origin: "gateway.cn.example/ledgeR")) == ["a1/manifest.json: entry 256: archive damaged (origin)"])
    let state = right.state
    for other in [
      AuditState(tree: state.tree, lastHash: SHA256.hash("x"), lastTime: state.lastTime),
      AuditState(tree: state.tree, lastHash: state.lastHash, lastTime: state.lastTime?.adding(milliseconds: 1)),
      AuditState(
        tree: try #require(CompactTree(size: 768, frontier: state.tree.frontier.reversed())), lastHash: state.lastHash,
        lastTime: state.lastTime),
    ] {
      #expect(try lines(altered(state: other)) == ["a1/manifest.json: entry 256: archive damaged (state)"])
    }
    // A checkpoint that has not all of the entries; one of another key.
    let small = ledger.checkpoints[0].note
    #expect(try lines(altered(note: small)) == ["a1/manifest.json: entry 256: archive damaged (end)"])
    let stranger = try CheckpointSigner(origin: right.origin, key: .generate(.ed25519)).sign(size: 1000, root: ledger.checkpoints[1].root)
    #expect(try lines(altered(note: stranger.note)).first?.contains("checkpoint damaged (ledger.note_unknown_key)") == true)
  }

  /// attacks L-02: whoever has the key makes archives of another history. Each is sound; the two do not go together.
  @Test func aRewrittenArchiveDoesNotGoWithTheOthers() throws {
    let sample = try Sample()
    var ledger = LedgerSamples(signer: sample.ledger.signer)
    for index in 0..<1100 {
      try ledger.append(LedgerSamples.draft(index == 100 ? 9_999 : index))
      if [700, 1000, 1100].contains(index + 1) { try ledger.checkpoint() }
    }
    let first = try Sample.manifest(ledger, 0, 256, 700, .zero)
    let forged = try Sample.archive(ledger, first, size: 700)
    #expect(try sample.report([forged]).isSound, "by itself nothing is wrong with it")
    #expect(
      try sample.report([forged, sample.archives[1]]).findings.map(\.line) == ["a1/manifest.json: entry 256: archive damaged (previous)"])
    // Made to name the forged one, it still goes on from the true history.
    let second = try Sample.manifest(sample.ledger, 256, 768, 1000, first.digest)
    let named = try Sample.archive(sample.ledger, second, size: 1000)
    let lines = try sample.report([forged, named]).findings.map(\.line)
    #expect(lines.contains("a1/tile/entries/001: entry 256: chain damaged (previous)"), "\(lines)")
  }

  @Test func manifestsHaveOneForm() throws {
    let sample = try Sample()
    let bytes = try #require(sample.archives[1]["manifest.json"])
    let manifest = try ArchiveManifest(parsing: bytes)
    #expect(manifest.bytes == bytes && manifest.start == 256 && manifest.end == 768 && manifest.digest == SHA256.hash(bytes))
    let text = String(decoding: bytes, as: UTF8.self)
    for other in [
      text + "\n", " " + text, text.replacing("\"v\":1", with: "\"v\":2"), text.replacing("\"v\":1", with: "\"v\":1,\"x\":1"),
      text.replacing("\"start\":256", with: "\"start\":255"), text.replacing("\"start\":256", with: "\"start\":768"),
      text.replacing("\"start\":256", with: "\"start\":-256"), text.replacing("\"size\":768", with: "\"size\":769"),
      text.replacing("\"previous\":\"", with: "\"previous\":\"0"), "", "{}", "[]", String(repeating: "[", count: 100_000),
    ] {
      #expect(throws: CausewayError("ledger.archive_malformed"), "\(other.prefix(80))") { try ArchiveManifest(parsing: Array(other.utf8)) }
    }
  }
}
