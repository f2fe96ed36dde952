import Foundation
import Gateway
import JSONTree
import Journal
import Primitives
import TestSupport
import Testing

@testable import CausewayCLI

/// Reconciliation between two real gateways: over the partner listener, from the command line.
@Suite(.serialized, .oneAtATime, .runningWorld) struct ReconcileTests {
  private func schema(_ name: String) throws -> JSONSchema {
    try JSONSchema([UInt8](try Data(contentsOf: URL(filePath: World.repository + "schemas/\(name).schema.json"))))
  }

  /// A declaration that has arrived, and the day on which it was sealed.
  private func declared(_ number: Int) async throws -> (world: World, message: String, day: String) {
    let world = try World.running
    let ids = try await world.china.declare(try World.declaration(number: number), key: "reconcile-\(number)")
    try await world.singapore.waitFor(ids.clearance, "import", "supplement_requested")
    try await world.quiet()
    let created = try await world.journal(world.cn) { reader throws(CausewayError) in
      try MessageID(ids.message).flatMap { id throws(CausewayError) in try reader.message(id) }?.envelopeCreated
    }
    return (world, ids.message, try #require(created).day)
  }

  @Test func fromTheCommandLine() async throws {
    let (world, _, day) = try await declared(1)
    for site in world.sites {
      let arguments = ["ledger", "reconcile", "--config", site.configuration, "--corridor", "CN-SG", "--day", day]
      let token = ["CAUSEWAY_TOKEN": site.token.exposed]
      let run = try World.run(arguments + ["--json"], environment: token)
      #expect(run.status == 0, "\(run.errors)")
      let result = try JSONValue.parse(Array(run.output.utf8))
      #expect(try schema("reconciliation").errors(in: result) == [])
      #expect(try #require(result["own"]?["items"]?.int) >= 2)
      #expect(try #require(result["bytes"]?.int) > 100)
      let text = try World.run(arguments, environment: token)
      #expect(text.status == 0 && text.output.contains("0 differences in "), "\(text.output)")
      // What it found stands on the ledger, which is as sound as before.
      let kinds = try await world.journal(site) { reader throws(CausewayError) in
        try reader.entries(from: 0, limit: 1000).map { String(decoding: $0.bytes, as: UTF8.self) }
      }
      #expect(kinds.filter { $0.contains("\"reconciliation.done\"") }.count == 2)
      #expect(try World.run(["ledger", "verify", "--config", site.configuration]).status == 0)
    }
    let foreign = try World.run(
      ["ledger", "reconcile", "--config", world.cn.configuration, "--corridor", "MY-SG", "--day", day],
      environment: ["CAUSEWAY_TOKEN": world.cn.token.exposed])
    #expect(foreign.status == 65 && foreign.errors.contains("reconcile.corridor_foreign"))
  }

  @Test func onlyACallerWithTheRole() async throws {
    let world = try World.running
    for path in ["/v1/reconciliations?corridor=CN-SG&day=2026-11-29", "/v1/work-items/x/resolution"] {
      let answer = try await HTTPClient.send("POST", world.cn.inside.base + path, token: "cwt_unknown", body: [])
      #expect(answer.status == 401)
    }
    #expect(try await world.china.answer("GET", "/v1/work-items").body["workItems"] == [])
    #expect(try await world.china.answer("GET", "/v1/work-items?state=new").status == 422)
    #expect(try await world.china.answer("POST", "/v1/work-items/x/resolution", body: Array("{\"note\":\"n\"}".utf8)).status == 404)
    #expect(try await world.china.answer("POST", "/v1/reconciliations?corridor=CN-SG&day=today").status == 422)
  }

  /// Spoken to with `curl`, which shares no code with the gateway's own client.
  @Test func overThePartnerListener() async throws {
    let (world, message, day) = try await declared(2)
    func ask(_ body: String) throws -> (status: String, body: JSONValue) {
      let file = world.demo.folder + "/question.json"
      try Files.write(Array(body.utf8), to: file)
      let folder = world.cn.folder
      let result = try World.tool(
        "/usr/bin/env",
        [
          "curl", "--silent", "--max-time", "20", "--http1.1", "--cacert", folder + "/authorities.pem", "--cert",
          folder + "/tls-certificate.pem", "--key", folder + "/tls-key.pem", "--write-out", "\n%{http_code}", "--data-binary", "@" + file,
          "https://127.0.0.1:\(world.sg.partnerPort)/v1/reconciliation",
        ])
      let lines = result.output.split(separator: "\n", omittingEmptySubsequences: false)
      return (String(lines.last ?? ""), (try? JSONValue.parse(Array(lines.dropLast().joined(separator: "\n").utf8))) ?? .null)
    }
    func question(_ more: String, corridor: String = "CN-SG") -> String {
      "{\"version\":1,\"corridor\":\"\(corridor)\",\"day\":\"\(day)\"\(more)}"
    }
    let good = try ask(question(",\"ranges\":[\"\"],\"subjects\":[\"\(message)\"]"))
    #expect(good.status == "200")
    #expect(try schema("reconciliation-answer").errors(in: good.body) == [])
    #expect(good.body["facts"]?.array?.first?["message"]?["outcome"]?.string == "accepted")
    #expect(try ask(question(",\"ranges\":[\"\"]", corridor: "MY-SG")).status == "403")
    #expect(try ask(question(",\"ranges\":[\"0\",\"\"]")).status == "400")
    #expect(try ask("[").status == "400")
    #expect(try ask(question(",\"ranges\":[\"\"]") + String(repeating: " ", count: 32 << 10)).status == "413")
  }
}
