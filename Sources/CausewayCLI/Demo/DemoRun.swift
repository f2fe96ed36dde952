import Gateway
import JSONTree
import Journal
import Ledger
import Primitives
import Trust

/// One declaration from the Chinese single window to release on both sides, told as it happens.
struct DemoRun: Sendable {
  let world: DemoWorld
  let document: [UInt8]

  private var china: SingleWindow { SingleWindow(site: world.cn) }
  private var singapore: SingleWindow { SingleWindow(site: world.sg) }

  /// - Throws: what the gateways refused, or `deliver.timeout`.
  func run() async throws(CausewayError) {
    let id = try await china.declare(document, profile: "cn.decmessage", corridor: "CN-SG")
    Console.line("CN  declared; clearance \(id)")
    try await showReport(of: id, at: china, "CN → hub")
    try await completeAtSingapore(id)
    try await china.report("accepted", on: id, registrationID: "220120260000123456")
    try await singapore.report("accepted", on: id, registrationID: "IG6L1234567")
    try await china.report("released", on: id)
    try await singapore.report("released", on: id)
    for (window, name) in [(china, "CN"), (singapore, "SG")] {
      let view = try await window.waitFor(id, seconds: 30) { $0["outcome"]?.string == "concluded" }
      showTimeline(view, name)
    }
    Console.line("Clearance \(id): released on both sides; concluded, not cleared, for the corridor of the demo is a test")
  }

  /// The importer's side: takes the pre-filled declaration, answers what is missing, waits for the complete one.
  private func completeAtSingapore(_ id: String) async throws(CausewayError) {
    var isDrafted = false
    for _ in 0..<30 {
      guard let item = try await singapore.nextDocument(seconds: 5) else { continue }
      guard item["clearanceId"]?.string == id else { continue }
      switch item["kind"]?.string {
      case "declaration":
        isDrafted = true
        try await showReport(of: id, at: singapore, "hub → SG")
        try await answerSupplement(id)
      case "lodgement":
        Console.line("SG  complete import declaration taken over by the single window")
        return
      default: continue
      }
    }
    throw CausewayError("deliver.timeout", facts: ["drafted": String(isDrafted)])
  }

  private func answerSupplement(_ id: String) async throws(CausewayError) {
    let request = try await singapore.site.inside.call("GET", "/v1/clearances/\(id)/supplement")
    let items = request["items"]?.array ?? []
    Console.line("SG  supplement: \(items.count) facts that only this side has, or that China did not declare")
    for item in items.prefix(6) {
      Console.line(
        "      \(item["path"]?.string ?? "")  \(item["en"]?.string ?? "") / \(item["zh"]?.string ?? "")  (\(item["reason"]?.string ?? ""))")
    }
    if items.count > 6 { Console.line("      … and \(items.count - 6) more") }
    let answers = items.map { item -> JSONValue in
      ["path": item["path"] ?? .null, "value": .string(ImporterFacts.answer(to: item))]
    }
    _ = try await singapore.site.inside.call(
      "POST", "/v1/clearances/\(id)/supplement", body: JSONValue.object(["items": .array(answers)]).serialized())
    Console.line("SG  supplement answered in one round")
  }

  private func showReport(of id: String, at window: SingleWindow, _ name: String) async throws(CausewayError) {
    let messages = try await window.clearance(id)["messages"]?.array ?? []
    guard let message = messages.first(where: { $0["kind"]?.string == "declaration" })?["messageId"]?.string else { return }
    let report = try await window.site.inside.call("GET", "/v1/messages/\(message)/documents/report")
    let entries = report["entries"]?.array ?? []
    var counts: [String: Int] = [:]
    for entry in entries { counts[entry["action"]?.string ?? "", default: 0] += 1 }
    let summary = counts.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map { "\($0.value) \($0.key)" }.joined(separator: ", ")
    Console.line("\(window.site.economy)  translation \(name): \(summary)")
    var shown: Set<String> = []
    for entry in entries where ["converted", "lossy", "swapped"].contains(entry["action"]?.string) && shown.count < 6 {
      guard let element = entry["element"]?.string, shown.insert(element).inserted else { continue }
      let table = entry["table"]?.string.map { " by \($0)" } ?? ""
      Console.line(
        "      \(element): \(entry["from"]?.string ?? "") → \(entry["to"]?.string ?? "")\(table)  (\(entry["action"]?.string ?? ""))")
    }
  }

  private func showTimeline(_ view: JSONValue, _ name: String) {
    Console.line("Timeline as \(name) sees it")
    for milestone in view["timeline"]?.array ?? [] {
      let (time, side) = (milestone["time"]?.string ?? "", milestone["side"]?.string ?? "")
      Console.line("      \(time)  \(side.padded(to: 7)) \(milestone["status"]?.string ?? "")  revision \(milestone["revision"]?.int ?? 0)")
    }
  }

  /// Verifies both ledgers as they lie on disk, and that every message stands in both with the same payload digest.
  ///
  /// - Throws: `ledger.unsound`, `ledger.message_missing`.
  static func verifyLedgers(_ world: DemoWorld) async throws(CausewayError) {
    var digests: [[String: String]] = []
    for site in [world.cn, world.sg] {
      let registry = try Composition.registry(
        .init(document: site.folder + "/registry.json", key: site.folder + "/registry-key.pem"))
      let keys = try registry.ledgerKeys(of: site.economy, at: SystemClock().now()).map { text throws(CausewayError) in
        try VerifierKey(parsing: text)
      }
      let store = try await Composition.store(reading: try Composition.configuration(at: site.configuration))
      let (report, payloads) = try await store.read { reader throws(CausewayError) -> (AuditReport, [String: String]) in
        var payloads: [String: String] = [:]
        try LedgerCommand.forEachEntry(reader) { stored throws(CausewayError) in
          let entry = try Entry(parsing: stored.bytes)
          guard entry.draft.kind.hasSuffix(".sent") || entry.draft.kind.hasSuffix(".received"), entry.draft.kind != "receipt.received",
            let id = entry.draft.messageID, let digest = entry.draft.payloadDigest
          else { return }
          payloads[id.text] = digest.hex
        }
        return (try reader.auditLedger(origin: site.origin, keys: keys), payloads)
      }
      await store.close()
      guard report.isSound else { throw CausewayError("ledger.unsound", facts: ["findings": String(report.findingCount)]) }
      Console.line("Ledger \(site.economy): sound, \(report.entryCount) entries, root \(report.checkpoint?.root.hex ?? "")")
      digests.append(payloads)
    }
    guard digests[0] == digests[1] else { throw CausewayError("ledger.message_missing") }
    Console.line("\(digests[0].count) messages stand in both ledgers with the same digests: both ledgers are sound")
  }
}
