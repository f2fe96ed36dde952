import Formats
import Primitives
import Testing

@testable import Translation

/// Documents that are made to cost: the answer stays short and the work linear, whatever is repeated.
@Suite struct HostileDocumentTests {
  private func minimal(with repeated: String, count: Int, before end: String) throws -> [UInt8] {
    try replacing(
      try Schemas.sample("cn.decmessage/5.0/samples/export-minimal.xml"), end, String(repeating: repeated, count: count) + end)
  }

  @Test func repeatedItemsAreRefusedWithABoundedList() throws {
    let translator = try Schemas.translator()
    let found = problems {
      _ = try translator.valid(try minimal(with: "<DecList/>", count: 20_000, before: "</DecLists>"), "cn.decmessage")
    }
    #expect(found.count <= StructureValidator.limit + 20)
    #expect(found.contains { $0.code == "validate.too_many" })
    #expect(found.last?.code == "validate.more_problems")
  }

  @Test func thousandsOfUnknownElementsAreRefused() throws {
    let translator = try Schemas.translator()
    let found = problems { _ = try translator.valid(try minimal(with: "<X/>", count: 50_000, before: "</DecMessage>"), "cn.decmessage") }
    #expect(found.map(\.code) == ["validate.too_many_unknown"])
  }

  @Test func someUnknownElementsAreKeptAndReported() throws {
    let translator = try Schemas.translator()
    let valid = try translator.valid(try minimal(with: "<X>1</X>", count: 200, before: "</DecMessage>"), "cn.decmessage")
    #expect(valid.warnings.count { $0.code == "validate.unknown_element" } == 200)
    #expect(valid.warnings.contains { $0.pointer == "/DecMessage/X[200]" })
  }

  /// Only the first would be read, and come back.
  @Test(arguments: ["<D_DATE/><D_DATE/>", "<D_DATE/><D_DATE>2026-11-19</D_DATE>", "<D_DATE>2026-11-19</D_DATE><D_DATE/>"])
  func emptyElementsBesideAnotherAreRefused(_ elements: String) throws {
    let translator = try Schemas.translator()
    let sample = try Schemas.sample("cn.decresult/5.0/samples/received.xml")
    let bytes = try replacing(try replacing(sample, "<D_DATE></D_DATE>", ""), "</DEC_RESULT>", elements + "</DEC_RESULT>")
    let found = problems { _ = try translator.valid(bytes, "cn.decresult") }
    #expect(found.filter { $0.severity == .error }.map(\.code) == ["validate.too_many"])
    let twin = try replacing(try replacing(sample, "<D_DATE></D_DATE>", ""), "</DEC_RESULT>", "<D_DATE/></DEC_RESULT>")
    #expect(throws: Never.self) { try translator.valid(twin, "cn.decresult") }
  }

  @Test func pointersCountSiblingsOfTheSameNameAndKind() throws {
    let document = try XMLFormat.parse(Array("<a b='1'><b/><c/><b><d/><d/></b><c e='2'/></a>".utf8))
    let pointers = (0..<Int32(document.count)).map { document.pointer(.init(index: $0)) }
    #expect(pointers == ["/a", "/a/@b", "/a/b[1]", "/a/c[1]", "/a/b[2]", "/a/b[2]/d[1]", "/a/b[2]/d[2]", "/a/c[2]", "/a/c[2]/@e"])
  }
}
