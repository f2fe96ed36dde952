import Declarations
import Foundation
import JSONTree
import Logging
import Policy
import Primitives
import Testing
import Translation
import Trust
import YAMLTree

@testable import Gateway

@Suite struct ConfigurationTests {
  private func problems(_ text: String) -> [Problem] {
    do throws(CausewayError) {
      _ = try GatewayConfiguration.parse(Array(text.utf8), file: "gateway.yaml", folder: "/etc/gateway")
      return []
    } catch {
      return error.problems
    }
  }

  @Test func everythingWrongIsNamedAtOnce() {
    let found = problems(
      """
      economy: CN
      data: [1]
      registry: {document: r}
      keys: {tlsCertificate: a, tlsKey: b, partnerAuthorities: c, signingCertificate: d, signingKey: e, ledgerKey: f, storageKey: g}
      inside: {host: 127.0.0.1, port: 0}
      partner: {host: 127.0.0.1, port: 8443, colour: red}
      tokens:
        - {name: a, hash: plain, roles: [read, rule]}
      corridors:
        - {policy: p}
      handover:
        - {folder: a, webhook: b}
      delivery: {attempts: many}
      extra: 1
      """)
    let named = found.map { "\($0.line ?? 0) \($0.pointer ?? "") \($0.code)" }
    #expect(
      Set(named) == [
        "2 /data config.type", "3 /registry/key config.key_missing", "5 /inside/port config.range", "6 /partner/colour config.key_unknown",
        "8 /tokens/0/hash config.token_form", "8 /tokens/0/roles config.type", "10 /corridors/0/id config.key_missing",
        "12 /handover/0/folder config.handover_form", "13 /delivery/attempts config.type", "14 /extra config.key_unknown",
      ])
    #expect(named.count == 10)
  }

  @Test(arguments: ["", "[]", "economy: CN\neconomy: SG", "a: [", "null"]) func noMap(text: String) {
    #expect(!problems(text).isEmpty)
  }

  @Test func pathsStartFromTheFile() throws {
    let configuration = try World.configuration(
      "CN", settings: "handover: [{folder: out}, {folder: /var/out}, {webhook: 'https://a.example', token: t}]")
    #expect(configuration.data == "/etc/gateway/journal")
    #expect(configuration.delivery.attempts == 500)
    guard case .folder("/etc/gateway/out") = configuration.handover[0], case .folder("/var/out") = configuration.handover[1],
      case .webhook("https://a.example", let token) = configuration.handover[2]
    else {
      Issue.record("\(configuration.handover)")
      return
    }
    #expect(token?.exposed == "t")
    #expect(!"\(configuration)".contains("\"t\""))
  }

  @Test func theStorageKeyIsAFileOrInAModule() throws {
    let place = "storageKey: g"
    let text = World.text("CN", corridors: "[]", tokens: "[]")
    try #require(text.contains(place))
    guard case .file("/etc/gateway/g") = try World.configuration("CN", settings: "").keys.storageKey else {
      Issue.record("not a file beside the configuration")
      return
    }
    func found(_ uri: String) -> [String] {
      problems(text.replacing(place, with: "storageKey: \"\(uri)\"") + "\nextra: 1\n").map { "\($0.pointer ?? "") \($0.code)" }
    }
    let uri = "pkcs11:token=t;object=o?module-path=/m.so&pin-source=file:/p"
    #expect(found(uri) == ["/extra config.key_unknown"])
    // With everything else that is wrong.
    #expect(found("pkcs11:token=t") == ["/keys/storageKey key.hsm_uri", "/extra config.key_unknown"])
    #expect(found(uri + "&pin-value=4711") == ["/keys/storageKey key.hsm_pin_value", "/extra config.key_unknown"])
  }

  @Test func namesOfCallersFitTheLedger() {
    let hash = BearerToken.stored("cwt_x")
    func found(_ name: String) -> [String] {
      let text = World.text("CN", corridors: "[]", tokens: "[{name: \"\(name)\", hash: \"\(hash)\", roles: [read]}]")
      return problems(text).map(\.code.rawValue)
    }
    #expect(found("single window").isEmpty)
    #expect(found("单一窗口") == ["config.type"])
    #expect(found(String(repeating: "a", count: 101)) == ["config.type"])
  }
}

/// The schema for editors and the reader say the same: cases are made from the schema, and the reader must decide as it says.
@Suite struct ConfigurationSchemaTests {
  private let schema: JSONValue
  private let sample: JSONValue

  init() throws {
    let path = Economies.schemas + "/configuration.schema.json"
    schema = try JSONValue.parse([UInt8](try #require(FileManager.default.contents(atPath: path))))
    sample = try Self.sample(schema)
  }

  /// A value that the schema allows, with every property of every object that can stand there together.
  private static func sample(_ schema: JSONValue) throws -> JSONValue {
    if let choice = schema["enum"]?.array?.first { return choice }
    if schema["pattern"]?.string?.hasPrefix("^sha256") == true { return .string(BearerToken.stored("cwt_x")) }
    if schema["pattern"]?.string?.hasPrefix("^https?:") == true { return "http://x/" }
    if schema["pattern"]?.string?.hasPrefix("^postgres") == true { return "postgresql://db.example/gateway" }
    switch schema["type"]?.string {
    case "string": return "x"
    case "integer": return .number(JSONNumber(try #require(schema["minimum"]?.int)))
    case "array": return [try sample(try #require(schema["items"]))]
    default:
      var object: JSONObject = [:]
      let others = schema["oneOf"]?.array?.dropFirst().flatMap { $0["required"]?.array ?? [] } ?? []
      for member in schema["properties"]?.object?.members ?? [] where !others.contains(.string(member.name)) {
        object[member.name] = try sample(member.value)
      }
      return .object(object)
    }
  }

  /// Each change of the sample, with the place and what the reader must say about it; nil: it is allowed.
  private struct Case {
    let pointer: String
    let value: JSONValue
    let code: String?
  }

  private func cases(_ schema: JSONValue, _ value: JSONValue, at pointer: String, _ rebuilt: (JSONValue) -> JSONValue) throws -> [Case] {
    var cases: [Case] = []
    func change(_ new: JSONValue, _ code: String?, at place: String? = nil) {
      cases.append(Case(pointer: place ?? pointer, value: rebuilt(new), code: code))
    }
    switch schema["type"]?.string {
    case "object":
      let object = try #require(value.object)
      let required = schema["required"]?.array?.compactMap(\.string) ?? []
      #expect(schema["additionalProperties"] == false, "\(pointer) is closed")
      var more = object
      more["unknownKey"] = 1
      change(.object(more), "config.key_unknown", at: pointer + "/unknownKey")
      change("x", "config.type")
      for member in object.members {
        let property = try #require(schema["properties"]?[member.name])
        var less = object
        less[member.name] = nil
        let isOne = schema["oneOf"]?.array?.contains { $0["required"]?.array == [.string(member.name)] } ?? false
        change(
          .object(less), required.contains(member.name) ? "config.key_missing" : isOne ? "config.handover_form" : nil,
          at: pointer + "/" + member.name)
        cases += try self.cases(property, member.value, at: pointer + "/" + member.name) { new in
          var changed = object
          changed[member.name] = new
          return rebuilt(.object(changed))
        }
      }
    case "array":
      change("x", "config.type")
      change([], nil)
      let items = try #require(schema["items"])
      if items["type"]?.string == "object" {
        cases += try self.cases(items, try #require(value.array?.first), at: pointer + "/0") { rebuilt([$0]) }
      } else {
        change([["a": 1]], "config.type")
        if items["enum"] != nil { change(["nothing of the kind"], "config.type") }
        for choice in items["enum"]?.array ?? [] { change([choice], nil) }
      }
    case "integer":
      let (minimum, maximum) = (try #require(schema["minimum"]?.int), try #require(schema["maximum"]?.int))
      for number in [minimum, maximum] { change(.number(JSONNumber(number)), nil) }
      for number in [minimum - 1, maximum + 1] { change(.number(JSONNumber(number)), "config.range") }
      change(["a": 1], "config.type")
      change("many", "config.type")
    default:
      change(["a": 1], "config.type")
      change("", schema["pattern"]?.string?.hasPrefix("^sha256") == true || schema["minLength"]?.int == 1 ? "config.type" : nil)
      if let longest = schema["maxLength"]?.int {
        change(.string(String(repeating: "a", count: longest)), nil)
        change(.string(String(repeating: "a", count: longest + 1)), "config.type")
      }
      if schema["pattern"]?.string?.hasPrefix("^sha256") == true { change("plain", "config.token_form") }
      if schema["pattern"]?.string?.hasPrefix("^https?:") == true { change("plain", "timestamp.url") }
      if schema["pattern"]?.string?.hasPrefix("^postgres") == true {
        change("journal.sqlite", "config.type")
        change("postgres:///gateway?host=/run/postgresql", nil)
      }
    }
    return cases
  }

  @Test func sampleIsAccepted() throws {
    _ = try GatewayConfiguration.parse(sample.serialized(), file: "gateway.yaml", folder: "/")
  }

  @Test func readerDecidesAsTheSchema() throws {
    let cases = try cases(schema, sample, at: "") { $0 }
    #expect(cases.count > 150)
    for one in cases {
      var found: [Problem] = []
      do throws(CausewayError) {
        _ = try GatewayConfiguration.parse(one.value.serialized(), file: "gateway.yaml", folder: "/")
      } catch {
        found = error.problems
      }
      if let code = one.code {
        #expect(
          found.contains { $0.code.rawValue == code && $0.pointer == one.pointer && $0.line != nil }, "\(one.pointer) \(code): \(found)")
      } else {
        #expect(found.isEmpty, "\(one.pointer): \(found)")
      }
    }
  }

  /// The other way round: what the reader asks for when nothing is there is what the schema requires.
  @Test func readerRequiresNoMore() throws {
    do throws(CausewayError) {
      _ = try GatewayConfiguration.parse(Array("{}".utf8), file: "gateway.yaml", folder: "/")
      Issue.record("nothing is not enough")
    } catch {
      let required = Set(schema["required"]?.array?.compactMap(\.string) ?? [])
      #expect(Set(error.problems.compactMap { $0.pointer?.dropFirst().description }) == required)
    }
  }
}

/// What the registry, the profiles and the policies say against a configuration, before the first message.
@Suite struct ContradictionTests {
  private func problems(_ economy: String, corridors: String, policies: [ReleasePolicy]? = nil) async throws -> [Problem] {
    let world = try await World()
    let shared = Economies.shared
    do throws(CausewayError) {
      _ = try GatewayNode(
        configuration: try World.parsed(economy, corridors: corridors), registry: shared.registry, profiles: shared.profiles,
        policies: policies ?? shared.policies, journal: world.cn.journal, signer: world.cn.signer,
        partners: Line.End(line: world.line, sender: economy),
        webhooks: world.webhooks, clock: world.clock, logger: world.cn.logger)
      return []
    } catch {
      return error.problems
    }
  }

  @Test(arguments: [
    ("CN", "[{id: CN-SG, policy: cn-sg-clearance, accepts: [cn.decmessage]}]", []), ("SG", "[{id: CN-SG, handsOver: sg.tradenet}]", []),
    ("SG", "[{id: CN-SG, handsOver: sg.tradenet, shape: InPayment}]", []), ("XX", "[]", ["config.economy_unknown"]),
    ("CN", "[{id: CN-FR, policy: p}]", ["config.corridor_unknown"]), ("CN", "[{id: MY-SG, policy: my-sg}]", ["config.corridor_foreign"]),
    ("CN", "[{id: CN-SG, policy: cn-sg-clearance, accepts: [cn.other]}]", ["config.profile_unknown"]),
    ("CN", "[{id: CN-SG, accepts: [cn.decmessage]}]", ["config.policy_unknown"]),
    ("CN", "[{id: CN-SG, policy: sg-cn-clearance, accepts: [cn.decmessage]}]", ["config.policy_unknown"]),
    ("SG", "[{id: CN-SG}]", ["config.key_missing"]), ("SG", "[{id: CN-SG, handsOver: sg.other}]", ["config.profile_unknown"]),
    ("SG", "[{id: CN-SG, handsOver: sg.tradenet, shape: in-payment}]", ["write.shape_unknown"]),
    ("SG", "[{id: CN-SG, handsOver: sg.tradenet, acceptsStatus: [sg.response], handsOverStatus: uncefact.cdar.xml}]", []),
    ("SG", "[{id: CN-SG, handsOver: sg.tradenet, acceptsStatus: [sg.other]}]", ["config.profile_unknown"]),
    ("SG", "[{id: CN-SG, handsOver: sg.tradenet, acceptsStatus: [sg.tradenet]}]", ["config.profile_kind"]),
    ("SG", "[{id: CN-SG, handsOver: sg.response}]", ["config.profile_kind"]),
    ("SG", "[{id: CN-SG, handsOver: sg.tradenet, handsOverStatus: uncefact.xml}]", ["config.profile_kind"]),
    ("SG", "[{id: CN-SG, handsOver: sg.tradenet, shape: InPayment, handsOverAmended: sg.tradenet.update}]", []),
    ("SG", "[{id: CN-SG, handsOver: sg.tradenet, handsOverAmended: sg.tradenet.cancellation}]", ["config.profile_kind"]),
    (
      "SG", "[{id: CN-SG, handsOver: sg.tradenet, handsOverAmendment: sg.tradenet.cancellation, amendmentShape: InNonPaymentUpdate}]", []
    ),
    (
      "SG", "[{id: CN-SG, handsOver: sg.tradenet, handsOverAmendment: sg.tradenet.cancellation, amendmentShape: InPayment}]",
      ["write.shape_unknown"]
    ),
    ("SG", "[{id: CN-SG, handsOver: sg.tradenet, handsOverAmendment: sg.tradenet.update}]", ["config.profile_kind"]),
    (
      "CN", "[{id: CN-SG, policy: cn-sg-clearance, accepts: [cn.decmessage], acceptsAmendment: [cn.decmod, cn.none]}]",
      ["config.profile_unknown"]
    ),
    ("CN", "[{id: CN-SG, policy: cn-sg-clearance, accepts: [cn.decmod]}]", ["config.profile_kind"]),
    ("CN", "[{id: CN-SG}, {id: CN-FR}]", ["config.policy_unknown", "config.corridor_unknown"]),
  ]) func named(economy: String, corridors: String, codes: [String]) async throws {
    #expect(try await problems(economy, corridors: corridors).map(\.code.rawValue) == codes)
  }

  /// A form of Singapore's cannot say which clearance and which revision it speaks of (decision 0006); the hub's form can.
  @Test func aStatusProfileHasAPlaceForWhoseItIs() async throws {
    let found = try await problems("SG", corridors: "[{id: CN-SG, handsOver: sg.tradenet, handsOverStatus: sg.response}]")
    #expect(Set(found.map(\.code)) == ["config.profile_elements"])
    #expect(Set(found.compactMap { $0.facts["element"] }).isSuperset(of: ["Status.ClearanceID", "Status.Revision"]))
    #expect(try await problems("SG", corridors: "[{id: CN-SG, handsOver: sg.tradenet, handsOverStatus: uncefact.cdar.json}]") == [])
  }

  /// Requests have a release policy of their own, of their kind and their corridor.
  @Test func policyOfRequests() async throws {
    let corridors = "[{id: CN-SG, policy: cn-sg-clearance, accepts: [cn.decmessage], acceptsAmendment: [cn.decmod]}]"
    let file = Economies.schemas + "/policies/cn-sg-amendment.yaml"
    let text = String(decoding: try #require(FileManager.default.contents(atPath: file)), as: UTF8.self)
    let declarations = Economies.shared.policies.filter { $0.document == .declaration }
    #expect(try await problems("CN", corridors: corridors).isEmpty)
    #expect(try await problems("CN", corridors: corridors, policies: declarations).map(\.code) == ["config.policy_unknown"])
    let other = try policy(text.replacingOccurrences(of: "{from: CN, to: SG}", with: "{from: CN, to: MY}"))
    #expect(try await problems("CN", corridors: corridors, policies: declarations + [other]).map(\.code) == ["config.policy_corridor"])
  }

  private func policy(_ text: String) throws -> ReleasePolicy {
    try ReleasePolicy(
      configuration: try YAMLDocument.parse(Array(text.utf8), file: "policy.yaml"), dictionary: Economies.shared.profiles.dictionary)
  }

  @Test func requiredElementThatMayNotLeave() async throws {
    let text = String(
      decoding: try #require(FileManager.default.contents(atPath: Economies.schemas + "/policies/cn-sg-clearance.yaml")), as: UTF8.self)
    let line = "  - Declaration.TotalGrossMassMeasure\n"
    #expect(text.contains(line))
    let corridors = "[{id: CN-SG, policy: cn-sg-clearance, accepts: [cn.decmessage]}]"
    let narrow = try policy(text.replacingOccurrences(of: line, with: ""))
    let found = try await problems("CN", corridors: corridors, policies: [narrow])
    #expect(found.map(\.code.rawValue) == ["policy.withholds_required"])
    #expect(found.first?.element == "Declaration.TotalGrossMassMeasure")
    #expect(try await problems("CN", corridors: corridors, policies: [try policy(text)]).isEmpty)
  }

  @Test func policyOfAnotherCorridor() async throws {
    let text = String(
      decoding: try #require(FileManager.default.contents(atPath: Economies.schemas + "/policies/cn-sg-clearance.yaml")), as: UTF8.self)
    let other = try policy(text.replacingOccurrences(of: "{from: CN, to: SG}", with: "{from: CN, to: MY}"))
    let found = try await problems("CN", corridors: "[{id: CN-SG, policy: cn-sg-clearance, accepts: [cn.decmessage]}]", policies: [other])
    #expect(found.map(\.code.rawValue) == ["config.policy_corridor"])
  }
}
