import Foundation
import JSONTree
import Primitives
import Testing

@testable import CausewayCLI

/// What bad input gets at the inside API: coded refusals, everything at once, and never a loss; each with a twin that is accepted.
@Suite(.serialized, .oneAtATime, .runningWorld) struct BadInputTests {
  static let path = "/v1/declarations?profile=cn.decmessage&corridor=CN-SG"

  /// Documents that no reader may get further with, and the code that says why.
  static let malformed: [(name: String, code: String, make: @Sendable ([UInt8]) -> [UInt8])] = [
    ("DOCTYPE", "parse.doctype", { before("<DecMessage", "<!DOCTYPE DecMessage [<!ENTITY x \"y\">]>", $0) }),
    ("external entity", "parse.doctype", { before("<DecMessage", "<!DOCTYPE DecMessage SYSTEM \"file:///etc/passwd\">", $0) }),
    ("another encoding than declared", "parse.invalid_text", { after("<GName>", [0xC4, 0xD0, 0xCA, 0xBD], $0) }),
    ("an encoding that is not accepted", "parse.encoding_unsupported", { replace("UTF-8", "ISO-8859-1", $0) }),
    ("too deep", "parse.depth", { after("<DecHead>", Array(String(repeating: "<a>", count: 100_000).utf8), $0) }),
    (
      "200 000 attributes", "parse.attributes",
      { replace("<DecHead>", "<DecHead" + (0..<200_000).map { " a\($0)=\"\"" }.joined() + ">", $0) }
    ),
    ("cut off", "parse.malformed", { Array($0.prefix($0.count / 2)) }),
    ("no XML", "parse.text_outside_root", { _ in Array("{\"a\": 1}".utf8) }),
    ("an entity", "parse.entity", { after("<NoteS>", Array("&lol;".utf8), $0) }),
    ("another root", "parse.root_unknown", { _ in Array("<Other xmlns=\"http://www.chinaport.gov.cn/dec\"/>".utf8) }),
  ]

  @Test(arguments: malformed.indices) func malformedDocumentsAreRefusedByName(index: Int) async throws {
    let world = try World.running
    let (name, code, make) = Self.malformed[index]
    let ids = try await world.china.declare(make(try World.declaration(number: 1000 + index)), key: "bad-\(index)")
    let view = try await world.china.translated(ids.message)
    #expect(view["state"]?.string == "refused", "\(name)")
    let reasons = view["problems"]?["reasons"]?.array ?? []
    #expect(reasons.first?["code"]?.string == code, "\(name): \(reasons)")
    #expect(reasons.allSatisfy { $0["message"]?.string?.isEmpty == false && $0["message_zh"]?.string?.isEmpty == false })
    #expect((try await world.china.answer("GET", "/v1/clearances/\(ids.clearance)")).body["outcome"]?.string == "not_declared")
    // Nothing of it is anywhere at the partner.
    #expect((try await world.singapore.answer("GET", "/v1/clearances/\(ids.clearance)")).status == 404)
  }

  /// Like the documents above, and right: a comment before the root, as many bytes, attributes where they belong, the declared encoding.
  @Test func theirTwinsAreAccepted() async throws {
    let world = try World.running
    let base = try World.declaration(number: 1100)
    let twins: [[UInt8]] = [
      Self.before("<DecMessage", "<!-- a comment where a DOCTYPE would stand -->", base),
      Self.before("<DecMessage", "<!--" + String(repeating: " filler", count: 200_000) + "-->", try World.declaration(number: 1101)),
      Self.replace("UTF-8", "utf-8", try World.declaration(number: 1102)),
      try World.declaration("export-electronics.gb18030.xml", number: 1103),
      Self.after("<NoteS>", Array("&amp;&#x4E2D;".utf8), try World.declaration(number: 1104)),
    ]
    for (index, twin) in twins.enumerated() {
      let ids = try await world.china.declare(twin, key: "twin-\(index)")
      let view = try await world.china.translated(ids.message)
      #expect(["sealed", "delivered"].contains(view["state"]?.string), "\(index): \(view)")
    }
  }

  @Test func allViolationsComeAtOnceEachWithItsPlace() async throws {
    let world = try World.running
    var document = try World.declaration(number: 1200)
    for (old, new) in [
      ("<TradeCountry>SGP<", "<TradeCountry>QQQ<"), ("<NetWt>11247<", "<NetWt>99999<"), ("<CodeTS>6109100021<", "<CodeTS>61091<"),
      ("<GQty>3600<", "<GQty>many<"), ("<TrafMode>2<", "<TrafMode>Q<"),
    ] { document = Self.replace(old, new, document) }
    let ids = try await world.china.declare(document, key: "violations")
    let view = try await world.china.translated(ids.message)
    #expect(view["state"]?.string == "refused")
    let reasons = view["problems"]?["reasons"]?.array ?? []
    for (element, end) in [
      ("DestinationCountry.Code", "/TradeCountry"), ("Commodity.HS6", "/CodeTS"), ("TransactionQuantity.Value", "/GQty"),
      ("BorderTransportMeans.ModeCode", "/TrafMode"), ("Declaration.TotalNetMassMeasure", "/NetWt"),
    ] {
      let reason = reasons.first { $0["pointer"]?.string?.contains(end) == true }
      #expect(reason != nil, "\(end) in \(reasons)")
      #expect(reason?["line"]?.int ?? 0 > 3, "\(end)")
      #expect(reason?["element"]?.string == element)
      #expect(reason?["code"]?.string?.hasPrefix("validate.") == true)
      #expect(reason?["message"]?.string?.isEmpty == false && reason?["message_zh"]?.string?.isEmpty == false)
    }
    #expect(reasons.contains { $0["code"]?.string == "validate.greater" }, "a rule across fields, beside wrong fields")
    #expect(reasons.count == 5, "\(reasons)")
  }

  @Test func whoIsNotKnownIsRefusedBeforeTheBodyIsRead() async throws {
    let world = try World.running
    let document = try World.declaration(number: 1300)
    for token in ["", "guess", world.sg.token.exposed] {
      let answer = try await world.china.answer("POST", Self.path, token: token, body: document)
      #expect(answer.status == 401)
      #expect(answer.body["problems"]?.array?.first?["code"]?.string == "receive.token_unknown")
    }
    for path in ["/v1/clearances", "/v1/inbox", "/v1/messages/x", "/v1/clearances/x/supplement"] {
      #expect(try await world.china.answer("GET", path, token: "guess").status == 401)
    }
    // A body that is announced and never sent: the answer comes all the same, at once.
    let request = "POST \(Self.path) HTTP/1.1\r\nHost: gateway\r\nAuthorization: Bearer %\r\nContent-Length: 104857600\r\n\r\n"
    let stranger = try RawConnection(port: world.cn.insidePort)
    stranger.send(request.replacing("%", with: "guess"))
    let refused = stranger.receive(silenceMilliseconds: 500)
    #expect(refused.text.hasPrefix("HTTP/1.1 401"))
    // The twin with the right token is waited for.
    let known = try RawConnection(port: world.cn.insidePort)
    known.send(request.replacing("%", with: world.cn.token.exposed))
    #expect(known.receive(silenceMilliseconds: 500).text.isEmpty)
    let small = request.replacing("%", with: world.cn.token.exposed).replacing("104857600", with: "\(document.count)")
    let twin = try RawConnection(port: world.cn.insidePort)
    twin.send(Array(small.utf8) + document)
    #expect(twin.receive().text.hasPrefix("HTTP/1.1 202"))
  }

  @Test func whatIsNotOfferedEmptyOrTooLargeIsRefused() async throws {
    let world = try World.running
    let document = try World.declaration(number: 1400)
    func code(_ path: String, _ body: [UInt8], headers: [String: String] = [:]) async throws -> String {
      let answer = try await world.china.answer("POST", path, headers: headers, body: body)
      return "\(answer.status) \(answer.body["problems"]?.array?.first?["code"]?.string ?? "")"
    }
    #expect(try await code("/v1/declarations?profile=no.such&corridor=CN-SG", document) == "403 receive.profile_not_offered")
    #expect(try await code("/v1/declarations?profile=sg.tradenet&corridor=CN-SG", document) == "403 receive.profile_not_offered")
    #expect(try await code("/v1/declarations?profile=cn.decmessage&corridor=CN-XX", document) == "403 receive.corridor_unknown")
    #expect(try await code("/v1/declarations?profile=cn.decmessage", document) == "403 receive.corridor_unknown")
    #expect(try await code(Self.path, []) == "422 receive.empty")
    #expect(try await code(Self.path + "&ucr=lower-case", document) == "422 receive.ucr_form")
    #expect(try await code(Self.path, document, headers: ["Idempotency-Key": String(repeating: "k", count: 129)]) == "422 receive.key_form")
    #expect(try await code(Self.path, [UInt8](repeating: 0x20, count: (16 << 20) + 1)) == "413 receive.too_large")
    #expect(
      try await code("/v1/clearances/00000000000000000000000000000000/amendments?profile=cn.decmessage", document)
        == "404 receive.not_found")
    // The importing side does not send in this corridor.
    #expect(try await world.singapore.answer("POST", Self.path, body: document).status == 403)
    // Twin: everything as it should be.
    #expect(try await code(Self.path, document) == "202 ")
  }

  @Test func aRepeatedSubmissionIsTheSameOne() async throws {
    let world = try World.running
    let document = try World.declaration(number: 1500)
    let headers = ["Idempotency-Key": "order-1500"]
    let first = try await world.china.answer("POST", Self.path, headers: headers, body: document)
    let second = try await world.china.answer("POST", Self.path, headers: headers, body: document)
    #expect(first.status == 202 && second.status == 202)
    #expect(first.body["messageId"] == second.body["messageId"] && first.body["clearanceId"] == second.body["clearanceId"])
    #expect(first.body["repeated"] == .bool(false) && second.body["repeated"] == .bool(true))
    let other = try await world.china.answer("POST", Self.path, headers: headers, body: try World.declaration(number: 1501))
    #expect(other.status == 409 && other.body["problems"]?.array?.first?["code"]?.string == "receive.idempotency_key_reused")
    // Without a key the content is the key, also for twenty at once.
    let bytes = try World.declaration(number: 1502)
    let ids = try await withThrowingTaskGroup(of: String?.self) { group in
      for _ in 0..<20 { group.addTask { try await world.china.answer("POST", Self.path, body: bytes).body["messageId"]?.string } }
      return try await group.reduce(into: Set<String?>()) { $0.insert($1) }
    }
    #expect(ids.count == 1 && ids.first != nil)
  }

  /// A request that front ends could take apart differently is refused and nothing behind it is looked at.
  @Test func ambiguousRequestsDoNotSmuggleAnother() async throws {
    let world = try World.running
    let bearer = "Authorization: Bearer \(world.cn.token.exposed)\r\n"
    let hidden = "GET /v1/clearances HTTP/1.1\r\nHost: gateway\r\n\(bearer)\r\n"
    for framing in [
      "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n",
      "Content-Length: 5\r\nContent-Length: 6\r\n", "Content-Length: -1\r\n", "Content-Length: +5\r\n",
      "Content-Length: 99999999999999999999\r\n",
      "Transfer-Encoding: xchunked\r\n", "X: a\nContent-Length : 5\r\n",
    ] {
      let connection = try RawConnection(port: world.cn.insidePort)
      connection.send("POST \(Self.path) HTTP/1.1\r\nHost: gateway\r\n\(bearer)\(framing)\r\n0\r\n\r\n\(hidden)")
      let answer = connection.receive(silenceMilliseconds: 500).text
      #expect(!answer.contains("\"clearances\""), "\(framing): \(answer)")
      #expect(!answer.contains("HTTP/1.1 202"), "\(framing): \(answer)")
    }
    let twin = try RawConnection(port: world.cn.insidePort)
    twin.send(hidden)
    #expect(twin.receive(silenceMilliseconds: 500).text.contains("\"clearances\""))
  }

  // MARK: Altered documents, on bytes

  private static func place(of text: String, in bytes: [UInt8]) -> Range<Int> {
    let pattern = Array(text.utf8)
    let start = bytes.indices.first { bytes[$0...].starts(with: pattern) } ?? bytes.endIndex
    return start..<min(start + pattern.count, bytes.endIndex)
  }

  static func before(_ text: String, _ new: String, _ bytes: [UInt8]) -> [UInt8] {
    let place = place(of: text, in: bytes)
    return bytes[..<place.lowerBound] + Array(new.utf8) + bytes[place.lowerBound...]
  }

  static func after(_ text: String, _ new: [UInt8], _ bytes: [UInt8]) -> [UInt8] {
    let place = place(of: text, in: bytes)
    return bytes[..<place.upperBound] + new + bytes[place.upperBound...]
  }

  static func replace(_ text: String, _ new: String, _ bytes: [UInt8]) -> [UInt8] {
    let place = place(of: text, in: bytes)
    return bytes[..<place.lowerBound] + Array(new.utf8) + bytes[place.upperBound...]
  }
}
