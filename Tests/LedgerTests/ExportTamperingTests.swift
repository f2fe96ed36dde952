import Ledger
import Primitives
import TestSupport
import Testing
import Trust

/// attacks L-01: bits flipped, bytes cut off and files exchanged in an exported ledger. All are noticed, damage to an entry is brought home
/// to the entry, and the reader hands out nothing of it. `make soak` tries many more.
@Suite struct ExportTamperingTests {
  /// One place in an export: which file, and which entry has to be named when it is altered.
  private struct Place {
    let kind: String
    let path: String
    let position: Int
    let index: Int?
  }

  private func places(_ log: TiledLog, _ ledger: LedgerSamples) -> [Place] {
    var places: [Place] = []
    for (path, bytes) in log.files {
      guard let tile = Tile(path: path) else {
        places += bytes.indices.map { Place(kind: "checkpoint", path: path, position: $0, index: nil) }
        continue
      }
      guard tile.content == .entries else {
        let leaves = 1 << (8 * tile.content.level)
        places += bytes.indices.map { position in
          Place(
            kind: "tile of level \(tile.content.level)", path: path, position: position,
            index: (tile.index * 256 + position / 32) * leaves)
        }
        continue
      }
      var position = 0
      for entry in ledger.entries[(tile.index * 256)..<(tile.index * 256 + tile.width)] {
        places += (0..<2).map { Place(kind: "length", path: path, position: position + $0, index: entry.index) }
        places += entry.bytes.indices.map { Place(kind: "entry", path: path, position: position + 2 + $0, index: entry.index) }
        position += 2 + entry.bytes.count
      }
    }
    return places.sorted { ($0.path, $0.position) < ($1.path, $1.position) }
  }

  private func flip(_ ledger: LedgerSamples, count: Int, seed: UInt64) throws -> TamperingTally {
    let log = try TiledLog(ledger)
    let places = Dictionary(grouping: places(log, ledger), by: \.kind)
    let kinds = places.keys.sorted()
    var chance = SplitMix(state: seed)
    var tally = TamperingTally()
    while tally.total < count {
      // Each class as often as any other, however few bytes it has; entries more often.
      let kind = tally.total.isMultiple(of: 2) ? "entry" : kinds[Int.random(in: kinds.indices, using: &chance)]
      let place = places[kind]![Int.random(in: places[kind]!.indices, using: &chance)]
      let bit = UInt8.random(in: 0..<8, using: &chance)
      var changed = log
      changed.files[place.path]![place.position] ^= 1 << bit
      let report = try changed.audit(ledger)
      let isNamed = place.index.map { index in report.findings.contains { $0.index == index && $0.file == place.path } } ?? true
      tally.count(kind, !report.isSound && isNamed, "\(place.path) byte \(place.position) bit \(bit): \(report.findings.prefix(3))")
    }
    #expect(tally.missed.isEmpty, "\(tally.missed)")
    #expect(Set(tally.tried.keys) == Set(kinds), "every class was tried: \(tally.line)")
    #expect(try log.audit(ledger).isSound)
    print("\(tally.total) flips noticed: \(tally.line)")
    return tally
  }

  @Test(arguments: 1...3 as ClosedRange<UInt64>) func everyFlippedBitOfASmallExportIsNoticed(_ seed: UInt64) throws {
    let tally = try flip(try LedgerSamples(count: 7), count: TamperingExtent.scaled(3_000), seed: seed)
    #expect(tally.tried.count == 4)
  }

  /// With full tiles and two levels.
  @Test func everyFlippedBitOfALargerExportIsNoticed() throws {
    let tally = try flip(try LedgerSamples(count: 262), count: TamperingExtent.scaled(240), seed: 4)
    #expect(tally.tried.count == 5)
  }

  /// Every file cut off after every byte.
  @Test func everyTruncationIsNoticed() throws {
    let ledger = try LedgerSamples(count: 5)
    let log = try TiledLog(ledger)
    var tally = TamperingTally()
    for (path, bytes) in log.files {
      for count in bytes.indices {
        var cut = log
        cut.files[path] = Array(bytes.prefix(count))
        let report = try cut.audit(ledger)
        tally.count("truncation", !report.isSound && report.findings.contains { $0.file == path }, "\(path) after \(count)")
        #expect(throws: CausewayError.self) {
          let signed = try SignedCheckpoint.verify(
            cut.files["checkpoint"]!, origin: ledger.signer.origin, keys: [ledger.signer.verifierKey])
          let files = cut.files
          var reader = try TileReader(size: signed.size, root: signed.root) { files[$0.path] }
          _ = try reader.bundle(0)
        }
      }
    }
    #expect(tally.missed.isEmpty && tally.total > 1_500, "\(tally.missed)")
  }

  /// Entries and hashes taken away, put in twice, exchanged, put in another order; files exchanged.
  @Test func everyMovedPieceIsNoticed() throws {
    let ledger = try LedgerSamples(count: 8)
    let log = try TiledLog(ledger)
    let bundle = try #require(Tile(.entries, index: 0, size: 8)).path
    let tile = try #require(Tile(.hashes(level: 0), index: 0, size: 8)).path
    var tally = TamperingTally()
    func check(_ kind: String, _ path: String, _ bytes: [UInt8], names indices: [Int]) throws {
      var changed = log
      changed.files[path] = bytes
      let report = try changed.audit(ledger)
      tally.count(kind, !report.isSound && report.findings.contains { indices.contains($0.index) }, "\(path) \(report.findings)")
    }
    let pieces = ledger.entries.map(\.bytes)
    let hashes = ledger.entries.map(\.leafHash)
    for first in 0..<8 {
      var altered = pieces
      altered.remove(at: first)
      try check("delete", bundle, EntryBundle.bytes(altered), names: [first])
      altered = pieces
      altered.insert(pieces[first], at: first)
      try check("duplicate", bundle, EntryBundle.bytes(altered), names: [first, first + 1])
      altered = pieces
      altered.insert([], at: first)
      try check("insert", bundle, EntryBundle.bytes(altered), names: [first])
      for second in 0..<8 where second != first {
        altered = pieces
        altered.swapAt(first, second)
        try check("swap", bundle, EntryBundle.bytes(altered), names: [first])
        altered = pieces
        altered.insert(altered.remove(at: first), at: second)
        try check("reorder", bundle, EntryBundle.bytes(altered), names: [first, second])
        altered = pieces
        altered[first] = pieces[second]
        try check("overwrite", bundle, EntryBundle.bytes(altered), names: [first])
        var leaves = hashes
        leaves.swapAt(first, second)
        try check("swap of hashes", tile, Tile.bytes(of: leaves), names: [first])
      }
    }
    try check("files exchanged", bundle, log.files[tile]!, names: [0])
    try check("files exchanged", tile, log.files[bundle]!, names: [0])
    #expect(tally.missed.isEmpty, "\(tally.missed)")
    #expect(tally.total > 200)
    // Twins: an added signature of somebody unknown, files of other sizes, and the log as it was before the last entries.
    var benign = log
    let stranger = try CheckpointSigner(origin: "witness.example", key: .generate(.ed25519))
    let note = try SignedNote(parsing: ledger.head.note)
    let foreign = try SignedNote(parsing: stranger.sign(size: 8, root: ledger.head.root).note).signatures
    benign.files["checkpoint"] = SignedNote(text: note.text, signatures: note.signatures + foreign).bytes
    benign.files["tile/0/000.p/3"] = [1, 2, 3]
    #expect(try benign.audit(ledger).isSound)
    var earlier = try TiledLog(pieces.prefix(5))
    earlier.files["checkpoint"] = try ledger.signer.sign(size: 5, root: earlier.tree.root).note
    #expect(try earlier.audit(ledger).isSound)
  }

  /// Another key signs the same head, or a history of its own.
  @Test func anotherKeysSignatureIsNoticed() throws {
    let ledger = try LedgerSamples(count: 6)
    let stranger = try CheckpointSigner(origin: ledger.signer.origin, key: .generate(.ed25519))
    var log = try TiledLog(ledger)
    log.files["checkpoint"] = try stranger.sign(size: 6, root: ledger.head.root).note
    #expect(try log.audit(ledger).findings.map(\.field) == ["ledger.note_unknown_key"])
    var forked = LedgerSamples(forkOf: ledger, at: 3)
    for index in 3..<6 { try forked.append(LedgerSamples.draft(index + 40)) }
    var other = try TiledLog(forked.entries.map(\.bytes))
    other.files["checkpoint"] = ledger.head.note
    let report = try other.audit(ledger)
    #expect(!report.isSound && report.findings.contains { $0.index >= 2 }, "\(report.findings)")
  }
}
