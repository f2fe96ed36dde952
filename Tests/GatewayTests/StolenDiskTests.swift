import Foundation
import JSONTree
import Journal
import JournalSQLite
import Primitives
import Testing
import Trust

@testable import Gateway

/// A stolen disk says nothing: no value of a declaration, no reference and no salt stands in the files of a gateway, in plain, hexadecimal or
/// base64. With the key all of it is there.
@Suite struct StolenDiskTests {
  private static let ucr = "6CN91310115XQZMARKER0001"
  private static let registration = "222520260000000917"

  private static func sample(_ name: String, reference: String) throws -> [UInt8] {
    let path = Economies.schemas + "/profiles/cn.decmessage/5.0/samples/" + name
    let text = String(decoding: try #require(FileManager.default.contents(atPath: path)), as: UTF8.self)
    return Array(text.replacing(/<ClientSeqNo>[^<]*<\/ClientSeqNo>/, with: "<ClientSeqNo>\(reference)</ClientSeqNo>").utf8)
  }

  /// The texts of a document that are long enough not to stand somewhere by chance.
  private static func values(_ document: [UInt8]) -> Set<[UInt8]> {
    let text = String(decoding: document, as: UTF8.self)
    return Set(text.matches(of: />([^<>&]+)</).map { Array($0.output.1.utf8) }.filter { $0.count >= 8 && !$0.allSatisfy { $0 <= 0x20 } })
  }

  @Test func filesHoldNoValueReferenceOrSalt() async throws {
    let world = try await World()
    let document = try Self.sample("export-textiles-12-items.xml", reference: "QXLRN20260000001")
    let declared = try await world.cn.submit(
      Submission(body: document, profile: nil, corridor: "CN-SG", ucr: Self.ucr, clearanceID: nil, idempotencyKey: "QXIDEMPOTENT7001"),
      by: world.customs)
    let id = declared.clearanceID
    try await world.run()
    // Its importer supplies nothing here; both customs decide.
    try await world.report("lodged", on: id, at: "SG")
    try await world.report("accepted", on: id, at: "CN", ",\"registrationId\":\"\(Self.registration)\"")
    try await world.report("accepted", on: id, at: "SG")
    // An amendment, and a document that is refused.
    let amended = String(decoding: document, as: UTF8.self).replacing("<PackNo>742<", with: "<PackNo>743<")
    _ = try await world.cn.submit(
      Submission(body: Array(amended.utf8), profile: nil, corridor: nil, ucr: nil, clearanceID: id, idempotencyKey: nil), by: world.customs)
    let wrong = try Self.sample("export-minimal.xml", reference: "QXLRN20260000002")
    let wrongText = String(decoding: wrong, as: UTF8.self).replacing("<PackNo>1<", with: "<PackNo>QXWRONG7002<")
    let refused = try await world.cn.submit(
      Submission(body: Array(wrongText.utf8), profile: nil, corridor: "CN-SG", ucr: nil, clearanceID: nil, idempotencyKey: nil),
      by: world.customs)
    try await world.run()
    #expect(try await world.message(refused.messageID, at: "CN").state == "refused")
    #expect(try await world.clearance(id, at: "SG").ucr == Self.ucr)
    #expect(try await world.clearance(id, at: "SG").export.revision == 2)

    var secrets = Self.values(document).union(Self.values(Array(amended.utf8)))
    #expect(secrets.count > 60)
    for text in [Self.ucr, Self.registration, "QXLRN20260000001", "QXLRN20260000002", "QXWRONG7002", "QXIDEMPOTENT7001"] {
      secrets.insert(Array(text.utf8))
    }
    for economy in ["CN", "SG"] {
      let salt = try await world.clearance(id, at: economy).salt
      secrets.insert(try #require(Hex.decode(salt)))
      secrets.insert(Array(salt.utf8))
    }
    // A digest of the whole document would tell whoever guesses the rest of it.
    secrets.insert(SHA256.hash(document).bytes)
    let kept = try await Self.payloads(of: world)
    #expect(kept.count > 15)
    for bytes in kept.values where bytes.count > 100 { secrets.insert(SHA256.hash(bytes).bytes) }
    // Those of what travelled are on the ledger and in the signed header.
    for (name, bytes) in kept where name.hasSuffix("/wire") { secrets.remove(SHA256.hash(bytes).bytes) }
    // The refusal of a document names it by its digest on the ledger.
    for (name, bytes) in kept where name.hasSuffix("\(refused.messageID)/source") { secrets.remove(SHA256.hash(bytes).bytes) }

    // While they run, with the write-ahead log, and after they have ended.
    for isStopped in [false, true] {
      if isStopped { for economy in ["CN", "SG"] { await world.stop(economy) } }
      let files = try RawFiles(world.folder)
      #expect(files.byteCount > 200_000)
      for secret in secrets {
        let forms = files.forms(of: secret)
        #expect(forms.isEmpty, "\(String(decoding: secret, as: UTF8.self)): \(forms)")
      }
      // The search finds what is meant to stand there.
      #expect(files.forms(of: Array(id.utf8)) == ["plain"])
    }

    // With the key all of it reads back.
    for economy in ["CN", "SG"] { try await world.start(economy) }
    #expect(try await Self.payloads(of: world) == kept)
    #expect(try await world.cn.document(of: declared.messageID, kind: "source").bytes == document)
    let opened = kept.values.reduce(into: [UInt8]()) { $0 += $1 }
    for secret in Self.values(document) { #expect(Data(opened).range(of: Data(secret)) != nil) }
    for economy in ["CN", "SG"] {
      #expect(try await world.clearance(id, at: economy).ucr == Self.ucr)
      #expect(try await world.isSound(economy))
      await world.stop(economy)
    }
  }

  /// A message whose details somebody has changed on the disk is not dealt with; the others are.
  @Test func damageHoldsUpNobodyElse() async throws {
    let world = try await World()
    var ids: [String] = []
    for number in 1...2 {
      let submission = Submission(
        body: Economies.declaration(number), profile: nil, corridor: "CN-SG", ucr: "6CN000\(number)", clearanceID: nil, idempotencyKey: nil)
      ids.append(try await world.cn.submit(submission, by: world.customs).messageID)
    }
    let first = try await world.message(ids[0], at: "CN")
    await world.stop("CN")
    let plain = try SQLiteStore(path: world.path("CN") + "/journal.sqlite")
    try await plain.write { transaction throws(CausewayError) in
      guard var message = try transaction.message(first.id) else { throw CausewayError("journal.not_found") }
      message.details[message.details.count - 1] ^= 1
      try transaction.save(message.stored(position: message.position, revision: message.revision - 1), isNew: false)
    }
    await plain.close()
    try await world.start("CN")
    for _ in 0..<2 {
      await #expect { try await world.cn.translateReceived() } throws: { ($0 as? CausewayError)?.code == "journal.sealed_damaged" }
    }
    #expect(try await world.message(ids[1], at: "CN").state == "sealed")
    await #expect { try await world.cn.message(ids[0], waitSeconds: 0) } throws: {
      ($0 as? CausewayError)?.code == "journal.sealed_damaged"
    }
    #expect(try await world.isSound("CN"))
    await world.stop("CN")
  }

  /// Every payload of both gateways, by economy, message and kind.
  private static func payloads(of world: World) async throws -> [String: [UInt8]] {
    var found: [String: [UInt8]] = [:]
    for economy in ["CN", "SG"] {
      for message in try await world.messages(at: economy) {
        for kind in PayloadKind.allCases {
          let payload = try await world[economy].journal.read { reader throws(CausewayError) in
            try reader.payload(owner: message.id.text, kind: kind.rawValue)
          }
          if let payload { found["\(economy)/\(message.id)/\(kind.rawValue)"] = payload.bytes }
        }
      }
    }
    return found
  }
}
