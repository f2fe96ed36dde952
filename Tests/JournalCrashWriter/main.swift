import Foundation
import Journal
import JournalSQLite
import Ledger
import Primitives
import Trust

// Child process of the crash test: sixteen writers commit without end and print a line for each change that they were told is
// durable, until somebody kills the process.
//
//   JournalCrashWriter DATABASE KEYFILE FIRSTNUMBER

struct SystemTime: WallClock {
  func now() -> Instant { Instant(milliseconds: Int64(Date().timeIntervalSince1970 * 1000)) }
}

let arguments = CommandLine.arguments
let key = try PrivateKey(pem: String(contentsOfFile: arguments[2], encoding: .utf8))
let signer = try CheckpointSigner(origin: "gateway.cn.example/ledger", key: key)
let journal = try await Journal.open(try SQLiteStore(path: arguments[1]), signer: signer, clock: SystemTime())
let first = Int(arguments[3]) ?? 0

await withTaskGroup(of: Void.self) { group in
  for writer in 0..<16 {
    group.addTask {
      var number = first + writer
      while true {
        await write(number)
        number += 16
      }
    }
  }
}

func write(_ number: Int) async {
  let now = SystemTime().now()
  let id = MessageID(at: now, random: (0..<10).map { UInt8(truncatingIfNeeded: number >> ($0 % 4 * 8)) })
  let bytes = [UInt8](repeating: UInt8(truncatingIfNeeded: number), count: 200 + number % 3000)
  let change = Change(
    preconditions: [.messageAbsent(id), .businessKeyFree(.inbound, "key \(number)")],
    operations: [
      .putMessage(
        MessageRecord(
          id: id, direction: .inbound, clearance: "c\(number % 50)", kind: "declaration", corridor: "CN-SG", partner: "sg",
          businessKey: "key \(number)", state: "received", created: now), expecting: .absent),
      .putPayload(
        PayloadRecord(
          owner: id.text, kind: "raw", mediaType: "application/octet-stream", digest: SHA256.hash(bytes), bytes: bytes, created: now)),
    ],
    entries: [EntryDraft(kind: "message.received", corridor: "CN-SG", messageID: id, payloadDigest: SHA256.hash(bytes), actor: "sg")],
    finish: { recorded, _ in
      .init(operations: [.recordReceipt(id, recorded.checkpoint.note, state: "receipted", at: now)])
    })
  do {
    guard let committed = try await journal.commit(change).committed else { return }
    print("\(id.text) \(committed.entries[0].index) \(committed.checkpoint.size)")
    fflush(nil)
  } catch {
    FileHandle.standardError.write(Data("\(error)\n".utf8))
    exit(1)
  }
}
