import Foundation
import JSONTree
import Primitives
import TestSupport
import Testing
import Trust

@testable import CausewayCLI

/// New rules from the command line: rehearsed with recorded messages, staged, activated in a running gateway, and taken back.
@Suite(.serialized, .oneAtATime) struct RulesCommandTests {
  private func schemaErrors(_ line: Substring) throws -> [String] {
    let file = URL(filePath: World.repository + "schemas/rehearsal.schema.json")
    return try JSONSchema([UInt8](try Data(contentsOf: file))).errors(in: try JSONValue.parse(Array(line.utf8)))
  }

  @Test func rehearseStageActivateAndBack() async throws {
    let world = try World()
    defer { world.end() }
    let reader = Redacted("cwt_somebody_who_may_read")
    let tokens = try Files.text(world.cn.configuration).replacing(
      "tokens:\n", with: "tokens:\n  - {name: reader, hash: \"\(BearerToken.stored(reader.exposed))\", roles: [read, operate]}\n")
    try Files.write(Array(tokens.utf8), to: world.cn.configuration)
    try await world.startBoth()
    let configuration = ["--config", world.cn.configuration]
    func run(_ arguments: [String], as token: Redacted<String>? = nil) throws -> (status: Int32, output: String, errors: String) {
      try World.run(arguments + configuration, environment: ["CAUSEWAY_TOKEN": (token ?? world.cn.token).exposed])
    }
    let first = try await world.china.declare(try World.declaration(number: 1), key: "rules-1")
    try await world.singapore.waitFor(first.clearance, "import", "supplement_requested")

    // A folder in which the policy keeps the description of the goods.
    let schemas = world.demo.folder + "/new-schemas"
    try FileManager.default.copyItem(atPath: World.repository + "schemas", toPath: schemas)
    let policy = schemas + "/policies/cn-sg-clearance.yaml"
    let text = try Files.text(policy)
    let changed = text.replacing("  - Commodity.Description.Local\n", with: "").replacing("version: \"1\"", with: "version: \"2\"")
    #expect(changed != text)
    try Files.write(Array(changed.utf8), to: policy)

    let size = try run(["ledger", "checkpoint"]).output
    let same = try run(["rehearse", "--schemas", World.repository + "schemas", "--json"])
    #expect(same.status == 0 && same.output.split(separator: "\n").count == 1, "\(same.output)\(same.errors)")
    #expect(try schemaErrors(try #require(same.output.split(separator: "\n").last)) == [])
    let other = try run(["rehearse", "--schemas", schemas, "--json", "--direction", "outbound"])
    #expect(other.status == 0, "\(other.errors)")
    let lines = other.output.split(separator: "\n")
    for line in lines { #expect(try schemaErrors(line) == []) }
    #expect(
      lines.count == 2 && lines[0].contains(first.message) && lines[0].contains("\"newlyWithheld\":[\"Commodity.Description.Local\"]")
    )
    #expect(try run(["rehearse", "--schemas", schemas]).output.contains("withheld now    Commodity.Description.Local  in 1"))
    #expect(try run(["rehearse", "--schemas", schemas, "--corridor", "MY-SG"]).output.contains("0 messages"))
    #expect(try run(["rehearse"]).status == 64 && run(["rehearse", "--schemas", "/nowhere"]).status == 78)
    #expect(try run(["ledger", "checkpoint"]).output == size, "a rehearsal writes nothing")

    let staged = try run(["rules", "stage", "--schemas", schemas])
    #expect(staged.status == 0, "\(staged.errors)")
    let new = staged.output.trimmingCharacters(in: .whitespacesAndNewlines)
    #expect(try run(["rules", "stage", "--schemas", schemas]).output == staged.output, "the same files are the same set")
    let before = try JSONValue.parse(Array(try run(["rules", "list"]).output.utf8))
    let former = try #require(before["active"]?.string)
    #expect(before["staged"]?.array?.compactMap(\.string).sorted() == [former, new].sorted(), "there is a way back")
    #expect(try run(["rules", "activate", new, "--reason", "CHANGE-1"], as: reader).errors.contains("receive.role_missing"))
    #expect(try run(["rules", "activate", String(repeating: "0", count: 64), "--reason", "x"]).errors.contains("config.rule_set_missing"))
    let activated = try run(["rules", "activate", new, "--reason", "CHANGE-1"])
    #expect(activated.status == 0 && activated.output.contains(former), "\(activated.errors)")
    let second = try await world.china.declare(try World.declaration(number: 2), key: "rules-2")
    try await world.singapore.waitFor(second.clearance, "import", "supplement_requested")
    #expect(try run(["messages", second.message]).output.contains("cn-sg-clearance/2"))
    #expect(try run(["messages", first.message]).output.contains("cn-sg-clearance/1"))

    // Killed: what was activated holds, whatever the configuration names.
    world.process(world.cn)?.kill()
    try Files.write(Array("nonsense".utf8), to: world.cn.folder + "/data/rules/active.new")
    try await world.start(world.cn)
    #expect(try JSONValue.parse(Array(try run(["rules", "list"]).output.utf8))["active"]?.string == new)
    #expect(
      try run(["rehearse", "--schemas", World.repository + "schemas", "--json"]).output.contains(
        "\"newlyDisclosed\":{\"Commodity.Description.Local\":2}"))
    #expect(try run(["rules", "activate", former, "--reason", "CHANGE-1 back"]).status == 0)
    let third = try await world.china.declare(try World.declaration(number: 3), key: "rules-3")
    try await world.singapore.waitFor(third.clearance, "import", "supplement_requested")
    #expect(try run(["messages", third.message]).output.contains("cn-sg-clearance/1"))
    let entries = try run(["ledger", "show", "--count", "1000"]).output.split(separator: "\n").filter { $0.contains("rules.activated") }
    #expect(entries.count == 2 && entries.allSatisfy { $0.contains("\"actor\":\"single-window\"") && $0.contains("CHANGE-1") })
    #expect(try run(["ledger", "verify"]).status == 0)

    // A set in which a byte was altered is not activated, and not begun with.
    let file = world.cn.folder + "/data/rules/\(new)/schemas/policies/cn-sg-clearance.yaml"
    try Files.write(Array(text.utf8), to: file)
    #expect(try run(["rules", "activate", new, "--reason", "x"]).errors.contains("config.rule_set_altered"))
    try Files.write(Array(changed.utf8), to: file)
    #expect(try run(["rules", "activate", new, "--reason", "CHANGE-1 again"]).status == 0)
    world.process(world.cn)?.stop()
    try Files.write(Array(text.utf8), to: file)
    let refused = try world.refusedStart(world.cn)
    #expect(refused.status == 78 && refused.errors.contains("config.rule_set_altered"), "\(refused.errors)")
  }
}
