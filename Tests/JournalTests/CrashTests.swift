import Foundation
import Journal
import JournalSQLite
import Ledger
import Primitives
import TestSupport
import Testing
import Trust

/// attacks L-15: the process ends at any moment, as with `kill -9` or a power cut; nothing that was acknowledged is lost.
@Suite(.serialized) struct CrashTests {
  /// The writer is built beside the tests.
  static let writer: URL? = {
    let folders =
      [Bundle.main.bundleURL, Bundle.main.executableURL?.deletingLastPathComponent(), Bundle(for: Marker.self).bundleURL]
      .compactMap { $0 } + Bundle.allBundles.map { $0.bundleURL.deletingLastPathComponent() }
      + CommandLine.arguments.prefix(1).map { URL(fileURLWithPath: $0).deletingLastPathComponent() }
    let found = folders.map { $0.appendingPathComponent("JournalCrashWriter") }
      .first { FileManager.default.isExecutableFile(atPath: $0.path) }
    if found == nil { print("not run: JournalCrashWriter is not built") }
    return found
  }()

  private final class Marker {}

  @Test func theWriterIsBuilt() { #expect(Self.writer != nil) }

  @Test(.enabled(if: CrashTests.writer != nil), .timeLimit(.minutes(3)))
  func nothingAcknowledgedIsLost() async throws {
    let writer = try #require(Self.writer)
    let folder = try TemporaryFolder()
    let key = try PrivateKey.generate(.ed25519)
    try key.pem().exposed.write(toFile: folder.file("key.pem"), atomically: true, encoding: .utf8)
    let signer = try CheckpointSigner(origin: "gateway.cn.example/ledger", key: key)
    var acknowledged: [(id: MessageID, index: Int, size: Int)] = []
    for round in 0..<6 {
      acknowledged += try run(
        writer, [folder.file("journal.sqlite"), folder.file("key.pem"), "\(round * 1_000_000)"], untilLines: 20 + round * 37)
      let journal = try await Journal.open(
        try SQLiteStore(path: folder.file("journal.sqlite")), signer: signer, clock: HandClock(Instant(milliseconds: 1_900_000_000_000)))
      #expect(await journal.fault == nil)
      let audit = try await journal.audit()
      #expect(audit.isSound, "round \(round): \(audit.findings)")
      let promised = acknowledged
      try await journal.read { reader throws(CausewayError) in
        for (id, index, size) in promised {
          let message = try reader.message(id)
          #expect(message?.state == "receipted" && message?.receipt != nil, "\(id) at \(index)")
          #expect(try reader.entryIndices(message: id) == [index])
          #expect(try reader.payloadSummary(owner: id.text, kind: "raw")?.digest == reader.entry(index)?.draft.payloadDigest)
          #expect(try reader.checkpoint(coveringSize: index + 1)?.size == size)
        }
        // Whole or not at all: every entry has its message and its payload, also where nobody was told.
        let head = try reader.ledgerHead()
        for index in 0..<head.size {
          guard let id = try reader.entry(index)?.draft.messageID else { throw CausewayError("journal.not_found") }
          #expect(try reader.message(id)?.receipt != nil)
          #expect(try reader.payloadSummary(owner: id.text, kind: "raw") != nil)
        }
      }
      await journal.close()
    }
    #expect(acknowledged.count >= 6 * 20)
  }

  /// Runs the writer until it has printed so many lines, kills it, and gives back every whole line.
  private func run(_ writer: URL, _ arguments: [String], untilLines count: Int) throws -> [(id: MessageID, index: Int, size: Int)] {
    let process = try ChildProcess([writer.path()] + arguments, output: .pipe)
    let pipe = try #require(process.output)
    var output = Data()
    var lines = 0
    while lines < count {
      let part = pipe.availableData
      guard !part.isEmpty else { break }
      output += part
      lines += part.count { $0 == 0x0A }
    }
    process.signal(SIGKILL)
    let end = process.wait()
    output += try pipe.readToEnd() ?? Data()
    #expect(end == .signal(SIGKILL))
    let whole = output.prefix((output.lastIndex(of: 0x0A) ?? -1) + 1)
    return try whole.split(separator: 0x0A).map { line in
      let words = String(decoding: line, as: UTF8.self).split(separator: " ")
      return (try #require(MessageID(String(words[0]))), try #require(Int(words[1])), try #require(Int(words[2])))
    }
  }
}
