import Foundation
import JSONTree
import Primitives
import Testing

@testable import CausewayCLI

/// How a gateway is run: stopped, watched, and protected from a second one on the same journal.
@Suite(.serialized, .oneAtATime, .runningWorld) struct OperationsTests {
  @Test func sigtermEndsItSoonAndNothingIsLost() async throws {
    let world = try World.running
    var messages: [String] = []
    for number in 0..<3 {
      messages.append(try await world.china.declare(try World.declaration(number: number), key: "term-\(number)").message)
    }
    // Somebody waits for documents while it is stopped.
    async let waiting = HTTPClient.send("GET", world.cn.inside.base + "/v1/inbox?wait=30", token: world.cn.token.exposed)
    try await Task.sleep(for: .milliseconds(100))
    for site in world.sites {
      let process = try #require(world.process(site))
      process.stop()
      #expect(process.exitCode == 0, "\(site.economy)")
    }
    _ = try? await waiting
    try await world.startBoth()
    for message in messages { #expect(try await world.china.receipted(message)["state"]?.string == "delivered") }
    for site in world.sites { #expect(try World.run(["ledger", "verify", "--config", site.configuration]).status == 0) }
  }

  @Test func aSecondGatewayOnTheSameJournalIsRefused() async throws {
    let world = try World.running
    let second = try world.refusedStart(world.cn)
    #expect(second.status != 0 && second.errors.contains("journal.locked"), "\(second.errors)")
    #expect(try await world.china.answer("GET", "/v1/clearances").status == 200, "the first one goes on")
  }

  @Test func healthAndMetricsAreOpenAndSayNothingOfMessages() async throws {
    let world = try World.running
    try await world.clear(try World.declaration(number: 10), key: "metrics")
    let health = try await HTTPClient.send("GET", world.cn.inside.base + "/health", token: nil)
    #expect(health.status == 200)
    #expect(try JSONValue.parse(health.body)["status"]?.string == "ok")
    let metrics = try await HTTPClient.send("GET", world.cn.inside.base + "/metrics", token: nil)
    let text = String(decoding: metrics.body, as: UTF8.self)
    #expect(metrics.status == 200)
    let lines = text.split(separator: "\n").filter { !$0.hasPrefix("#") }
    #expect(lines.allSatisfy { $0.wholeMatch(of: /[a-z_]+(\{[^}]*\})? -?[0-9]+/) != nil }, "\(text)")
    for name in [
      "gateway_received_messages_total", "gateway_receipts_total", "gateway_inbound_messages_total", "gateway_outbox_waiting",
      "gateway_ledger_entries",
    ] {
      #expect(lines.contains { $0.hasPrefix(name) }, "\(name) in \(text)")
    }
    #expect(!text.contains("E2E") && !text.contains("MERLIN"))
  }

  @Test func theLogIsOneJSONObjectALine() async throws {
    let world = try World.running
    try await world.clear(try World.declaration(number: 11), key: "log")
    _ = try await world.china.answer("POST", BadInputTests.path, body: Array("<!DOCTYPE x>\u{1B}[31m\n{\"level\":\"critical\"}".utf8))
    for site in world.sites {
      let lines = try world.log(site).split(separator: "\n")
      #expect(!lines.isEmpty)
      for line in lines {
        let event = try? JSONValue.parse(Array(line.utf8))
        #expect(
          event?["time"]?.string != nil && event?["level"]?.string != nil && event?["message"]?.string != nil, "\(site.economy): \(line)")
        #expect(event?["level"]?.string != "critical")
      }
      #expect(
        !lines.contains { $0.contains("云栎") || $0.contains("MERLIN REACH") || $0.contains(site.token.exposed) }, "no payload, no secrets")
    }
  }

  @Test func aWrongConfigurationIsRefusedWithEveryProblem() throws {
    let world = try World.running
    let text = try Files.text(world.cn.configuration)
      .replacing("port: \(world.cn.insidePort)", with: "port: 99999").replacing("delivery:", with: "surprise: 1\ndelivery:")
    let file = world.cn.folder + "/wrong.yaml"
    try Files.write(Array(text.utf8), to: file)
    let refused = try World.run(["serve", "--config", file])
    #expect(
      refused.status == 78 && refused.errors.contains("config.range") && refused.errors.contains("config.key_unknown"), "\(refused.errors)")
  }
}
