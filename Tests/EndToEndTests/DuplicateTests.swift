import Foundation
import JSONTree
import Journal
import Primitives
import TestSupport
import Testing

@testable import CausewayCLI

/// A thousand times the same at once, at two gateways that share a journal, one of which is killed in the middle (M-01): one effect, the same
/// answer to everybody. Sent by `curl`, which shares no code with the gateway's own client and repeats what got no answer.
@Suite(.serialized, .oneAtATime) struct DuplicateTests {
  private static let copies = 1000
  /// At a time, to each gateway.
  private static let atOnce = 120

  /// Sends half of the copies to each node, kills the second in the middle and starts it again.
  ///
  /// - Returns: the bodies of all answers.
  private func flood(_ world: World, _ nodes: [DemoWorld.Site], url: (DemoWorld.Site) -> String, _ arguments: [String]) async throws
    -> [[UInt8]]
  {
    let half = Self.copies / 2
    let folders = nodes.map { world.demo.folder + "/answers-\($0.partnerPort)" }
    for folder in folders { try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true) }
    func answers(_ folder: String) throws -> [String] {
      try FileManager.default.contentsOfDirectory(atPath: folder).map { folder + "/" + $0 }
    }
    let lives = try await withThrowingTaskGroup(of: Life?.self) { group in
      for (node, folder) in zip(nodes, folders) {
        let target = url(node)
        group.addTask {
          // What stands behind # is not sent. A status that is no success is no answer: it leaves no file and is tried again.
          try await Life.run(
            URL(filePath: "/usr/bin/env"),
            [
              "curl", "--silent", "--parallel", "--parallel-immediate", "--parallel-max", "\(Self.atOnce)", "--http1.1", "--fail",
              "--max-time", "60", "--retry", "60", "--retry-all-errors", "--retry-delay", "1", "--retry-max-time", "0", "--output",
              folder + "/#1", "--write-out", "%{http_code}\\n",
            ] + arguments + [target + "#[1-\(half)]"])
        }
      }
      group.addTask {
        while try answers(folders[1]).count < half / 4 { try await Task.sleep(for: .milliseconds(2)) }
        let before = try answers(folders[1]).count
        world.process(nodes[1])?.kill()
        print("killed after \(before) of \(half) answers")
        #expect(before < half, "in the middle")
        try await world.start(nodes[1])
        return nil
      }
      return try await group.reduce(into: [Life]()) { if let life = $1 { $0.append(life) } }
    }
    for life in lives { #expect(life.end == .exit(0), "\(life.lines.suffix(5)) \(life.errors)") }
    return try folders.flatMap { try answers($0).map { try Files.read($0) } }
  }

  @Test func aThousandSubmissionsOfOneDeclarationAreOne() async throws {
    let name = "duplicates-\(UUID().uuidString)"
    let world = try World(journal: try PostgresCluster.shared.database(name))
    defer {
      world.end()
      PostgresCluster.drop(name)
    }
    let second = try world.secondNode()
    try await world.startBoth()
    try await world.start(second)
    let file = world.demo.folder + "/declaration"
    try Files.write(try World.declaration(number: 1), to: file)
    let bodies = try await flood(
      world, [world.cn, second], url: { $0.inside.base + "/v1/declarations?profile=cn.decmessage&corridor=CN-SG" },
      [
        "--header", "Authorization: Bearer \(world.cn.token.exposed)", "--header", "Idempotency-Key: thousand", "--header",
        "Content-Type: application/xml", "--data-binary", "@" + file,
      ])
    #expect(bodies.count == Self.copies)
    let answers = try Set(bodies).map { try JSONValue.parse($0) }
    // The answer to the first of all says that it was the first; it may have got lost with the gateway that was killed.
    #expect(answers.count <= 2 && answers.count { $0["repeated"] == .bool(false) } <= 1, "\(answers)")
    #expect(bodies.count { String(decoding: $0, as: UTF8.self).contains("false") } <= 1)
    let ids = Set(answers.map { [$0["messageId"]?.string, $0["clearanceId"]?.string] })
    try #require(ids.count == 1, "\(ids)")
    let id = try #require(answers[0]["clearanceId"]?.string)
    try await world.clear((try #require(answers[0]["messageId"]?.string), id))
    try await world.quiet()
    try await world.expectOneEffect([id])
    try await DemoRun.verifyLedgers(world.demo)
  }

  @Test func aThousandDeliveriesOfOneEnvelopeAreOne() async throws {
    let name = "duplicates-\(UUID().uuidString)"
    let world = try World(partnerJournal: try PostgresCluster.shared.database(name))
    defer {
      world.end()
      PostgresCluster.drop(name)
    }
    // Sealed while nobody is there to take it.
    try await world.start(world.cn)
    let ids = try await world.china.declare(try World.declaration(number: 1), key: "envelope")
    #expect(try await world.china.translated(ids.message)["state"]?.string == "sealed")
    world.process(world.cn)?.stop()
    let second = try world.secondNode(of: world.sg)
    try await world.start(world.sg)
    try await world.start(second)
    let file = world.demo.folder + "/envelope"
    let fields = try await world.journal(world.cn) { reader throws(CausewayError) in
      guard let id = MessageID(ids.message), let message = try reader.message(id), let clearance = try reader.clearance(ids.clearance),
        let fields = try reader.payload(owner: ids.message, kind: "fields"), let wire = try reader.payload(owner: ids.message, kind: "wire")
      else { throw CausewayError("journal.not_found") }
      try Files.write(wire.bytes, to: file)
      return [
        "Causeway-Envelope: \(Base64.encode(message.header, .url))",
        "Causeway-Signature: \(String(decoding: message.signature, as: UTF8.self))",
        "Causeway-Subject-Salt: \(try JSONValue.parse(clearance.state)["salt"]?.string ?? "")",
        "Causeway-Fields-Salt: \(Hex.encode(fields.bytes))", "Content-Type: application/xml",
      ]
    }
    let receipts = try await flood(
      world, [world.sg, second], url: { "https://127.0.0.1:\($0.partnerPort)/v1/messages" },
      fields.flatMap { ["--header", $0] } + [
        "--cacert", world.cn.folder + "/authorities.pem", "--cert", world.cn.folder + "/tls-certificate.pem", "--key",
        world.cn.folder + "/tls-key.pem", "--data-binary", "@" + file,
      ])
    #expect(receipts.count == Self.copies)
    try #require(Set(receipts).count == 1, "one receipt, the same bytes")
    try await world.start(world.cn)
    let receipted = try await world.china.receipted(ids.message, seconds: 120)
    #expect(receipted["receipt"]?.string.map { Array($0.utf8) } == receipts[0], "and the same to the sender")
    try await world.clear(ids)
    try await world.quiet()
    try await world.expectOneEffect([ids.clearance])
    try await DemoRun.verifyLedgers(world.demo)
  }
}
