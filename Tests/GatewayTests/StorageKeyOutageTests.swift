import Journal
import Ledger
import Primitives
import Synchronization
import Testing
import Trust

@testable import Gateway

/// The storage key out of reach, as a hardware security module can be: what needs it waits, or is answered with an error that passes. Nothing is
/// refused, set aside or lost.
@Suite struct StorageKeyOutageTests {
  /// A key that can be away.
  private final class DistantKey: KeyEncryptionKey {
    private let isAway = Mutex(false)

    func set(away: Bool) { isAway.withLock { $0 = away } }

    private func reach() throws(CausewayError) {
      guard !isAway.withLock({ $0 }) else { throw CausewayError("key.hsm_call", facts: ["call": "C_Decrypt", "code": "CKR_DEVICE_ERROR"]) }
    }

    func wrap(_ key: SecretKey, for context: [UInt8]) throws(CausewayError) -> [UInt8] {
      try reach()
      return try World.storageKey.wrap(key, for: context)
    }

    func unwrap(_ wrapped: [UInt8], for context: [UInt8]) throws(CausewayError) -> SecretKey? {
      try reach()
      return try World.storageKey.unwrap(wrapped, for: context)
    }
  }

  private func states(_ world: World, _ economy: String) async throws -> [String] {
    try await world.messages(at: economy, MessageQuery(limit: 100, withDetails: false)).map(\.state)
  }

  @Test func everythingWaitsAndGoesOn() async throws {
    let world = try await World()
    let (china, singapore) = (DistantKey(), DistantKey())
    func submission(_ number: Int) -> Submission {
      Submission(
        body: Economies.declaration(number), profile: nil, corridor: "CN-SG", ucr: "6CN000\(number)", clearanceID: nil,
        idempotencyKey: "key-\(number)")
    }
    let declared = try await world.cn.submit(submission(1), by: world.customs)
    // Started anew, so that no opened key is in memory.
    for (economy, key) in [("CN", china), ("SG", singapore)] {
      await world.stop(economy)
      try await world.start(economy, storageKey: key)
    }

    china.set(away: true)
    for _ in 0..<2 {
      await #expect(throws: CausewayError("key.hsm_call")) { try await world.cn.translateReceived() }
      await #expect(throws: CausewayError("key.hsm_call")) { try await world.cn.submit(submission(2), by: world.customs) }
      await #expect(throws: CausewayError("key.hsm_call")) { try await world.cn.message(declared.messageID, waitSeconds: 0) }
    }
    #expect(try await states(world, "CN") == ["received"])
    china.set(away: false)
    let second = try await world.cn.submit(submission(2), by: world.customs)
    _ = try await world.cn.translateReceived()
    #expect(try await states(world, "CN") == ["sealed", "sealed"])

    // The partner's is away: no receipt, nothing recorded, and the same envelopes again later.
    singapore.set(away: true)
    let entries = try await world.entries(at: "SG").count
    _ = try await world.cn.deliverDue()
    for message in [declared.messageID, second.messageID] {
      let delivery = try #require(try await world.delivery(of: message, at: "CN"))
      #expect(delivery.lastError == "key.hsm_call" && !delivery.isDead)
    }
    #expect(try await states(world, "SG").isEmpty)
    #expect(try await world.entries(at: "SG").count == entries)
    singapore.set(away: false)
    try await world.run()
    for acknowledgement in [declared, second] {
      #expect(
        try await world.clearance(acknowledgement.clearanceID, at: "SG").ucr == world.clearance(acknowledgement.clearanceID, at: "CN").ucr)
      #expect(try await world.message(acknowledgement.messageID, at: "CN").state == "delivered")
    }
    for economy in ["CN", "SG"] {
      #expect(try await world.isSound(economy))
      #expect(await world[economy].journal.fault == nil)
      await world.stop(economy)
    }
  }
}
