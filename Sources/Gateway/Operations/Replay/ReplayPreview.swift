import Declarations
import Exchange
import Formats
import JSONTree
import Journal
import Primitives
import Translation
import Trust

// The dry run of a replay. It reads, translates and compares; it writes nothing.
extension GatewayNode {
  /// Most messages whose action a dry run tells, whose documents it translates, and that it shows one by one.
  private static let previewedMessages = 20_000
  private static let previewedTranslations = 1000
  private static let shownMessages = 100
  private static let shownPaths = 20

  /// What a replay would do now.
  func preview(_ job: ReplayJob) async throws(CausewayError) -> JSONValue {
    var job = job
    var shown: [JSONValue] = []
    var translated = 0
    var outcomes: [String: Int] = [:]
    let now = clock.now()
    while job.processed < Self.previewedMessages {
      let page = try await journal.read { [job] reader throws(CausewayError) in try plan(job.query(limit: 500), at: now, reader) }
      guard let last = page.last else { break }
      job.cursor = last.subject.message.position
      for planned in page {
        let (subject, action) = (planned.subject, planned.action)
        job.count(action)
        var view = Self.preview(subject, action)
        if [.translate, .anew, .ask].contains(action), subject.message.direction == .outbound, translated < Self.previewedTranslations,
          let outcome = try await translationPreview(subject.message, action)
        {
          translated += 1
          outcomes[outcome["outcome"]?.string ?? "", default: 0] += 1
          view["translation"] = .object(outcome)
        }
        if shown.count < Self.shownMessages { shown.append(.object(view)) }
      }
    }
    var facts: JSONObject = [
      "dryRun": true, "filter": .object(job.filter.json), "selected": .number(JSONNumber(job.selected)),
      "processed": .number(JSONNumber(job.processed)),
    ]
    for name in ["actions", "untouched"] { facts[name] = job.json[name] }
    facts["translated"] = ReplayJob.json(outcomes)
    facts["messages"] = .array(shown)
    return .object(facts)
  }

  private static func preview(_ subject: ReplaySubject, _ action: ReplayAction) -> JSONObject {
    let message = subject.message
    var view: JSONObject = [
      "messageId": .string(message.id.text), "kind": .string(message.kind), "state": .string(message.state),
      "reason": message.reason.map { .string($0.rawValue) } ?? .null, "action": .string(action.word),
    ]
    if case .nothing(let code) = action { view["because"] = .string(code.rawValue) }
    view["attempts"] = subject.delivery.map { .number(JSONNumber($0.attempts)) }
    view["payloadSha256"] = message.payloadDigest.map { .string($0.hex) }
    // What took effect is answered as it was.
    view["receipt"] = message.receipt.map { .string(String(decoding: $0, as: UTF8.self)) }
    return view
  }

  /// Steps 2 to 6 with the mapping, policy and registry of now, held against what was made of the document before.
  ///
  /// - Returns: nil when there is no document.
  func translationPreview(_ message: MessageRecord, _ action: ReplayAction, edited: [UInt8]? = nil) async throws(CausewayError)
    -> JSONObject?
  {
    let (hasDocument, wire, problems) = try await journal.read { reader throws(CausewayError) in
      (
        try reader.payloadSummary(owner: message.id.text, kind: PayloadKind.source.rawValue) != nil,
        try reader.payload(owner: message.id.text, kind: PayloadKind.wire.rawValue),
        try reader.payload(owner: message.id.text, kind: PayloadKind.problems.rawValue)
      )
    }
    guard hasDocument else { return nil }
    var view: JSONObject = [:]
    let before = try problems.map { problems throws(CausewayError) in try JSONValue.parse(problems.bytes) }?["reasons"]?.array ?? []
    do throws(CausewayError) {
      var local = try await localDocument(of: message, edited: edited)
      if action != .translate, message.kind == MessageKind.declaration.rawValue { local.clearance = nil }
      let translated = try translation(of: local)
      view["outcome"] = "translated"
      guard case (let bytes, let profile, let policy)? = translated.wire else { return view }
      view["payloadSha256"] = .string(SHA256.hash(bytes).hex)
      var versions = ["policy": Self.name(policy), "profile": Self.name(profile.versioned), "registry": String(registry.version)]
      versions["source"] = local.profile.map { Self.name($0.versioned) }
      view["versions"] = Self.changes(from: message.versions, to: versions)
      if let wire { view["difference"] = difference(from: wire.bytes, to: bytes, as: profile) }
    } catch {
      view["outcome"] = "refused"
      view["problems"] = .array(error.problems.prefix(Self.shownPaths).map(Self.json))
    }
    if !before.isEmpty { view["problemsBefore"] = .array(Array(before.prefix(Self.shownPaths))) }
    return view
  }

  /// The paths at which two documents of a format differ; null when one of them cannot be read as such.
  func difference(from old: [UInt8], to new: [UInt8], as profile: Profile) -> JSONValue {
    let translator = Translator(profiles)
    guard let old = try? translator.parse(old, as: profile), let new = try? translator.parse(new, as: profile) else { return .null }
    let differences = old.differences(from: new, limit: 1000)
    return [
      "count": .number(JSONNumber(differences.count)),
      "paths": .array(differences.prefix(Self.shownPaths).map { .string("\($0.kind.rawValue) \($0.pointer)") }),
    ]
  }

  /// Versions that are others now: `{name: [then, now]}`; without those that were not known then.
  private static func changes(from old: [String: String], to new: [String: String]) -> JSONValue {
    let changed = new.filter { name, version in old[name].map { !$0.hasSameBytes(as: version) } ?? false }
    return .object(
      JSONObject(
        changed.sorted { ByteString($0.key) < ByteString($1.key) }.map { name, version in
          (name, .array([.string(old[name] ?? ""), .string(version)]))
        }))
  }
}

extension GatewayNode.Translated {
  /// What would travel; nil for a withdrawal that is told as a status.
  fileprivate var wire: (bytes: [UInt8], profile: Profile, policy: VersionedName)? {
    switch self {
    case .declaration(let declaration): (declaration.bytes, declaration.wire.profile, declaration.policy)
    case .request(let request): (request.bytes, request.wire.profile, request.policy)
    case .cancellation: nil
    }
  }
}
