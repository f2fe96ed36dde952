import JSONTree
import Primitives
import Testing

@Suite struct FieldsTests {
  struct Person: Equatable {
    var name: String
    var age: Int
    var tags: [String]
  }

  func read(_ source: String) throws -> (Person?, [Problem]) {
    var fields = JSONFields(try JSONValue.parse(utf8(source)))
    let name = fields.string("name")
    let age = fields.integer("age", in: 0...150)
    let tags = fields.list("tags", required: false) { tag in
      tag.string("id", "lower-case letters") { $0.utf8.allSatisfy { $0 >= 0x61 } ? $0 : nil }
    }
    _ = fields.nested("limits", required: false) { $0.bool("strict") }
    let problems = fields.finish()
    guard problems.isEmpty, let name, let age else { return (nil, problems) }
    return (Person(name: name, age: age, tags: tags ?? []), problems)
  }

  @Test func readsWhatIsRight() throws {
    let (person, problems) = try read(#"{"age":7,"name":"Li","tags":[{"id":"a"},{"id":"b"}],"limits":{"strict":true}}"#)
    #expect(person == Person(name: "Li", age: 7, tags: ["a", "b"]))
    #expect(problems.isEmpty)
  }

  @Test func namesEverythingThatIsWrongAtOnce() throws {
    let (person, problems) = try read(#"{"age":151,"secret":1,"tags":[{"id":"a"},{"id":"B","more":0},3],"limits":{"strict":"no"}}"#)
    #expect(person == nil)
    let found = problems.map { "\($0.code) \($0.pointer ?? "")" }
    #expect(
      found == [
        "parse.json_member_missing /name", "parse.json_member_value /age", "parse.json_member_value /tags/1/id",
        "parse.json_member_unknown /tags/1", "parse.json_member_type /tags/2", "parse.json_member_missing /tags/2/id",
        "parse.json_member_type /limits/strict", "parse.json_member_unknown ",
      ])
    #expect(!problems.contains { $0.facts.values.contains { $0.contains("secret") || $0.contains("151") } })
  }

  @Test func pointersAreEscaped() {
    #expect(JSONFields.pointer("/a", "b/c~d") == "/a/b~1c~0d")
  }
}
