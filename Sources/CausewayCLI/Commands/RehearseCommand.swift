import ArgumentParser
import Gateway
import JSONTree
import Journal
import Primitives
import Translation

/// What new profiles, policies, code lists or a new registry would change for messages that the journal holds.
struct RehearseCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "rehearse",
    abstract: "Run recorded messages through new profiles, policies, code lists or a new registry, and show what would change.",
    discussion: """
      Each message goes through the files of the configuration and through the new ones, out of the same journal, which is only read, beside a running \
      gateway or without one. Nothing is sent, and nothing is written. Texts of the documents are told with --values alone. \
      Exit code 65 when a message that is taken now would be refused.
      """)

  @Option(help: "The gateway's configuration file.") var config: String
  @Option(help: "Folder of schemas to rehearse: dictionary, code lists, profiles, policies, defaults. Without it those of now.")
  var schemas: String?
  @Option(help: "Signed registry to rehearse. Without it the one of now.") var registry: String?
  @Option(help: "Only messages of this corridor, for example CN-SG.") var corridor: String?
  @Option(help: "outbound (handed in here) or inbound (from the partner).") var direction: Way?
  @Option(help: "Only messages of this kind: declaration, amendment, withdrawal, status.") var kind: String?
  @Option(help: "Only messages that arrived at or after this time (RFC 3339, UTC).") var since: Time?
  @Option(help: "Only messages that arrived at or before this time (RFC 3339, UTC).") var until: Time?
  @Option(help: "Most messages; how to go on is told.") var count: Int?
  @Option(help: "Go on behind this place in the journal, as told by a rehearsal that stopped at --count.") var after: Int64?
  @Flag(help: "Show the texts that differ. They are business data.") var values = false
  @Flag(help: "A JSON object a line: each message that comes out differently, and last the account of all.") var json = false

  enum Way: String, ExpressibleByArgument, CaseIterable { case outbound, inbound }

  struct Time: ExpressibleByArgument {
    let instant: Instant

    init?(argument: String) {
      guard let instant = Instant(rfc3339: argument) else { return nil }
      self.instant = instant
    }
  }

  func validate() throws {
    if schemas == nil, registry == nil { throw ValidationError("Say what is to be rehearsed: --schemas or --registry.") }
    if let count, count < 1 { throw ValidationError("--count is 1 or more.") }
    if let since, let until, since.instant > until.instant { throw ValidationError("--until is not before --since.") }
  }

  func run() async throws {
    try await Console.reportingErrors {
      let configuration = try Composition.configuration(at: config)
      let now = try Composition.rules(configuration)
      let new = try Composition.rules(configuration, schemas: schemas, registry: registry)
      let key = try Composition.storageKey(configuration.keys.storageKey)
      let store = try await SealingStore.open(try await Composition.store(reading: configuration), key: key)
      var filter = Rehearsal.Filter()
      filter.corridor = corridor
      filter.direction = direction.map { $0 == .inbound ? .inbound : .outbound }
      filter.kind = kind
      filter.since = since?.instant
      filter.until = until?.instant
      filter.after = after
      if let count { filter.limit = count }
      var done = 0
      let summary = try await Rehearsal(before: now, after: new).run(store, filter) { message in
        done += 1
        Console.progress("\(done) messages")
        guard message.verdict != .same, message.verdict != .refused else { return }
        Console.progressEnds()
        show(message)
      }
      Console.progressEnds()
      await store.close()
      if json {
        Console.write(summary.json.serialized() + [0x0A])
      } else {
        for line in summary.lines { Console.line(line) }
      }
      if summary.count(.newlyRefused) > 0 { throw ExitStatus.dataRefused }
    }
  }

  private func show(_ message: RehearsedMessage) {
    let facts = message.json(showsValues: values)
    if json { return Console.write(facts.serialized() + [0x0A]) }
    func text(_ value: JSONValue?, _ name: String) -> String { value?[name]?.string ?? "" }
    Console.line(
      "\(text(facts, "messageId"))  \(text(facts, "direction"))  \(text(facts, "kind"))  "
        + text(facts, "verdict").replacing("_", with: " "))
    for problem in facts["problems"]?.array ?? [] {
      Console.line("  refused for \(text(problem, "code"))  \(text(problem, "element"))  \(text(problem, "pointer"))")
    }
    for problem in facts["problemsBefore"]?.array ?? [] {
      Console.line("  was refused for \(text(problem, "code"))  \(text(problem, "element"))  \(text(problem, "pointer"))")
    }
    for (word, member) in [("withheld now", "newlyWithheld"), ("leaves now", "newlyDisclosed")] {
      for element in facts[member]?.array ?? [] { Console.line("  \(word)  \(element.string ?? "")") }
    }
    for difference in facts["differences"]?.array ?? [] {
      let values = [difference["before"]?.string, difference["after"]?.string]
      let change = values.contains { $0 != nil } ? "  \(values[0] ?? "nothing") to \(values[1] ?? "nothing")" : ""
      Console.line(
        "  \(text(difference, "kind"))  \(text(difference, "change"))  \(text(difference, "element"))  \(text(difference, "place"))\(change)"
      )
    }
  }
}
