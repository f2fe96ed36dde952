import Foundation
import JSONTree
import Primitives
import TestSupport
import Testing
import Trust

@testable import CausewayCLI

/// What failed and is put right, from the command line, between real gateways.
@Suite(.serialized, .oneAtATime) struct ReplayCommandTests {
  private func errors(_ output: String, _ name: String) throws -> [String] {
    let file = URL(filePath: World.repository + "schemas/\(name).schema.json")
    return try JSONSchema([UInt8](try Data(contentsOf: file))).errors(in: try JSONValue.parse(Array(output.utf8)))
  }

  @Test func failuresReplayAndEdit() async throws {
    let world = try World()
    defer { world.end() }
    // Nobody is there: the first attempt is the last one.
    let usual = try Files.text(world.cn.configuration)
    let second = Redacted("cwt_second_person_of_the_test")
    let impatient =
      usual.replacing("delivery: {", with: "delivery: {attempts: 1, ")
      .replacing("tokens:\n", with: "tokens:\n  - {name: second, hash: \"\(BearerToken.stored(second.exposed))\", roles: [operate]}\n")
    try Files.write(Array(impatient.utf8), to: world.cn.configuration)
    try await world.start(world.cn)
    let options = ["--config", world.cn.configuration]
    let token = ["CAUSEWAY_TOKEN": world.cn.token.exposed]
    func run(
      _ arguments: [String], input: [UInt8] = [], as environment: [String: String]? = nil
    ) throws -> (status: Int32, output: String, errors: String) {
      try World.run(["messages"] + arguments + options, input: input, environment: environment ?? token)
    }
    let declared = try await world.china.declare(try World.declaration(number: 1), key: "replay-1")
    let wrong = Array(String(decoding: try World.declaration(number: 2), as: UTF8.self).replacing("<GrossWet>", with: "<GrossWet>x").utf8)
    let refused = try await world.china.declare(wrong, key: "replay-2")
    var failures = JSONValue.null
    for _ in 0..<600 {
      failures = try JSONValue.parse(Array(try run(["failures", "--json"]).output.utf8))
      if failures["messages"]?.int == 2 { break }
      try await Task.sleep(for: .milliseconds(50))
    }
    let groups = try #require(failures["failures"]?.array)
    #expect(groups.count == 2)
    #expect(try errors(String(decoding: failures.serialized(), as: UTF8.self), "failures") == [])
    let code = try #require(groups.first { $0["state"]?.string == "dead" }?["code"]?.string)
    #expect(try run(["failures", "--code", code]).output.contains(declared.message))
    #expect(try run(["failures", "--state", "nonsense"]).status == 65)
    #expect(try run([declared.message]).output.contains("\"givenUp\": true"))
    #expect(try run([declared.message], as: ["CAUSEWAY_TOKEN": second.exposed]).status != 0, "the role is missing")

    let dry = try run(["replay", "--code", code, "--dry-run"])
    #expect(dry.status == 0 && dry.output.contains("\"deliver\": 1"), "\(dry.errors)")
    #expect(try errors(dry.output, "replay-preview") == [])
    try await world.start(world.sg)
    let replayed = try run(["replay", "--code", code, "--watch"])
    #expect(replayed.status == 0 && replayed.errors.contains("1 of 1: deliver 1"), "\(replayed.errors)")
    #expect(try errors(replayed.output, "replay") == [] && replayed.output.contains("\"done\""))
    try await world.singapore.waitFor(declared.clearance, "import", "supplement_requested")
    let id = try #require(try JSONValue.parse(Array(replayed.output.utf8))["id"]?.string)
    #expect(try run(["replays"]).output.contains(id) && run(["replays", id]).status == 0)
    #expect(try run(["replay", "--job", id, "--pause"]).errors.contains("replay.state"))
    #expect(try run(["replay", "--code", code]).errors.contains("replay.nothing_found"))
    #expect(try run(["replay"]).status == 64)

    let right = try World.declaration(number: 2)
    let edit = try run(["edit", refused.message, "--reason", "TICKET-1", "-"], input: right)
    #expect(edit.status == 0, "\(edit.errors)")
    #expect(try errors(edit.output, "edit") == [])
    #expect(try run(["edit", refused.message]).output == edit.output)
    #expect(try run([refused.message, "--document", "proposed"]).output == String(decoding: right, as: UTF8.self))
    let digest = try #require(try JSONValue.parse(Array(edit.output.utf8))["sha256"]?.string)
    #expect(try run(["approve", refused.message, "--sha256", digest]).errors.contains("edit.own"))
    let approved = try run(["approve", refused.message, "--sha256", digest], as: ["CAUSEWAY_TOKEN": second.exposed])
    #expect(approved.status == 0, "\(approved.errors)")
    try await world.singapore.waitFor(refused.clearance, "import", "supplement_requested")
    #expect(try run([refused.message, "--document", "source"]).output == String(decoding: wrong, as: UTF8.self))
    #expect(try run(["failures", "--json"]).output.contains("\"messages\": 0"))
    #expect(try World.run(["ledger", "verify", "--config", world.cn.configuration]).status == 0)
  }
}
