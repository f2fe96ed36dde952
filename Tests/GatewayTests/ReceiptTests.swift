import Exchange
import JSONTree
import Journal
import Ledger
import Primitives
import Synchronization
import TestSupport
import Testing
import Trust

@testable import Gateway

/// What comes back as an answer. Only a receipt of the recipient for this very message ends a delivery; everything else leaves the message
/// unproven, and it is sent again.
@Suite struct ReceiptTests {
  enum Forgery: String, CaseIterable {
    case empty, noise, otherSigner, otherMessage, otherEnvelope, otherPayload, otherReceiver, otherSender, future, past, wrongType
    case changedAfterSigning, envelopeSignature, checkpoint, otherLog, noLedger, indexBeyondCheckpoint
  }

  @Test(arguments: Forgery.allCases) func forged(_ forgery: Forgery) async throws {
    let world = try await World()
    let earlier = try await world.declare(1)
    try await world.run()
    let receiptOfAnother = try #require(world.line.sent.first { $0.envelope.header.messageID.text == earlier.messageID }?.answer)
    let declared = try await world.declare(2)
    let envelope = try await world.envelope(of: declared.messageID)
    let checkpoint = String(decoding: try #require(await world.cn.journal.latestCheckpoint).note, as: UTF8.self)
    world.line.fail { _ in
      .answered { genuine in
        (try? Self.forge(forgery, genuine, another: receiptOfAnother, envelope: envelope, checkpoint: checkpoint)) ?? "the forgery failed"
      }
    }
    _ = try await world.cn.deliverDue()
    let message = try await world.message(declared.messageID, at: "CN")
    #expect(message.state == "sealed")
    #expect(message.receipt == nil)
    let delivery = try #require(try await world.delivery(of: declared.messageID, at: "CN"))
    #expect(delivery.attempts == 1 && !delivery.isDead && delivery.lastError != nil)
    #expect(try await world.entries(at: "CN").filter { $0.draft.kind == "receipt.received" }.count == 1, "only that of the earlier message")
    world.line.heal()
    try await world.run()
    #expect(try await world.message(declared.messageID, at: "CN").state == "delivered")
    #expect(try await world.messages(at: "SG", MessageQuery(direction: .inbound, limit: 10)).count == 2)
  }

  private static func forge(
    _ forgery: Forgery, _ genuine: String, another: String, envelope: SealedEnvelope, checkpoint: String
  ) throws -> String {
    let position: JSONValue = ["index": 0, "checkpoint": .string(checkpoint)]
    switch forgery {
    case .empty: return ""
    case .noise: return String(repeating: "A.", count: 4000)
    case .otherSigner: return try resigned(genuine, by: "MY")
    case .otherMessage: return another
    case .otherEnvelope: return try resigned(genuine, by: "SG") { $0["envelope"] = .string(SHA256.hash([1]).hex) }
    case .otherPayload: return try resigned(genuine, by: "SG") { $0["payload"] = .string(SHA256.hash([1]).hex) }
    case .otherReceiver: return try resigned(genuine, by: "SG") { $0["receiver"] = "MY" }
    case .otherSender: return try resigned(genuine, by: "SG") { $0["sender"] = "MY" }
    case .future: return try resigned(genuine, by: "SG") { $0["receivedAt"] = .string(Economies.start.adding(seconds: 301).rfc3339) }
    case .past: return try resigned(genuine, by: "SG") { $0["receivedAt"] = .string(Economies.start.adding(seconds: -301).rfc3339) }
    case .wrongType: return try resigned(genuine, by: "SG", type: SealedEnvelope.signatureType)
    case .changedAfterSigning:
      var parts = genuine.split(separator: ".").map(String.init)
      var object = try content(of: genuine).object
      object?["outcome"] = "refused"
      parts[1] = Base64.encode(JSONValue.object(object ?? [:]).serialized(), .url)
      return parts.joined(separator: ".")
    case .envelopeSignature: return envelope.signature
    case .checkpoint: return checkpoint
    case .otherLog: return try resigned(genuine, by: "SG") { $0["ledger"] = position }
    case .noLedger: return try resigned(genuine, by: "SG") { $0["ledger"] = nil }
    case .indexBeyondCheckpoint:
      return try resigned(genuine, by: "SG") { receipt in
        receipt["ledger"] = ["index": 4096, "checkpoint": receipt["ledger"]?["checkpoint"] ?? .null]
      }
    }
  }

  @Test(arguments: ["lost", "answer lost", "twice", "kept back"]) func unreliableLine(trouble: String) async throws {
    let world = try await World()
    let declared = try await world.declare()
    world.line.fail { _ in
      switch trouble {
      case "lost": .lost
      case "answer lost": .answerLost
      case "twice": .twice
      default: .keptBack
      }
    }
    for _ in 0..<3 {
      _ = try await world.cn.deliverDue()
      world.clock.advance(seconds: 10)
    }
    #expect(try await world.message(declared.messageID, at: "CN").state == (trouble == "twice" ? "delivered" : "sealed"))
    world.line.heal()
    try await world.run()
    var random = SplitMix(state: 1)
    await world.line.releaseKeptBack(shuffledWith: &random)
    #expect(try await world.message(declared.messageID, at: "CN").state == "delivered")
    #expect(try await world.entries(at: "SG").filter { $0.draft.kind == "declaration.received" }.count == 1)
    #expect(try await world.sg.inboxItems(after: 0, limit: 10).count == 1)
    let receipt = try #require(try await world.message(declared.messageID, at: "CN").receipt)
    #expect(try await world.message(declared.messageID, at: "SG").receipt == receipt, "both keep the same bytes")
  }

  /// A partner whose log shows two roots for one size: the first is kept, both are named on the ledger, the message counts as receipted.
  @Test func twoHistories() async throws {
    let world = try await World()
    let first = try await world.declare(1)
    _ = try await world.cn.deliverDue()
    let party = Economies.shared["SG"]
    let signer = try CheckpointSigner(origin: party.origin, key: party.ledgerKey)
    let size = try #require(await world.sg.journal.latestCheckpoint).size
    let fork = try signer.sign(size: size, root: SHA256.hash([7]))
    let second = try await world.declare(2)
    world.line.fail { _ in
      .answered { genuine in
        (try? resigned(genuine, by: "SG") {
          $0["ledger"] = ["index": 0, "checkpoint": .string(String(decoding: fork.note, as: UTF8.self))]
        }) ?? ""
      }
    }
    _ = try await world.cn.deliverDue()
    #expect(try await world.message(second.messageID, at: "CN").state == "delivered")
    let entry = try #require(try await world.entries(at: "CN").last { $0.draft.kind == "receipt.received" }).draft
    #expect(entry.messageID?.text == second.messageID)
    #expect(entry.extra["partnerRoot"]?.string == fork.root.hex)
    let conflicting = try #require(entry.extra["conflictingRoot"]?.string)
    let kept = try await world.cn.journal.read { reader throws(CausewayError) in try reader.peerCheckpoint(origin: party.origin, size: size)
    }
    #expect(kept?.root.hex == conflicting)
    let genuine = try #require(
      try await world.entries(at: "CN").first { $0.draft.messageID?.text == first.messageID && $0.draft.kind == "receipt.received" })
    #expect(genuine.draft.extra["conflictingRoot"] == nil)
    #expect(genuine.draft.extra["partnerRoot"]?.string == conflicting)
  }

  /// A refusal with more reasons, and longer ones, than a ledger entry holds: it still ends the delivery and is shown in full.
  @Test func refusalWithManyReasons() async throws {
    let world = try await World()
    let declared = try await world.declare()
    world.line.fail { _ in
      .answered { genuine in
        (try? resigned(genuine, by: "SG") { receipt in
          receipt["outcome"] = "refused"
          receipt["reasons"] = .array(
            (0..<199).map { ["code": .string("validate.reason_\($0)")] } + [
              ["code": .string("validate." + String(repeating: "x", count: 100))]
            ])
        }) ?? ""
      }
    }
    _ = try await world.cn.deliverDue()
    #expect(try await world.message(declared.messageID, at: "CN").state == "refused_by_partner")
    let view = try await world.cn.message(declared.messageID, waitSeconds: 0)
    #expect(view["problems"]?["reasons"]?.array?.count == 200)
    #expect(view["problems"]?["by"]?.string == "SG")
    let entry = try #require(try await world.entries(at: "CN").last).draft
    #expect(entry.reasons.count == 64)
    #expect(try await world.isSound("CN"))
    let inbox = try await world.cn.inbox(waitSeconds: 0, by: world.customs)
    #expect(inbox["items"]?.array?.first?["kind"]?.string == "refusal")
  }
}
