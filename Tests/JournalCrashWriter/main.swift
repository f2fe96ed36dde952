import Foundation
import Journal
import JournalSQLite
import Ledger
import Primitives
import Trust

// Child process of the tests that end processes and let system calls fail. Prints a line for each change that it was told is durable.
//
//   JournalCrashWriter DATABASE KEYFILE FIRSTNUMBER
//     Sixteen writers commit without end, until somebody kills the process.
//   JournalCrashWriter steps JOURNAL KEYFILE STORAGEKEYFILE FIRSTNUMBER COUNT LANES
//     A gateway's work on so many messages, after what an earlier life has left. Exit status 0: all done; 70: the journal has stopped; 75:
//     something that may pass.

struct SystemTime: WallClock {
  func now() -> Instant { Instant(milliseconds: Int64(Date().timeIntervalSince1970 * 1000)) }
}

let arguments = CommandLine.arguments
if arguments.count == 8, arguments[1] == "steps" { exit(await workThroughSteps(Array(arguments[2...]))) }
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

func workThroughSteps(_ arguments: [String]) async -> Int32 {
  guard let first = Int(arguments[3]), let count = Int(arguments[4]), let lanes = Int(arguments[5]) else { return 64 }
  var isStopped = false
  do throws(CausewayError) {
    let key = try PrivateKey(pem: text(arguments[1]))
    let writer = try await StepWriter.open(
      arguments[0], signer: try CheckpointSigner(origin: "gateway.cn.example/ledger", key: key),
      storageKey: try FileKeyEncryptionKey(pem: text(arguments[2])))
    do throws(CausewayError) {
      try await writer.resume()
      try await work(writer, first..<(first + count), lanes: lanes)
    } catch {
      isStopped = await writer.journal.fault != nil
      await writer.close()
      throw error
    }
    await writer.close()
    return 0
  } catch {
    print("error \(error.code)")
    FileHandle.standardError.write(Data("\(error)\n".utf8))
    return isStopped ? 70 : 75
  }
}

/// Every other message goes out, every other comes in.
func work(_ writer: StepWriter, _ numbers: Range<Int>, lanes: Int) async throws(CausewayError) {
  let failures = await withTaskGroup(of: CausewayError?.self) { group -> [CausewayError] in
    for lane in 0..<lanes {
      group.addTask {
        do throws(CausewayError) {
          for number in numbers where number % lanes == lane {
            if number.isMultiple(of: 2) { try await writer.inbound(number) } else { try await writer.outbound(number) }
          }
          return nil
        } catch {
          return error
        }
      }
    }
    return await group.reduce(into: []) { if let failure = $1 { $0.append(failure) } }
  }
  if let first = failures.first { throw first }
}

func text(_ path: String) -> String { (try? String(contentsOfFile: path, encoding: .utf8)) ?? "" }
