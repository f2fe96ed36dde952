import Formats
import JSONTree
import Primitives
import Testing

@testable import Translation

/// A JSON value of another kind than the format's would be read and come back as something else: it is refused, with its place.
@Suite struct JSONKindTests {
  private let malaysian = "my.kastam/1.0/samples/k1-minimal.json"
  private let hub = "uncefact.json/d23b/samples/import-sg.json"

  private func refusal(_ sample: String, _ profile: String, _ old: String, _ new: String) throws -> [Problem] {
    let bytes = try replacing(try Schemas.sample(sample), old, new)
    return problems { _ = try Schemas.translator().valid(bytes, profile) }.filter { $0.severity == .error }
  }

  @Test(arguments: [
    ("\"content\": \"1850.00\"", "\"content\": 1850.00", "string"),
    ("\"languageId\": \"en\"", "\"languageId\": 1", "string"),
    ("\"isOrHasContainerization\": true", "\"isOrHasContainerization\": \"true\"", "boolean"),
    ("\"content\": \"1850.00\"", "\"content\": [\"1850.00\"]", "string"),
  ])
  func anotherScalarIsRefused(_ old: String, _ new: String, _ expected: String) throws {
    let found = try refusal(hub, "uncefact.json", old, new)
    #expect(found.map(\.code) == ["validate.json_kind"])
    #expect(found.first?.facts["expected"] == expected)
    #expect(found.first?.pointer?.isEmpty == false)
  }

  @Test func anObjectForAnArrayIsRefused() throws {
    let text = text(try Schemas.sample(malaysian))
    let open = try #require(text.firstRange(of: "\"items\": ["))
    let close = try #require(text[open.upperBound...].lastIndex(of: "]"))
    var bytes = text
    bytes.replaceSubrange(close...close, with: "")
    bytes.replaceSubrange(open, with: "\"items\": ")
    let found = problems { _ = try Schemas.translator().valid(Array(bytes.utf8), "my.kastam") }
    #expect(found.contains { $0.code == "validate.json_kind" && $0.facts["expected"] == "array" })
  }

  @Test func anEmptyArrayIsRefusedAndItsTwinIsNot() throws {
    let empty = try refusal(malaysian, "my.kastam", "\"items\": [", "\"containers\": [], \"items\": [")
    #expect(empty.map(\.code) == ["validate.empty"])
    #expect(empty.first?.pointer?.hasSuffix("/containers") == true)
    #expect(try refusal(malaysian, "my.kastam", "\"items\": [", "\"items\":  [") == [])
  }

  /// What the structure does not know comes back as the JSON that it was.
  @Test(arguments: [
    "1", "1.50", "true", "null", "\"a\"", "{}", "[1]", "[[1],[[]],{}]", "[{\"a\":[],\"b\":[1,\"2\",null]},{\"c\":{\"d\":1}}]",
    "{\"a\":1,\"b\":[],\"c\":[false]}",
  ])
  func unknownMembersComeBack(_ value: String) throws {
    let sample = try Schemas.sample("eu.eucdm.json/2024/samples/export-machinery.json")
    let translator = try Schemas.translator()
    let member = "\"messageIdentification\":"
    let bytes = try replacing(sample, member, "\"surprise\": \(value), \(member)")
    let original = try translator.valid(bytes, "eu.eucdm.json")
    let there = try translator.write(original, to: try translator.profile("uncefact.json"))
    let complement = try Complement(json: try JSONValue.parse(try #require(there.complement).serialized()))
    let partner = try translator.valid(try there.bytes(), "uncefact.json", isDraft: true)
    let options = Translator.Options(complement: complement, makesComplement: false)
    let back = try translator.write(partner, to: original.profile, options: options)
    let again = try translator.parse(try back.bytes(), as: original.profile)
    #expect(original.document.differences(from: again) == [])
  }

  /// It would come back with an empty text.
  @Test(arguments: ["{}", "{\"content\": \"\"}", "{\"content\": null}"])
  func anObjectWithoutItsTextIsRefusedAndItsTwinIsNot(_ object: String) throws {
    let sample = "uncefact.cdar.json/d23b/samples/refused-gb.json"
    let name = "\"processConditionCode\":"
    let text = text(try Schemas.sample(sample))
    let start = try #require(text.firstRange(of: name)).upperBound
    let old = String(text[start..<(try #require(text[start...].firstIndex(of: "}")))]) + "}"
    #expect(try refusal(sample, "uncefact.cdar.json", name + old, name + object).contains { $0.code == "validate.empty" })
    #expect(try refusal(sample, "uncefact.cdar.json", name + old, name + old + " ") == [])
  }
}
