import Exchange
import JSONTree
import Primitives
import Testing
import Trust

/// M-04, M-08: receipts that are not the recipient's answer to exactly this message, each beside the one that is.
@Suite struct ReceiptTests {
  let world = World.shared
  let sealed: SealedEnvelope
  let message: VerifiedEnvelope
  let position = Receipt.LedgerPosition(index: 41, checkpoint: "sg.example/log\n42\nq1s=\n\n— sg.example/log AAAA\n")

  init() throws {
    sealed = try world.seal(world.header(), as: world.cn)
    message = try #require(try world.accepted(sealed, tls: world.cn))
  }

  func sign(_ receipt: Receipt, as economy: Economy) throws -> String {
    try receipt.signed(keyID: economy.signingCertificate.keyID, key: economy.signingKey)
  }

  func verify(_ compact: String, for sent: SentEnvelope? = nil, at now: Instant = World.now) throws(CausewayError) -> VerifiedReceipt {
    try VerifiedReceipt.verify(compact, for: sent ?? SentEnvelope(sealed), registry: world.registry, at: now)
  }

  /// Signs receipt members of the test's choice with the recipient's key.
  func forge(_ change: (inout JSONObject) -> Void) throws -> String {
    var object = try #require(try JSONValue.parse(Receipt.accepting(message, ledger: position).canonicalBytes).object)
    change(&object)
    return try JWS.sign(
      payload: try JSONValue.object(object).canonical(), type: Receipt.signatureType, keyID: world.sg.signingCertificate.keyID,
      key: world.sg.signingKey, detached: false)
  }

  func codes(_ compact: String, for sent: SentEnvelope? = nil, at now: Instant = World.now) -> [String] {
    do {
      _ = try verify(compact, for: sent, at: now)
      return []
    } catch {
      return error.problems.map(\.code.rawValue)
    }
  }

  @Test func accepting() throws {
    let compact = try sign(.accepting(message, ledger: position), as: world.sg)
    let verified = try verify(compact)
    #expect(verified.compact == compact)
    #expect(verified.receipt.outcome == .accepted)
    #expect(verified.receipt.ledger == position)
    #expect(verified.receipt.messageID == sealed.header.messageID)
    #expect(verified.receipt == .accepting(message, ledger: position))
  }

  @Test func refusingContent() throws {
    let problems = [
      Problem("validate.required", pointer: "/Declaration/GoodsItem[2]", line: 7, element: "GoodsItem.GrossMass", facts: ["list": "Rec20"]),
      Problem("validate.pattern"),
    ]
    let verified = try verify(try sign(.refusing(message, problems: problems, ledger: position), as: world.sg))
    #expect(verified.receipt.outcome == .refused(problems.map(ReceiptReason.init)))
    #expect(try #require(verified.receipt.reasons).map(\.problem) == problems)
  }

  @Test func refusingEnvelopes() throws {
    let late = World.now.adding(seconds: 7200)
    guard case .refused(let refusal) = try world.verdict(ReceivedEnvelope(sealed), tls: world.cn, at: late) else {
      Issue.record("accepted")
      return
    }
    let verified = try verify(try sign(.refusing(refusal, receiver: "SG", ledger: nil), as: world.sg), at: late)
    #expect(verified.receipt.reasons?.map(\.code) == ["verify.expired"])
    #expect(verified.receipt.ledger == nil)
  }

  @Test func refusingUnreadableEnvelopes() throws {
    let received = ReceivedEnvelope(headerBytes: utf8("[]"), signature: "a..b", salt: World.salt, contentType: "text/xml", payload: [])
    guard case .refused(let refusal) = try world.verdict(received, tls: world.cn) else {
      Issue.record("accepted")
      return
    }
    let compact = try sign(.refusing(refusal, receiver: "SG", ledger: nil), as: world.sg)
    // It says nothing about a message with another header.
    #expect(codes(compact) == ["verify.receipt_envelope", "verify.receipt_payload"])
    let sent = SentEnvelope(
      messageID: sealed.header.messageID, digest: SHA256.hash("[]"), payload: SHA256.hash(""), sender: "CN", recipient: "SG",
      created: World.now)
    #expect(codes(compact, for: sent).isEmpty)
  }

  @Test func ofAnotherMessage() throws {
    let other = try world.seal(world.header(), as: world.cn)
    let compact = try sign(.accepting(message, ledger: position), as: world.sg)
    #expect(codes(compact, for: SentEnvelope(other)) == ["verify.receipt_message", "verify.receipt_envelope"])
    #expect(codes(compact).isEmpty)
  }

  @Test func withOtherDigests() throws {
    let zero: JSONValue = .string(String(repeating: "0", count: 64))
    #expect(codes(try forge { $0["payload"] = zero }) == ["verify.receipt_payload"])
    #expect(codes(try forge { $0["envelope"] = zero }) == ["verify.receipt_envelope"])
    #expect(codes(try forge { $0["messageId"] = .string(world.header().messageID.text) }) == ["verify.receipt_message"])
    #expect(codes(try forge { _ in }).isEmpty)
  }

  @Test func fromAnotherPartner() throws {
    let receipt = Receipt.accepting(message, ledger: position)
    #expect(codes(try sign(receipt, as: world.my)) == ["registry.certificate_unknown"])
    #expect(codes(try sign(receipt, as: world.cn)) == ["registry.certificate_unknown"])
    let underAnotherName = try receipt.signed(keyID: world.sg.signingCertificate.keyID, key: world.my.signingKey)
    #expect(codes(underAnotherName) == ["verify.jws_signature"])
    let withConnectionKey = try receipt.signed(keyID: world.sg.tlsCertificate.keyID, key: world.sg.tlsKey)
    #expect(codes(withConnectionKey) == ["registry.certificate_role"])
    #expect(codes(try forge { $0["receiver"] = "MY" }) == ["verify.receipt_receiver"])
    #expect(codes(try forge { $0["sender"] = "MY" }) == ["verify.receipt_sender"])
  }

  @Test(arguments: ["version", "messageId", "envelope", "payload", "sender", "receiver", "receivedAt", "outcome", "ledger"])
  func withoutAPart(name: String) throws {
    #expect(!codes(try forge { $0[name] = nil }).isEmpty)
  }

  @Test func withWrongParts() throws {
    #expect(codes(try forge { $0["outcome"] = "refused" }).contains("parse.json_member_missing"))
    #expect(codes(try forge { $0["outcome"] = "Accepted" }).contains("parse.json_member_value"))
    #expect(codes(try forge { $0["extra"] = 1 }) == ["parse.json_member_unknown"])
    #expect(codes(try forge { $0["version"] = 2 }) == ["verify.receipt_version"])
    #expect(codes(try forge { $0["ledger"] = ["index": -1, "checkpoint": ""] }) == ["parse.json_member_value"])
    for code in ["Bad.Code", "nodot", "a.b\nINFO forged", "a.<b>", ".", "...", "a..b"] {
      let compact = try forge {
        $0["outcome"] = "refused"
        $0["reasons"] = [["code": .string(code)]]
      }
      #expect(codes(compact) == ["parse.json_member_value", "parse.json_member_value"], "\(code)")
    }
  }

  @Test func atAnImpossibleTime() throws {
    func at(_ seconds: Int64) throws -> [String] {
      codes(try forge { $0["receivedAt"] = .string(World.now.adding(seconds: seconds).rfc3339) })
    }
    #expect(try at(300).isEmpty)
    #expect(try at(-300).isEmpty)
    #expect(try at(301) == ["verify.receipt_time"])
    #expect(try at(-301) == ["verify.receipt_time"])
    #expect(try at(-40 * 86_400) == ["registry.certificate_period"])
  }

  /// A receipt that comes again much later, as it was signed then, still proves the same.
  @Test func repeated() throws {
    let compact = try sign(.accepting(message, ledger: position), as: world.sg)
    #expect(codes(compact, at: World.now.adding(seconds: 20 * 86_400)).isEmpty)
  }

  @Test func altered() throws {
    let compact = Array(try sign(.accepting(message, ledger: position), as: world.sg).utf8)
    for position in stride(from: 0, to: compact.count, by: 7) {
      var changed = compact
      changed[position] = changed[position] == 0x41 ? 0x42 : 0x41
      #expect(!codes(String(decoding: changed, as: UTF8.self)).isEmpty, "\(position)")
    }
    #expect(!codes(String(decoding: compact.dropLast(), as: UTF8.self)).isEmpty)
    #expect(codes(String(repeating: "A", count: 300_000)) == ["verify.receipt_too_large"])
  }

  // M-08
  @Test func signaturesOfOtherThings() throws {
    let payload = Receipt.accepting(message, ledger: position).canonicalBytes
    for type in [SealedEnvelope.signatureType, Registry.type, "jwt"] {
      let compact = try JWS.sign(
        payload: payload, type: type, keyID: world.sg.signingCertificate.keyID, key: world.sg.signingKey, detached: false)
      #expect(codes(compact) == ["verify.jws_type"])
    }
    #expect(codes(sealed.signature) == ["verify.jws_type"])
    let detached = try JWS.sign(
      payload: payload, type: Receipt.signatureType, keyID: world.sg.signingCertificate.keyID, key: world.sg.signingKey, detached: true)
    #expect(codes(detached) == ["verify.jws_payload"])
    // A receipt in the place of a message.
    let asMessage = ReceivedEnvelope(
      headerBytes: payload, signature: try sign(.accepting(message, ledger: position), as: world.cn), salt: World.salt,
      contentType: "application/xml", payload: World.payload)
    #expect(try !world.verdict(asMessage, tls: world.cn).codes.isEmpty)
  }

  @Test func manyReasons() throws {
    let many = (0..<5000).map { Problem("validate.required", pointer: "/GoodsItem[\($0)]") }
    let reasons = try #require(try verify(try sign(.refusing(message, problems: many, ledger: position), as: world.sg)).receipt.reasons)
    #expect(reasons.count == 200)
    #expect(reasons.last == ReceiptReason(code: "receipt.more_reasons", facts: ["count": "5000"]))
    let long = (0..<200).map { Problem("validate.required", pointer: String(repeating: "\u{1}", count: 2000 + $0)) }
    let cut = try #require(try verify(try sign(.refusing(message, problems: long, ledger: position), as: world.sg)).receipt.reasons)
    #expect(cut.last?.code == "receipt.more_reasons")
    let tooLong = [
      Problem(
        "validate.required", pointer: String(repeating: "/a", count: 2000), line: 0, facts: ["list": String(repeating: "x", count: 300)])
    ]
    let dropped = try #require(try verify(try sign(.refusing(message, problems: tooLong, ledger: position), as: world.sg)).receipt.reasons)
    #expect(dropped == [ReceiptReason(code: "validate.required")])
  }
}
