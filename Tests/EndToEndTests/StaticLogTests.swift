import Foundation
import Ledger
import Primitives
import Testing
import Trust

@testable import CausewayCLI

/// A log in a folder grows, and whoever reads it finds it whole at any moment.
@Suite struct StaticLogTests {
  private let folder = FileManager.default.temporaryDirectory.appending(path: "static-log-\(UUID().uuidString)").path()
  private let signer: CheckpointSigner
  private let entries = (0..<1100).map { Array("entry \($0)".utf8) }

  init() throws { signer = try CheckpointSigner(origin: "gateway.cn.example/ledger", key: .generate(.ed25519)) }

  private var log: StaticLog { StaticLog(folder: folder, origin: signer.origin, keys: [signer.verifierKey]) }

  private func signed(_ size: Int) throws -> SignedCheckpoint {
    try signer.sign(size: size, root: MerkleTree.root(of: entries.prefix(size).map { MerkleTree.leafHash($0) }))
  }

  private func extend(to size: Int) throws {
    var writer = try StaticLogWriter(extending: log, from: try log.checkpoint())
    for entry in entries[writer.size..<size] { try writer.append(entry) }
    try writer.finish(try signed(size))
  }

  private func check(_ size: Int) throws {
    let checkpoint = try #require(try log.checkpoint())
    #expect(checkpoint.size == size)
    var reader = try log.reader(of: checkpoint)
    for index in 0..<(size + 255) / 256 {
      #expect(try reader.bundle(index) == Array(entries[index * 256..<min(size, index * 256 + 256)]))
    }
  }

  private func files() -> Set<String> {
    var isFolder: ObjCBool = false
    let found = FileManager.default.enumerator(atPath: folder)?.compactMap { $0 as? String } ?? []
    return Set(found.filter { FileManager.default.fileExists(atPath: folder + "/" + $0, isDirectory: &isFolder) && !isFolder.boolValue })
  }

  private func expectedFiles(_ size: Int) -> Set<String> {
    let contents = [Tile.Content.entries, .hashes(level: 0), .hashes(level: 1), .hashes(level: 2)]
    return Set(contents.flatMap { content in (0..<8).compactMap { Tile(content, index: $0, size: size)?.path } } + ["checkpoint"])
  }

  @Test func aLogGrowsAndIsAlwaysWhole() throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    for size in [0, 1, 5, 5, 255, 256, 300, 700, 1024, 1100] {
      func made(_ path: String) -> Date? {
        try? FileManager.default.attributesOfItem(atPath: folder + "/" + path)[.modificationDate] as? Date
      }
      let before = Dictionary(uniqueKeysWithValues: files().filter { Tile(path: $0)?.isFull == true }.map { ($0, made($0)) })
      try extend(to: size)
      try check(size)
      #expect(files() == expectedFiles(size), "\(size)")
      for (path, date) in before { #expect(made(path) == date, "\(path) is written once") }
    }
  }

  @Test func anInterruptedExtensionLeavesTheOldLog() throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try extend(to: 300)
    var writer = try StaticLogWriter(extending: log, from: try log.checkpoint())
    for entry in entries[300..<800] { try writer.append(entry) }
    // Ended here; or a little later, with partial tiles written that no checkpoint needs.
    try Files.write([1], to: folder + "/tile/0/002.p/77")
    try check(300)
    try extend(to: 900)
    try check(900)
    #expect(files() == expectedFiles(900))
  }

  @Test func aCheckpointOfOtherEntriesIsNotWritten() throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try extend(to: 300)
    var writer = try StaticLogWriter(extending: log, from: try log.checkpoint())
    try writer.append(Array("another".utf8))
    let checkpoint = try signed(301)
    #expect(throws: CausewayError("ledger.history_conflict")) { try writer.finish(checkpoint) }
    try check(300)
    // A log whose end is damaged is not gone on with.
    try Files.write([0], to: folder + "/tile/entries/001.p/44")
    #expect(throws: CausewayError("ledger.tile_malformed")) { try extend(to: 400) }
  }

  @Test func onlyOneWritesAtATime() throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let lock = try log.lock()
    #expect(throws: CausewayError("config.folder_in_use")) { try log.lock() }
    lock.release()
    try log.lock().release()
  }
}
