import Foundation
import Journal
import JournalSQLite
import Ledger
import Primitives
import Testing
import Trust

/// attacks L-10, L-11 at the level of the disk. One after the other: the failing disk is one for the process.
@Suite(.serialized) struct FailingDiskTests {
  private struct Fixture {
    let folder = try! TemporaryFolder()
    let signer = try! CheckpointSigner(origin: "gateway.cn.example/ledger", key: .generate(.ed25519))
    let clock = HandClock()
    var path: String { folder.file("failing.sqlite") }

    func open() async throws -> Journal {
      try #require(FailingDisk.isInstalled)
      return try await Journal.open(try SQLiteStore(path: path), signer: signer, clock: clock)
    }
  }

  private func change(_ number: Int) -> Change {
    Change(operations: [.putMessage(Sample.message(number), expecting: .absent)], entries: [Sample.draft(number)])
  }

  /// A full disk shows itself when the log is written, at the commit. Nothing was promised; it goes on when there is room.
  @Test func aFullDiskIsRefusedAndOvercome() async throws {
    let fixture = Fixture()
    let journal = try await fixture.open()
    _ = try await journal.commit(change(1))
    FailingDisk.set(.full)
    for _ in 0..<3 {
      await #expect(throws: CausewayError("journal.storage_full")) { try await journal.commit(change(2)) }
    }
    FailingDisk.set(.none)
    #expect(await journal.fault == nil)
    #expect(try await journal.commit(change(2)).committed?.entries[0].index == 1)
    #expect(try await journal.audit().isSound)
    await journal.close()
  }

  /// What could not be synced may or may not be there after a power cut: writing stops, reading goes on, a restart tells.
  @Test(arguments: [FailingDisk.Failure.sync, .write]) func afterAFailedCommitNothingIsWritten(_ failure: FailingDisk.Failure) async throws
  {
    let fixture = Fixture()
    let journal = try await fixture.open()
    let before = try #require(try await journal.commit(change(1)).committed)
    FailingDisk.set(failure)
    await #expect(throws: CausewayError("journal.commit_failed")) { try await journal.commit(change(2)) }
    FailingDisk.set(.none)
    await #expect(throws: CausewayError("journal.faulted")) { try await journal.commit(change(3)) }
    #expect(await journal.fault?.code == "journal.commit_failed")
    try await journal.read { reader throws(CausewayError) in
      #expect(try reader.message(Sample.id(1)) != nil)
      #expect(try reader.latestCheckpoint()?.note == before.checkpoint.note)
    }
    await journal.close()

    let again = try await fixture.open()
    #expect(await again.fault == nil)
    let size = try await again.read { reader throws(CausewayError) in try reader.ledgerHead().size }
    let isThere = try await again.read { reader throws(CausewayError) in try reader.message(Sample.id(2)) } != nil
    #expect(size == (isThere ? 2 : 1))
    #expect(try await again.commit(change(3)).committed?.entries[0].index == size)
    #expect(try await again.audit().isSound)
    await again.close()
  }

  /// Whoever waits behind a failed group gets an answer too.
  @Test func everyWaitingChangeIsAnswered() async throws {
    let fixture = Fixture()
    let journal = try await fixture.open()
    FailingDisk.set(.sync)
    let codes = await withTaskGroup(of: ErrorCode?.self) { group in
      for number in 0..<200 {
        group.addTask {
          do throws(CausewayError) {
            _ = try await journal.commit(change(number))
            return nil
          } catch {
            return error.code
          }
        }
      }
      return await group.reduce(into: [:] as [ErrorCode?: Int]) { $0[$1, default: 0] += 1 }
    }
    FailingDisk.set(.none)
    #expect(codes[nil] == nil && codes.values.reduce(0, +) == 200)
    #expect(Set(codes.keys).isSubset(of: ["journal.commit_failed", "journal.faulted"]))
    await journal.close()
  }
}
