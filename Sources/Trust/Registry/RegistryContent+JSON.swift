package import JSONTree
import Primitives

// The JSON form, both ways. Reading notes every problem with its pointer and gives nil for what cannot be read.

extension RegistryContent {
  package var json: JSONValue {
    var object: JSONObject = ["version": .number(JSONNumber(version)), "issued": .string(issued.rfc3339)]
    object["expires"] = expires.map { .string($0.rfc3339) }
    object["participants"] = .array(participants.map(\.json))
    object["corridors"] = .array(corridors.map(\.json))
    return .object(object)
  }

  init?(reading fields: inout JSONFields) {
    let version = fields.integer("version", in: 1...(1 << 53 - 1))
    let issued = fields.instant("issued")
    let expires = fields.instant("expires", required: false)
    let participants = fields.list("participants") { Participant(reading: &$0) }
    let corridors = fields.list("corridors") { Corridor(reading: &$0) }
    guard let version, let issued, let participants, let corridors else { return nil }
    self.init(version: version, issued: issued, expires: expires, participants: participants, corridors: corridors)
  }
}

extension Participant {
  var json: JSONValue {
    var object: JSONObject = [
      "id": .string(id), "name": ["en": .string(nameEN), "zh": .string(nameZH)], "endpoint": .string(endpoint),
    ]
    object["notBefore"] = membership.start.map { .string($0.rfc3339) }
    object["notAfter"] = membership.end.map { .string($0.rfc3339) }
    object["certificates"] = .array(certificates.map(\.json))
    object["ledger"] = ledger.json
    object["witness"] = witness?.json
    if !serviceWindows.isEmpty { object["serviceWindows"] = .array(serviceWindows.map(\.json)) }
    return .object(object)
  }

  init?(reading fields: inout JSONFields) {
    let id = fields.string("id", "code of an economy") { Identifier.isEconomy($0) ? $0 : nil }
    let names = fields.nested("name") { name -> (String, String)? in
      let (en, zh) = (name.text("en"), name.text("zh"))
      return en.flatMap { en in zh.map { (en, $0) } }
    }
    let endpoint = fields.string("endpoint", "https://host[:port][/path]") { Endpoint($0)?.text }
    let membership = Period(reading: &fields)
    let certificates = fields.list("certificates") { RegisteredCertificate(reading: &$0) }
    let ledger = fields.nested("ledger") { RegisteredLedger(reading: &$0) }
    let witness = fields.nested("witness", required: false) { RegisteredWitness(reading: &$0) }
    let windows = fields.list("serviceWindows", required: false) { ServiceWindow(reading: &$0) }
    if let windows, !(1...100).contains(windows.count) { fields.refuse("serviceWindows", "1 to 100 windows") }
    guard let id, let names, let endpoint, let certificates, let ledger else { return nil }
    self.init(
      id: id, nameEN: names.0, nameZH: names.1, endpoint: endpoint, membership: membership, certificates: certificates, ledger: ledger,
      witness: witness, serviceWindows: windows ?? [])
  }
}

extension Period {
  init(reading fields: inout JSONFields) {
    self.init(from: fields.instant("notBefore", required: false), to: fields.instant("notAfter", required: false))
    if let start, let end, start >= end { fields.refuse("notAfter", "a time after notBefore") }
  }
}

extension RegisteredCertificate {
  var json: JSONValue {
    [
      "role": .string(role.rawValue), "notBefore": .string(notBefore.rfc3339), "notAfter": .string(notAfter.rfc3339),
      "pem": .string(certificate.pem),
    ]
  }

  init?(reading fields: inout JSONFields) {
    let role = fields.choice("role", CertificateRole.allCases)
    let notBefore = fields.instant("notBefore")
    let notAfter = fields.instant("notAfter")
    let certificate = fields.string("pem", "one PEM certificate") { try? Certificate(pem: $0) }
    guard let role, let notBefore, let notAfter, let certificate else { return nil }
    self.init(role: role, certificate: certificate, notBefore: notBefore, notAfter: notAfter)
  }
}

extension RegisteredLedger {
  var json: JSONValue {
    ["origin": .string(origin), "keys": .array(keys.map(\.json))]
  }

  init?(reading fields: inout JSONFields) {
    let origin = fields.string("origin", "a log's origin") { Identifier.isLogOrigin($0) ? $0 : nil }
    let keys = fields.ledgerKeys(of: origin, .log)
    guard let origin, let keys else { return nil }
    self.init(origin: origin, keys: keys)
  }
}

extension RegisteredWitness {
  var json: JSONValue {
    ["name": .string(name), "keys": .array(keys.map(\.json))]
  }

  init?(reading fields: inout JSONFields) {
    let name = fields.string("name", "a witness's name") { Identifier.isLogOrigin($0) ? $0 : nil }
    let keys = fields.ledgerKeys(of: name, .witness)
    guard let name, let keys else { return nil }
    self.init(name: name, keys: keys)
  }
}

extension ServiceWindow {
  var json: JSONValue {
    [
      "days": .array(days.map { .string($0.rawValue) }), "from": .string(MinuteText.write(start)), "to": .string(MinuteText.write(end)),
    ]
  }

  init?(reading fields: inout JSONFields) {
    let values = fields.array("days")
    let days = values?.compactMap { value in Day.allCases.first { day in value.string.map { day.rawValue.hasSameBytes(as: $0) } ?? false } }
    let start = fields.string("from", "hh:mm, 00:00 to 23:59") { MinuteText.read($0).flatMap { $0 < 1440 ? $0 : nil } }
    let end = fields.string("to", "hh:mm, 00:01 to 24:00") { MinuteText.read($0).flatMap { $0 > 0 ? $0 : nil } }
    if let values, let days, days.count != values.count || days.isEmpty || Set(days).count != days.count {
      fields.refuse("days", "different ones of mon, tue, wed, thu, fri, sat, sun")
      return nil
    }
    guard let days, let start, let end else { return nil }
    guard start != end else {
      fields.refuse("to", "another time than from")
      return nil
    }
    self.init(days: days, start: start, end: end)
  }
}

extension RegisteredLedgerKey {
  fileprivate var json: JSONValue {
    var object: JSONObject = ["verifierKey": .string(verifierKey)]
    object["notBefore"] = period.start.map { .string($0.rfc3339) }
    object["notAfter"] = period.end.map { .string($0.rfc3339) }
    return .object(object)
  }
}

extension CorridorWitnesses {
  var json: JSONValue { ["quorum": .number(JSONNumber(quorum)), "of": .array(participants.map { .string($0) })] }

  init?(reading fields: inout JSONFields) {
    let quorum = fields.integer("quorum", in: 1...100)
    let participants = fields.names("of")
    guard let quorum, let participants else { return nil }
    self.init(quorum: quorum, participants: participants)
  }
}

extension Corridor {
  var json: JSONValue {
    var object: JSONObject = [
      "id": .string(id), "from": .string(from), "to": .string(to), "mode": .string(mode.rawValue),
      "kinds": .array(kinds.map { .string($0) }), "wire": .string(wire), "releasePolicy": .string(releasePolicy),
      "purpose": .string(purpose), "suites": .array(suites.map { .string($0.rawValue) }),
    ]
    object["statusWire"] = statusWire.map { .string($0) }
    object["amendmentWire"] = amendmentWire.map { .string($0) }
    object["amendmentPolicy"] = amendmentPolicy.map { .string($0) }
    func sorted<Value>(_ values: [String: Value]) -> [(key: String, value: Value)] {
      values.sorted { ByteString($0.key) < ByteString($1.key) }
    }
    object["deadlines"] = .object(JSONObject(sorted(deadlineSeconds).map { ($0.key, .number(JSONNumber($0.value))) }))
    object["profiles"] = .object(JSONObject(sorted(profiles).map { ($0.key, .string($0.value)) }))
    object["witnesses"] = witnesses?.json
    if !settings.members.isEmpty { object["settings"] = .object(settings) }
    return .object(object)
  }

  init?(reading fields: inout JSONFields) {
    let id = fields.string("id")
    let from = fields.string("from", "code of an economy") { Identifier.isEconomy($0) ? $0 : nil }
    let to = fields.string("to", "code of an economy") { Identifier.isEconomy($0) ? $0 : nil }
    let mode = fields.choice("mode", Mode.allCases)
    let kinds = fields.names("kinds")
    let wire = fields.name("wire")
    let statusWire = fields.name("statusWire", required: false)
    let amendmentWire = fields.name("amendmentWire", required: false)
    let amendmentPolicy = fields.name("amendmentPolicy", required: false)
    let releasePolicy = fields.name("releasePolicy")
    let purpose = fields.name("purpose")
    let suiteNames = fields.names("suites") ?? []
    let suites = JWS.Algorithm.allCases.filter { algorithm in suiteNames.contains { $0.hasSameBytes(as: algorithm.rawValue) } }
    if suites.count != suiteNames.count { fields.refuse("suites", "ES256 or EdDSA, each once") }
    var deadlines: [String: Int] = [:]
    var profiles: [String: String] = [:]
    for member in fields.object("deadlines", required: false)?.members ?? [] {
      guard Identifier.isName(member.name), let seconds = member.value.int, (1...31_536_000).contains(seconds) else {
        fields.refuse("deadlines", "names with seconds from 1 to 31536000")
        continue
      }
      deadlines[member.name] = seconds
    }
    for member in fields.object("profiles", required: false)?.members ?? [] {
      guard Identifier.isName(member.name), let profile = member.value.string, Identifier.isName(profile) else {
        fields.refuse("profiles", "names with profile ids")
        continue
      }
      profiles[member.name] = profile
    }
    let witnesses = fields.nested("witnesses", required: false) { CorridorWitnesses(reading: &$0) }
    let settings = fields.object("settings", required: false) ?? JSONObject()
    guard let id, let from, let to, let mode, let kinds, let wire, let releasePolicy, let purpose else { return nil }
    self.init(
      from: from, to: to, mode: mode, kinds: kinds, wire: wire, statusWire: statusWire, amendmentWire: amendmentWire,
      amendmentPolicy: amendmentPolicy, releasePolicy: releasePolicy, purpose: purpose,
      suites: suites, deadlineSeconds: deadlines, profiles: profiles, witnesses: witnesses, settings: settings)
    if !id.hasSameBytes(as: self.id) { fields.refuse("id", "from-to") }
  }
}

extension JSONFields {
  fileprivate mutating func instant(_ name: String, required: Bool = true) -> Instant? {
    string(name, required: required, "RFC 3339 time") { Instant(rfc3339: $0) }
  }

  /// The keys of a log or of a witness. At least one.
  fileprivate mutating func ledgerKeys(of name: String?, _ use: LedgerKeyText.Use) -> [RegisteredLedgerKey]? {
    let keys = list("keys") { key -> RegisteredLedgerKey? in
      let text = key.string("verifierKey", use.expected) { text in
        name.flatMap { LedgerKeyText.publicKey(text, of: $0, use) } == nil ? nil : text
      }
      let period = Period(reading: &key)
      return text.map { RegisteredLedgerKey(verifierKey: $0, period: period) }
    }
    if array("keys", required: false)?.isEmpty == true { refuse("keys", "at least one key") }
    return keys
  }

  /// Text for people: 1 to 200 bytes, no control or invisible format characters.
  fileprivate mutating func text(_ name: String) -> String? {
    string(name, "1 to 200 bytes of text") { text in
      let isShown = text.unicodeScalars.allSatisfy { ![.control, .format].contains($0.properties.generalCategory) }
      return isShown && (1...200).contains(text.utf8.count) ? text : nil
    }
  }

  fileprivate mutating func name(_ name: String, required: Bool = true) -> String? {
    string(name, required: required, "a name") { Identifier.isName($0) ? $0 : nil }
  }

  /// A list of different names, 1 to 100.
  fileprivate mutating func names(_ name: String) -> [String]? {
    guard let values = array(name) else { return nil }
    let names = values.compactMap(\.string).filter(Identifier.isName)
    guard (1...100).contains(values.count), names.count == values.count, Set(names.map { ByteString($0) }).count == names.count else {
      refuse(name, "a list of different names, 1 to 100")
      return nil
    }
    return names
  }

  fileprivate mutating func choice<Choice>(_ name: String, _ choices: [Choice]) -> Choice?
  where Choice: RawRepresentable, Choice.RawValue == String {
    let expected = choices.map(\.rawValue).joined(separator: ", ")
    return string(name, expected) { (text: String) -> Choice? in
      choices.first { $0.rawValue.hasSameBytes(as: text) }
    }
  }
}
