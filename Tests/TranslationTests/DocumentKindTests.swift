import Declarations
import Formats
import JSONTree
import Primitives
import Testing
import YAMLTree

@testable import Translation

/// A status format small enough to break in one place at a time.
private struct ToyStatus {
  var head = "{id: toy, version: '1', document: status, economy: CN, syntax: xml, empties: keep, structure: s, mapping: m}"
  var structure = """
    root: Answer
    tree:
      - {name: Code, card: 1, type: code 35, list: clearance-status}
      - {name: Since, card: 0..1, type: datetime yyyyMMddHHmmssX}
      - name: Why
        card: 0..9
        children:
          - {name: No, card: 0..1, type: code 9}
          - {name: Text, card: 0..1, type: text 20}
    """
  var mapping = """
    rules:
      - {at: Code, element: Status.Code}
      - {at: Since, element: Status.EffectiveDateTime}
      - group: Reason
        at: Why
        rules:
          - {at: No, element: Reason.Code}
          - {at: Text, element: Reason.Text}
    """
  var rules = "rules: [{kind: max_count, group: Reason, max: 2}]"

  func load() throws -> Profile {
    let library = try Schemas.library.get()
    func parse(_ text: String, _ file: String) throws -> YAMLNode { try YAMLDocument.parse(Array(text.utf8), file: file) }
    return try Profile.make(
      head: parse(head, "profile.yaml"), structure: parse(structure, "structure.yaml"), mapping: parse(mapping, "mapping.yaml"),
      rules: parse(rules, "rules.yaml"), dictionary: library.dictionary, codes: library.codes)
  }

  /// Two shapes instead of one.
  static var shaped: ToyStatus {
    var toy = ToyStatus()
    toy.structure = """
      root: Answer
      tree:
        - name: Yes
          shape: Yes
          children:
            - {name: Code, card: 1, type: code 35, list: clearance-status}
        - name: No
          shape: No
          children:
            - {name: Code, card: 1, type: code 35, list: clearance-status}
            - {name: Text, card: 0..1, required_in: [No], type: text 20}
      """
    toy.mapping = """
      shapes: {Yes: {}, No: {when: {Status.Code: [refused, withdrawn]}}}
      rules:
        - {at: Code, element: Status.Code}
        - {at: Text, element: Status.Text, shape: [No]}
      """
    toy.rules = "rules: []"
    return toy
  }

  func breaking(_ old: String, _ new: String) throws -> ToyStatus {
    var toy = self
    for path in [\ToyStatus.head, \ToyStatus.structure, \ToyStatus.mapping, \ToyStatus.rules] {
      if let range = toy[keyPath: path].firstRange(of: old) {
        toy[keyPath: path].replaceSubrange(range, with: new)
        return toy
      }
    }
    Issue.record("the toy has no \(old)")
    return toy
  }
}

/// Profiles of documents that are no declarations: the line `document` of profile.yaml.
@Suite struct DocumentKindTests {
  @Test func aStatusHasNeitherDirectionNorEconomy() throws {
    let profile = try ToyStatus().load()
    #expect(profile.document == "status")
    #expect(profile.plan.variants.map(\.variant) == [Variant(direction: nil, shape: nil)])
    #expect(profile.carriedElements(nil) == ["Status.Code", "Status.EffectiveDateTime", "Reason.Code", "Reason.Text"])
    #expect(profile.requiredElements(nil) == ["Status.Code"])
    #expect(profile.carriedElements(.export).isEmpty)
  }

  @Test func declarationIsWhatNothingIsSaidOf() throws {
    #expect(try Schemas.library.get()["cn.decmessage"]?.document == .declaration)
    let found = problems { _ = try ToyStatus().breaking("document: status, ", "").load() }
    #expect(found.contains { $0.pointer == "mapping.yaml" && $0.facts["reason"]?.contains("direction") ?? false })
  }

  static let mistakes = [
    Mistake(old: "document: status", new: "document: statement", file: "profile.yaml", line: 1, reason: "no document kind statement"),
    Mistake(old: "rules:\n  - {at: Code", new: "direction: EX\nrules:\n  - {at: Code", file: "mapping.yaml", line: 1, reason: "direction"),
    Mistake(old: "rules:\n  - {at: Code", new: "economy: CN\nrules:\n  - {at: Code", file: "mapping.yaml", line: 1, reason: "economy"),
    Mistake(
      old: "rules:\n  - {at: Code", new: "shapes: {A: {}}\nrules:\n  - {at: Code", file: "mapping.yaml", line: 1,
      reason: "the structure has no shapes"),
    Mistake(
      old: "element: Status.Code}", new: "element: Status.Code, direction: export}", file: "mapping.yaml", line: 2,
      reason: "a document of the kind status has no direction"),
    Mistake(old: "element: Status.Code", new: "element: Declaration.LRN", file: "mapping.yaml", line: 2, reason: "stands in Declaration"),
    Mistake(
      old: "{name: Since, card: 0..1", new: "{name: Since, card: 0..1, required_in: [import]", file: "structure.yaml", line: 4,
      reason: "the kind status has none"),
    Mistake(
      old: "group: Reason, max: 2", new: "group: GoodsItem, max: 2", file: "rules.yaml", line: 1, reason: "does not occur in the kind"),
    Mistake(
      old: "group: Reason, max: 2", new: "group: Reason, max: 2, direction: export", file: "rules.yaml", line: 1,
      reason: "has no direction"),
    Mistake(
      old: "kind: max_count, group: Reason, max: 2", new: "kind: conditional_required, element: Declaration.LRN", file: "rules.yaml",
      line: 1,
      reason: "does not occur in the kind"),
  ]

  @Test(arguments: mistakes) func aBadProfileIsRefusedWithFileLineAndReason(_ mistake: Mistake) throws {
    let toy = try ToyStatus().breaking(mistake.old, mistake.new)
    let found = problems { _ = try toy.load() }
    #expect(
      found.contains { $0.pointer == mistake.file && $0.line == mistake.line && ($0.facts["reason"] ?? "").contains(mistake.reason) },
      "\(found.map { "\($0.pointer ?? "") \($0.line ?? 0) \($0.facts["reason"] ?? "")" })")
  }

  static let mistakesInShapes = [
    Mistake(
      old: "shapes: {Yes: {}, No", new: "shapes: {No", file: "mapping.yaml", line: 1, reason: "each shape of the structure needs a line"),
    Mistake(old: "shapes: {Yes: {}", new: "shapes: {Maybe: {}", file: "mapping.yaml", line: 1, reason: "no shape Maybe"),
    Mistake(old: "Yes: {}", new: "Yes: {is: EX}", file: "mapping.yaml", line: 1, reason: "is is not known here"),
    Mistake(old: "when: {Status.Code", new: "when: {Status.Colour", file: "mapping.yaml", line: 1, reason: "names one element"),
    Mistake(
      old: "shapes: {Yes: {}, No: {when: {Status.Code: [refused, withdrawn]}}}\n", new: "", file: "mapping.yaml", line: 1, reason: "shapes"),
  ]

  @Test(arguments: mistakesInShapes) func badShapesAreRefusedWithFileLineAndReason(_ mistake: Mistake) throws {
    let toy = try ToyStatus.shaped.breaking(mistake.old, mistake.new)
    let found = problems { _ = try toy.load() }
    #expect(
      found.contains { $0.pointer == mistake.file && $0.line == mistake.line && ($0.facts["reason"] ?? "").contains(mistake.reason) },
      "\(found.map { "\($0.pointer ?? "") \($0.line ?? 0) \($0.facts["reason"] ?? "")" })")
  }

  // MARK: There and back

  private func valid(_ text: String, _ profile: Profile) throws -> ValidDocument {
    let translator = try Schemas.translator()
    return try translator.validate(try translator.parse(Array(text.utf8), as: profile), as: profile)
  }

  @Test func theShapeIsReadAndFollowsFromTheStatus() throws {
    let profile = try ToyStatus.shaped.load()
    let translator = try Schemas.translator()
    let yes = try valid("<Answer><Yes><Code>released</Code></Yes></Answer>", profile)
    #expect(yes.reading.variant == Variant(direction: nil, shape: 0))
    #expect(yes.reading.direction == nil)
    #expect(problems { _ = try self.valid("<Answer/>", profile) }.map(\.code) == ["validate.shape_unknown"])
    #expect(
      problems { _ = try self.valid("<Answer><No><Code>refused</Code></No></Answer>", profile) }.map(\.code) == ["validate.missing"])
    var declaration = yes.declaration
    for (status, shape, asked) in [("released", 0, 0), ("refused", 1, 1), ("withdrawn", 1, 1), ("accepted", 0, 0)] {
      declaration[try #require(profile.dictionary[id: "Status.Code"])] = Value(status)
      let written = try translator.write(yes, released: declaration, to: profile)
      #expect(written.plan.variant.shape == shape, "\(status)")
      #expect(written.supplement.items.count == asked, "\(status)")
      #expect(written.supplement.direction == nil)
    }
  }

  /// What was read from no document is written as it stands, in the shape that follows from it, or not at all.
  @Test func aTreeIsWrittenWholeOrNotAtAll() throws {
    let translator = try Schemas.translator()
    let dictionary = translator.library.dictionary
    func tree(_ values: [String: String], kind: DocumentKind = .status) throws -> Declaration {
      var tree = try #require(Declaration(kind, in: dictionary))
      for (id, text) in values { tree[try #require(dictionary[id: id])] = Value(text) }
      return tree
    }
    func found(_ values: [String: String], _ profile: Profile) -> [String] {
      problems { _ = try translator.write(try tree(values), as: profile) }.map { "\($0.code) \($0.element ?? "")" }
    }
    let (toy, shaped) = (try ToyStatus().load(), try ToyStatus.shaped.load())
    let whole = try translator.write(
      try tree(["Status.Code": "released", "Status.EffectiveDateTime": "2026-11-20T08:00:00+01:00"]), as: toy)
    #expect(
      try valid(String(decoding: whole, as: UTF8.self), toy).declaration[id: "Status.EffectiveDateTime"]?.text.hasSuffix("+01:00") == true)
    let refusal = try translator.write(try tree(["Status.Code": "refused", "Status.Text": "why"]), as: shaped)
    #expect(String(decoding: refusal, as: UTF8.self).contains("<No>"))
    #expect(found(["Status.Code": "released", "Status.LRN": "1"], toy) == ["write.not_carried Status.LRN"])
    #expect(
      found(["Status.Code": "released", "Status.EffectiveDateTime": "2026-11-20T08:00:00.5Z"], toy)
        == ["write.not_carried Status.EffectiveDateTime"], "not cut")
    #expect(found(["Status.Code": "released", "Status.Text": "why"], shaped) == ["write.not_carried Status.Text"])
    #expect(found(["Status.Code": "lost"], toy) == ["write.not_carried Status.Code", "validate.missing Status.Code"])
    #expect(found(["Status.Code": "refused"], shaped) == ["validate.missing Status.Text"])
    #expect(found([:], toy) == ["validate.missing Status.Code"])
    #expect(problems { _ = try translator.write(try tree([:], kind: .declaration), as: toy) }.map(\.code) == ["write.kind_differs"])
  }

  /// Complement and supplement request have no direction to say, and lose nothing of it as JSON.
  @Test func theJSONFormsSayNoDirection() throws {
    let profile = try ToyStatus().load()
    let translator = try Schemas.translator()
    let own = try valid("<Answer><Code>refused</Code><Why><No>7</No></Why><Why/></Answer>", profile)
    let there = try translator.write(own, to: try translator.profile("uncefact.cdar.json"))
    let json = try JSONValue.parse(try #require(there.complement).serialized())
    #expect(json["direction"] == nil)
    let complement = try Complement(json: json)
    #expect(complement.direction == nil)
    #expect(there.supplement.json["direction"] == nil)
    #expect(try SupplementRequest(json: there.supplement.json).direction == nil)
    let partner = try translator.validate(
      try translator.parse(try there.bytes(), as: there.profile), as: there.profile)
    let back = try translator.write(partner, to: profile, options: .init(complement: complement))
    #expect(own.document.differences(from: back.document) == [])
    // A declaration's complement without its direction is none, and neither is one with another word.
    #expect(
      problems { _ = try Complement(json: ["version": 1, "profile": "a@1", "direction": "XX", "entries": []]) }.map(\.code) == [
        "write.complement_invalid"
      ])
  }

  /// A complement comes from a file: it renames the root only to a name that the structure knows.
  @Test func theRootKeepsItsOwnOtherNameOnly() throws {
    let profile = try ToyStatus().breaking("root: Answer", "root: Answer\nalso: [_2Answer]").load()
    let translator = try Schemas.translator()
    let own = try valid("<_2Answer><Code>refused</Code></_2Answer>", profile)
    var complement = try #require(try translator.write(own, to: try translator.profile("uncefact.cdar.xml")).complement)
    #expect(complement.root == "_2Answer")
    #expect(try Complement(json: try JSONValue.parse(complement.serialized())).root == "_2Answer")
    #expect(try translator.write(own, to: profile, options: .init(complement: complement)).document.name(.init(index: 0)) == "_2Answer")
    complement.root = "Evil"
    #expect(try translator.write(own, to: profile, options: .init(complement: complement)).document.name(.init(index: 0)) == "Answer")
    #expect(problems { _ = try self.valid("<_3Answer><Code>refused</Code></_3Answer>", profile) }.map(\.code) == ["parse.root_unknown"])
  }

  /// Form 304 has its zone in two digits.
  @Test(arguments: [
    ("20261120080000Z", "2026-11-20T08:00:00Z"), ("20261120080000+01", "2026-11-20T08:00:00+01:00"),
    ("20261120080000-11", "2026-11-20T08:00:00-11:00"),
  ])
  func zonesOfTwoDigits(_ text: String, _ canonical: String) throws {
    let pattern = try #require(DatePattern("yyyyMMddHHmmssX"))
    let time = try #require(pattern.parse(Array(text.utf8)[...]))
    #expect(time.canonical == canonical)
    #expect(pattern.write(time) == .exact(text))
  }

  @Test func zonesThatTwoDigitsCannotSay() throws {
    let pattern = try #require(DatePattern("yyyyMMddHHmmssX"))
    // India is told as seen from Greenwich: the moment is the same.
    #expect(pattern.write(try #require(CivilTime(canonical: "2026-11-20T08:00:00+05:30"))) == .exact("20261120023000Z"))
    #expect(pattern.write(try #require(CivilTime(canonical: "2026-11-20T08:00:00"))) == .refused(.zoneUnknown))
    for text in [
      "20261120080000", "20261120080000+1", "20261120080000+25", "20261120080000+01:00", "20261120080000+0100", "20261120080000z",
    ] {
      #expect(pattern.parse(Array(text.utf8)[...]) == nil, "\(text)")
    }
  }
}
