import Exchange
import Foundation
import JSONTree
import Journal
import JournalSQLite
import Primitives

/// How fast messages that failed for three causes are replayed between two gateways, each a process with mutual TLS and a journal of its own.
///
/// The failures are real ones: some were refused under a profile with a fault in it, some expired because nobody was there, a few were given up for the
/// same reason: a partner that cannot be reached is soon left alone, and what waits for it expires.
struct ReplayStage {
  /// What one run gave.
  struct Figures: Sendable {
    /// By code, as `GET /v1/failures` told them before the replay.
    var causes: [(code: String, count: Int)] = []
    /// Time of the dry run, in nanoseconds.
    var dryRun = 0.0
    /// From the order until the last message was delivered and receipted, in nanoseconds.
    var elapsed = 0.0
    /// What the replay did, by action.
    var actions: [(word: String, count: Int)] = []
    /// Declarations that took effect at the destination, and cases there.
    var effects = 0
    var clearances = 0

    var messages: Int { causes.reduce(0) { $0 + $1.count } }
    var perSecond: Double { elapsed > 0 ? Double(messages) / (elapsed / 1e9) : 0 }

    var lines: [String] {
      let causes = causes.map { "\($0.count) \($0.code)" }.joined(separator: ", ")
      let actions = actions.map { "\($0.word) \($0.count)" }.joined(separator: ", ")
      return [
        "replay of \(messages) messages: \(causes)", "dry run          \(Int(dryRun / 1e6)) ms",
        "replay           \(Int(elapsed / 1e6)) ms, \(Int(perSecond)) messages per second (\(actions))",
        "effects          \(effects) declarations in \(clearances) clearances at the destination",
      ]
    }

    var json: JSONValue {
      func object(_ pairs: [(String, Int)]) -> JSONValue { .object(JSONObject(pairs.map { ($0.0, .number(JSONNumber($0.1))) })) }
      return [
        "causes": object(causes.map { ($0.code, $0.count) }), "messages": .number(JSONNumber(messages)),
        "dryRunMilliseconds": .number(JSONNumber(Int(dryRun / 1e6))), "elapsedMilliseconds": .number(JSONNumber(Int(elapsed / 1e6))),
        "perSecond": .number(JSONNumber(Int(perSecond))), "actions": object(actions.map { ($0.word, $0.count) }),
        "effects": .number(JSONNumber(effects)), "clearances": .number(JSONNumber(clearances)),
      ]
    }
  }

  private let world: DemoWorld
  private let document: [UInt8]
  /// Messages that are given up, and those of each other cause.
  private let givenUp: Int
  private let share: Int
  private let isQuick: Bool

  /// - Parameters:
  ///   - messages: all of them; at least 3.
  ///   - isQuick: leaves out the messages that expire, which takes two minutes.
  static func measure(in folder: String, document: [UInt8], messages: Int, isQuick: Bool) async throws -> Figures {
    let world = try DemoWorld.create(in: folder)
    let givenUp = min(messages / 3, 8)
    let share = isQuick ? messages / 3 : (messages - givenUp) / 2
    return try await ReplayStage(world: world, document: document, givenUp: givenUp, share: share, isQuick: isQuick).measure()
  }

  private func measure() async throws -> Figures {
    let usual = try Files.text(world.cn.configuration)
    let schemas = try Files.schemas(nil)
    Console.progress("\(share) are refused")
    try await fail("refused", share, with: usual + "schemas: \(try faultySchemas(from: schemas))\n")
    if !isQuick {
      Console.progress("\(share) expire")
      try await fail(
        "dead", share, with: Self.delivery(usual, "attempts: 2, firstRetrySeconds: 120, longestRetrySeconds: 120, expirySeconds: 60"))
    }
    Console.progress("\(givenUp) are given up")
    try await fail("dead", givenUp, with: Self.delivery(usual, "attempts: 1"))
    try Files.write(Array(usual.utf8), to: world.cn.configuration)
    let path = try await WholePath.start(world)
    do {
      let figures = try await replay()
      await path.stop()
      return figures
    } catch {
      await path.stop()
      throw error
    }
  }

  // MARK: - Failing

  /// Messages, handed to a gateway that is alone and has this configuration, until all of them stand in the state.
  private func fail(_ state: String, _ messages: Int, with configuration: String) async throws {
    try Files.write(Array(configuration.utf8), to: world.cn.configuration)
    let gateway = try GatewayProcess(world.cn)
    defer { gateway.stop() }
    try await gateway.waitUntilReady()
    let before = try await count(world.cn, state)
    try await withThrowingTaskGroup(of: Void.self) { group in
      for worker in 0..<8 {
        group.addTask { for _ in stride(from: worker, to: messages, by: 8) { try await self.submit() } }
      }
      try await group.waitForAll()
    }
    try await wait(seconds: 600) { try await self.count(self.world.cn, state) >= before + messages }
  }

  private func submit() async throws {
    let reference = ClearanceID.random().text.uppercased()
    _ = try await world.cn.inside.call(
      "POST", "/v1/declarations?profile=cn.decmessage&corridor=CN-SG&ucr=6CN\(reference)", headers: ["Idempotency-Key": reference],
      body: WholePath.numbered(document))
  }

  /// A copy of the schemas in which the local profile has a fault: the reference that every declaration has is too long for it.
  private func faultySchemas(from schemas: String) throws -> String {
    let copy = world.folder + "/faulty-schemas"
    try FileManager.default.copyItem(atPath: URL(filePath: schemas).resolvingSymlinksInPath().path(), toPath: copy)
    let file = "\(copy)/profiles/cn.decmessage/5.0/structure.yaml"
    let right = "{name: ClientSeqNo, card: 1, type: id 35,"
    let text = try Files.text(file)
    guard text.contains(right) else { throw CausewayError("bench.sample_form") }
    try Files.write(Array(text.replacing(right, with: "{name: ClientSeqNo, card: 1, type: id 3,").utf8), to: file)
    return copy
  }

  private static func delivery(_ configuration: String, _ settings: String) -> String {
    let lines = configuration.split(separator: "\n", omittingEmptySubsequences: false)
    return lines.map { $0.utf8.starts(with: "delivery:".utf8) ? "delivery: {\(settings)}" : String($0) }.joined(separator: "\n")
  }

  // MARK: - Replaying

  private func replay() async throws -> Figures {
    var figures = Figures()
    let inside = world.cn.inside
    let failures = try await inside.call("GET", "/v1/failures")
    figures.causes = (failures["failures"]?.array ?? []).map { ($0["code"]?.string ?? "", $0["count"]?.int ?? 0) }
    let begin = Stopwatch.now()
    let preview = try await inside.call("POST", "/v1/replays", body: Array("{\"dryRun\": true, \"partner\": \"SG\"}".utf8))
    figures.dryRun = Stopwatch.now() - begin
    let order = Array("{\"partner\": \"SG\", \"expected\": \(preview["selected"]?.int ?? 0)}".utf8)
    let start = Stopwatch.now()
    var job = try await inside.call("POST", "/v1/replays", body: order)
    let id = job["id"]?.string ?? ""
    while job["state"]?.string == "running" {
      Console.progress("replayed \(job["processed"]?.int ?? 0) of \(job["selected"]?.int ?? 0)")
      job = try await inside.call("GET", "/v1/replays/\(id)?wait=5&seen=\(job["processed"]?.int ?? 0)")
    }
    let messages = figures.messages
    try await wait(seconds: 600) { try await self.count(self.world.cn, "delivered", "declaration") >= messages }
    figures.elapsed = Stopwatch.now() - start
    figures.actions = (job["actions"]?.object?.members ?? []).map { ($0.name, $0.value.int ?? 0) }
    (figures.effects, figures.clearances) = try await effects()
    return figures
  }

  private func effects() async throws -> (Int, Int) {
    let store = try SQLiteStore(readingFrom: world.sg.folder + "/data/journal.sqlite")
    let found = try await store.read { reader throws(CausewayError) in
      let declarations = try reader.messageCounts().filter {
        $0.direction == .inbound && $0.kind == "declaration" && $0.state != "turned_away"
      }
      var (clearances, last) = (0, nil as Int64?)
      while true {
        let page = try reader.clearances(ClearanceQuery(after: last, newestFirst: false, limit: 1000))
        guard let end = page.last else { break }
        clearances += page.count
        last = end.position
      }
      return (declarations.reduce(0) { $0 + $1.count }, clearances)
    }
    await store.close()
    return found
  }

  /// The state is read from the journal's file, which costs the gateway nothing.
  private func count(_ site: DemoWorld.Site, _ state: String, _ kind: String? = nil) async throws -> Int {
    let path = site.folder + "/data/journal.sqlite"
    guard FileManager.default.fileExists(atPath: path) else { return 0 }
    let store = try SQLiteStore(readingFrom: path)
    let counts = try await store.read { reader throws(CausewayError) in try reader.messageCounts() }
    await store.close()
    return counts.reduce(0) { $0 + ($1.direction == .outbound && $1.state == state && (kind ?? $1.kind) == $1.kind ? $1.count : 0) }
  }

  private func wait(seconds: Int, until holds: @escaping @Sendable () async throws -> Bool) async throws {
    let deadline = Stopwatch.now() + Double(seconds) * 1e9
    while !(try await holds()) {
      guard Stopwatch.now() < deadline else { throw CausewayError("bench.not_delivered", facts: ["state": "waiting"]) }
      try await Task.sleep(for: .milliseconds(50))
    }
  }
}
