import Declarations
import Formats
import Foundation
import JSONTree
import Primitives
import TestSupport
import Testing

@testable import Translation

/// What a machine is given about a translation holds to the schemas of `schemas/`, and the schemas refuse what it would not be.
@Suite struct OutputSchemaTests {
  static func schema(_ name: String) throws -> JSONSchema { try JSONSchema(try Repository.bytes("schemas/\(name).schema.json")) }

  private func expectValid(_ bytes: [UInt8], _ name: String, _ comment: String) throws {
    #expect(try Self.schema(name).errors(in: try JSONValue.parse(bytes)) == [], "\(name) of \(comment)")
  }

  // MARK: Real outputs

  @Test(arguments: Sample.national + Sample.hub, ["uncefact.xml", "national"])
  func reportComplementAndSupplement(_ sample: Sample, _ way: String) throws {
    let to = Repository.end(of: way, from: sample.profile)
    guard to != sample.profile else { return }
    try unlessRefused(way) {
      let translation = try Repository.translator().translate(try sample.bytes(), sample.profile, to, replacesDraft: true)
      try expectValid(translation.report.serialized(), "translation-report", sample.name)
      try expectValid(try #require(translation.complement).serialized(), "complement", sample.name)
      try expectValid(translation.supplement.json.serialized(), "supplement-request", sample.name)
    }
  }

  @Test func generatedDeclarations() throws {
    let translator = try Repository.translator()
    for from in Repository.national {
      let profile = try translator.profile(from)
      for seed in 700..<UInt64(704) {
        let translation = try translator.translate(
          try profile.sample(seed: seed, items: 2), from, Repository.end(of: seed % 2 == 0 ? "national" : "uncefact.json", from: from),
          replacesDraft: true)
        try expectValid(translation.report.serialized(), "translation-report", "\(from) \(seed)")
        try expectValid(try #require(translation.complement).serialized(), "complement", "\(from) \(seed)")
        try expectValid(translation.supplement.json.serialized(), "supplement-request", "\(from) \(seed)")
      }
    }
  }

  @Test func statuses() throws {
    let translator = try Repository.translator()
    for profile in Repository.profiles where profile.document == "status" && !profile.isHub {
      let translation = try translator.translate(try profile.sample(seed: 1), profile.id, "uncefact.cdar.json")
      try expectValid(translation.report.serialized(), "translation-report", profile.id)
      try expectValid(try #require(translation.complement).serialized(), "complement", profile.id)
      try expectValid(translation.supplement.json.serialized(), "supplement-request", profile.id)
    }
  }

  @Test(arguments: [
    ("cn.decmessage", "sg.tradenet"), ("sg.tradenet", "uncefact.xml"), ("wco.dms", "cn.decmessage"),
    ("cn.decresponse", "uncefact.cdar.xml"),
  ])
  func lossMatrix(_ from: String, _ to: String) throws {
    let translator = try Repository.translator()
    let matrix = try translator.lossMatrix(from: try translator.profile(from), to: try translator.profile(to), declarations: 2)
    try expectValid(matrix.json.serialized(), "loss-matrix", "\(from) \(to)")
  }

  @Test(arguments: [1, 5, 40]) func splitPlan(_ limit: Int) throws {
    let translator = try Repository.translator()
    let valid = try translator.valid(try ChineseMessage.textiles().bytes, "cn.decmessage")
    let parts = try translator.writeParts(valid, to: try translator.profile("sg.tradenet"), limit: limit)
    try expectValid(parts.json.serialized(), "split-plan", "\(limit)")
    for part in parts.parts { try expectValid(part.report.serialized(), "translation-report", "a part") }
  }

  @Test func explanations() throws {
    let translator = try Repository.translator()
    let valid = try translator.valid(try ChineseMessage.textiles().bytes, "cn.decmessage")
    let there = try translator.write(valid, to: try translator.profile("sg.tradenet"))
    let schema = try Self.schema("explanation")
    var count = 0
    for element in valid.profile.dictionary.elements(of: "declaration") {
      for found in try there.explanations(of: element.id, from: valid) {
        #expect(try schema.errors(in: found.json) == [], "\(found.path)")
        count += 1
      }
    }
    #expect(count > 100)
  }

  @Test(arguments: ["cn.decmessage", "my.kastam", "uncefact.cdar.xml"]) func profileDifference(_ name: String) throws {
    let library = try Repository.library.get()
    let comparison = try ProfileComparison(name, of: library, with: name, of: library)
    var difference = comparison.difference()
    try expectValid(difference.json.serialized(), "profile-difference", name)
    difference.trial = try comparison.trial(of: try comparison.generated(2) + [.init(name: "broken", bytes: Array("<A/>".utf8))])
    try expectValid(difference.json.serialized(), "profile-difference", name)
  }

  // MARK: What it would not be

  /// Every member left out, another one beside it, another type: all of an output at once.
  private func mutations(_ value: JSONValue, _ rebuilt: (JSONValue) -> JSONValue) -> [(String, JSONValue)] {
    var found: [(String, JSONValue)] = [("another type", rebuilt(value.object == nil ? [:] : []))]
    if let object = value.object {
      var more = object
      more["surprise"] = 1
      found.append(("a surprise", rebuilt(.object(more))))
      for member in object.members {
        found += mutations(member.value) { new in
          var changed = object
          changed[member.name] = new
          return rebuilt(.object(changed))
        }.map { ("\(member.name)/\($0.0)", $0.1) }
      }
    }
    if let first = value.array?.first {
      found += mutations(first) { new in rebuilt(.array([new] + value.array!.dropFirst())) }.map { ("0/\($0.0)", $0.1) }
    }
    return found
  }

  private func expectRefused(_ output: JSONValue, _ name: String, required: [String], but free: [String] = []) throws {
    let schema = try Self.schema(name)
    #expect(try schema.errors(in: output) == [])
    for (place, mutation) in mutations(output, { $0 }) where !free.contains(where: { place.hasPrefix($0) }) {
      #expect(try schema.errors(in: mutation) != [], "\(name) takes \(place)")
    }
    for member in required {
      var less = try #require(output.object)
      #expect(less[member] != nil, "\(member) is not there")
      less[member] = nil
      #expect(try schema.errors(in: .object(less)) != [], "\(name) does without \(member)")
    }
  }

  @Test func othersAreRefused() throws {
    let translator = try Repository.translator()
    let valid = try translator.valid(try ChineseMessage.textiles().bytes, "cn.decmessage")
    let (source, target) = (valid.profile, try translator.profile("sg.tradenet"))
    let there = try translator.write(valid, to: target)
    try expectRefused(
      try JSONValue.parse(there.report.serialized()), "translation-report", required: ["version", "from", "to", "counts", "entries"],
      but: ["counts/a surprise"])
    try expectRefused(
      try JSONValue.parse(try #require(there.complement).serialized()), "complement",
      required: ["version", "profile", "economy", "entries"],
      but: ["counts/a surprise", "orders/a surprise", "entries/0/is", "entries/0/guard"])
    try expectRefused(there.supplement.json, "supplement-request", required: ["version", "profile", "items"])
    try expectRefused(
      try translator.lossMatrix(from: source, to: target).json, "loss-matrix",
      required: ["version", "from", "to", "counts", "declarations", "rows"],
      but: ["counts/a surprise"])
    try expectRefused(
      try translator.writeParts(valid, to: target, limit: 5).json, "split-plan", required: ["version", "parts", "divisions", "common"])
    try expectRefused(
      try #require(try there.explanations(of: "Origin.CountryCode", from: valid).first).json, "explanation", required: ["path", "action"])
    let comparison = try ProfileComparison("cn.decmessage", of: translator.library, with: "cn.decmessage", of: translator.library)
    var difference = comparison.difference()
    difference.changes = [.init(kind: .type, effect: .other, path: "/A", only: ["import"], before: "a", after: "b", gone: ["C"])]
    difference.trial = try comparison.trial(of: [.init(name: "broken", bytes: Array("<A/>".utf8))])
    try expectRefused(difference.json, "profile-difference", required: ["version", "before", "after", "counts", "changes"])
  }

  @Test func problems() throws {
    let schema = try Self.schema("problem")
    let good: JSONValue = [
      "code": "validate.missing", "severity": "error", "pointer": "/A", "line": 3, "element": nil, "message": "m", "message_zh": "m",
    ]
    #expect(try schema.errors(in: good) == [])
    for (name, value) in [("code", "Missing" as JSONValue), ("severity", "fatal"), ("line", 0), ("message", ""), ("pointer", 1)] {
      var bad = try #require(good.object)
      bad[name] = value
      #expect(
        try schema.errors(in: .object(bad)) == [
          "/\(name) \(["code": "pattern", "severity": "enum", "line": "minimum", "message": "minLength"][name] ?? "type")"
        ])
    }
  }

  /// Codes and reasons that the program has are those that the schemas list.
  @Test func theListsOfTheSchemasAreComplete() throws {
    func list(_ name: String, _ path: [String]) throws -> Set<String> {
      var value: JSONValue? = try JSONValue.parse(try Repository.bytes("schemas/\(name).schema.json"))
      for step in path { value = value?[step] }
      return Set(value?["enum"]?.array?.compactMap(\.string) ?? [])
    }
    let entries = ["properties", "entries", "items", "properties", "action"]
    #expect(try list("translation-report", entries) == Set(Action.allCases.map(\.rawValue)))
    #expect(try list("explanation", ["properties", "action"]) == Set(Action.allCases.map(\.rawValue)))
    #expect(
      try list("loss-matrix", ["properties", "rows", "items", "properties", "class"]) == Set(LossMatrix.Class.allCases.map(\.rawValue)))
    let change = ["properties", "changes", "items", "properties"]
    #expect(try list("profile-difference", change + ["kind"]) == Set(ProfileDifference.Kind.allCases.map(\.rawValue)))
    #expect(try list("profile-difference", change + ["effect"]) == Set(ProfileDifference.Effect.allCases.map(\.rawValue)))
    let finding = ["properties", "trial", "properties", "findings", "items", "properties"]
    #expect(try list("profile-difference", finding + ["kind"]) == Set(MessageTrial.Kind.allCases.map(\.rawValue)))
    #expect(try list("profile-difference", finding + ["way"]) == Set(MessageTrial.Way.allCases.map(\.rawValue)))
  }
}
