import Foundation
import JSONTree
import Journal
import Primitives
import Testing

@testable import CausewayCLI

/// More than a gateway should take: it says so, and when to come again, and nothing that it has taken is lost.
@Suite(.serialized, .oneAtATime) struct OverloadTests {
  /// A world with more in the configurations of its gateways.
  private func world(cn: String = "", sg: String = "") throws -> World {
    let world = try World()
    for (site, more) in [(world.cn, cn), (world.sg, sg)] {
      try Files.write(Array((try Files.text(site.configuration) + more + "\n").utf8), to: site.configuration)
    }
    return world
  }

  private func metrics(_ site: DemoWorld.Site) async throws -> String {
    String(decoding: try await site.inside.bytes("/metrics"), as: UTF8.self)
  }

  private func retryAfter(_ answer: String) -> Int? {
    answer.split(whereSeparator: \.isNewline).first { $0.lowercased().hasPrefix("retry-after:") }
      .flatMap { Int($0.drop { $0 != ":" }.dropFirst().trimmingCharacters(in: .whitespaces)) }
  }

  /// M-11: beyond its quota a partner gets 429 and when to come again; its own gateway obeys, and its messages arrive.
  @Test func aPartnerBeyondItsQuota() async throws {
    let world = try world(sg: "quotas: [{partner: CN, messagesPerMinute: 30}]")
    defer { world.end() }
    try await world.startBoth()
    func flood() throws -> String {
      let result = try World.tool(
        "/usr/bin/env",
        [
          "curl", "--silent", "--include", "--max-time", "10", "--http1.1", "--cacert", world.cn.folder + "/authorities.pem", "--cert",
          world.cn.folder + "/tls-certificate.pem", "--key", world.cn.folder + "/tls-key.pem", "--data-binary", "x",
          "https://127.0.0.1:\(world.sg.partnerPort)/v1/messages",
        ])
      return result.output
    }
    // The twin: within the quota it is looked at, and misses the envelope.
    #expect(try flood().contains(" 400 "))
    let before = try await world.journal(world.sg) { reader throws(CausewayError) in try reader.ledgerHead().size }
    var answer = ""
    for _ in 0..<200 where !answer.contains(" 429 ") { answer = try flood() }
    #expect(answer.contains(" 429 ") && answer.contains("receive.over_quota"), "\(answer)")
    #expect((1...15).contains(try #require(retryAfter(answer))))
    #expect(try await world.journal(world.sg) { reader throws(CausewayError) in try reader.ledgerHead().size } == before, "no trace")
    // More than what has come back meanwhile.
    var ids: [(message: String, clearance: String)] = []
    for number in 1...8 { ids.append(try await world.china.declare(try World.declaration(number: number), key: "quota-\(number)")) }
    for id in ids {
      let view = try await world.china.receipted(id.message, seconds: 180)
      #expect(view["state"]?.string == "delivered")
      try await world.singapore.waitFor(id.clearance, "import", "supplement_requested", seconds: 60)
    }
    let sender = try await metrics(world.cn)
    #expect(sender.contains("gateway_asked_to_wait_total{partner=\"SG\"}"))
    #expect(!sender.contains("gateway_delivery_failures_total"), "it is no failure")
    #expect(try await metrics(world.sg).contains("gateway_quota_refusals_total{partner=\"CN\"}"))
  }

  /// While the partner is away the backlog is full at its bound: what was acknowledged before arrives, and then there is room again.
  @Test func aFullBacklog() async throws {
    let world = try world(cn: "limits: {undeliveredMessages: 3}")
    defer { world.end() }
    try await world.start(world.cn)
    var ids: [(message: String, clearance: String)] = []
    for number in 1...3 { ids.append(try await world.china.declare(try World.declaration(number: number), key: "backlog-\(number)")) }
    let refused = try World.tool(
      "/usr/bin/env",
      [
        "curl", "--silent", "--include", "--header", "Authorization: Bearer \(world.cn.token.exposed)", "--data-binary", "@-",
        "\(world.cn.inside.base)/v1/declarations?profile=cn.decmessage&corridor=CN-SG",
      ], input: try World.declaration(number: 4))
    #expect(refused.output.contains(" 503 ") && refused.output.contains("receive.backlog"), "\(refused.output)")
    #expect(retryAfter(refused.output) == 10)
    try await world.start(world.sg)
    for id in ids { #expect(try await world.china.receipted(id.message, seconds: 60)["state"]?.string == "delivered") }
    let deadline = ContinuousClock.now + .seconds(60)
    var isTaken = false
    while !isTaken, ContinuousClock.now < deadline {
      isTaken =
        try await world.china.answer(
          "POST", "/v1/declarations?profile=cn.decmessage&corridor=CN-SG", body: try World.declaration(number: 4)
        ).status == 202
      if !isTaken { try await Task.sleep(for: .milliseconds(200)) }
    }
    #expect(isTaken)
    #expect(try await metrics(world.cn).contains("gateway_backlog_refusals_total{corridor=\"CN-SG\"}"))
  }

  /// Bodies that are announced and do not come hold the memory that they announce, and nobody's but their caller's half of it.
  @Test func bodiesInMemory() async throws {
    let world = try world(cn: "limits: {bodyBytes: 100000, bodiesBytes: 200000}")
    defer { world.end() }
    try await world.start(world.cn)
    let head =
      "POST /v1/declarations?profile=cn.decmessage&corridor=CN-SG HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer \(world.cn.token.exposed)\r\n"
    var slow: RawConnection? = try RawConnection(port: world.cn.insidePort)
    _ = slow?.send(head + "Content-Length: 100000\r\n\r\nx")
    let document = try World.declaration(number: 1)
    func hand() async throws -> (status: Int, body: JSONValue) {
      try await world.china.answer("POST", "/v1/declarations?profile=cn.decmessage&corridor=CN-SG", body: document)
    }
    let deadline = ContinuousClock.now + .seconds(60)
    var answer = try await hand()
    while answer.status != 503, ContinuousClock.now < deadline { answer = try await hand() }
    #expect(answer.status == 503 && answer.body["problems"]?.array?.first?["code"]?.string == "receive.busy")
    // What has no body is answered all the while.
    #expect(try await world.china.answer("GET", "/v1/clearances").status == 200)
    slow = nil
    while answer.status != 202, ContinuousClock.now < deadline { answer = try await hand() }
    #expect(answer.status == 202, "and when it has gone there is room")
    #expect(try await metrics(world.cn).contains("gateway_busy_refusals_total"))
  }
}
