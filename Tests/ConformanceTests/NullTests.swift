import Formats
import Foundation
import Primitives
import Testing

@testable import Translation

/// Documents of formats that mark nulls, with many of them: null, empty and zero come back as they were.
@Suite struct NullTests {
  private static let sample = Sample(profile: "asycuda.sad", name: "import-null-marks.xml")

  private static func marks(_ document: Document) -> Int {
    (0..<Int32(document.count)).count { document.isNull(.init(index: $0)) }
  }

  /// The sample with its last item many times more.
  private static func long(items: Int) throws -> [UInt8] {
    var text = String(decoding: try sample.bytes(), as: UTF8.self)
    let start = try #require(text.range(of: "<Item>", options: .backwards))
    let end = try #require(text.range(of: "</Item>", options: .backwards))
    let item = String(text[start.lowerBound..<end.upperBound])
    let present = text.ranges(of: "<Item>").count
    text.insert(contentsOf: String(repeating: item, count: items - present), at: end.upperBound)
    return Array(text.replacingOccurrences(of: "_items>\(present)<", with: "_items>\(items)<").utf8)
  }

  @Test(arguments: Repository.ways) func moreThanAThousandNullsComeBack(_ way: String) throws {
    let bytes = try Self.long(items: 40)
    let valid = try Repository.translator().valid(bytes, Self.sample.profile)
    #expect(Self.marks(valid.document) > 1500)
    #expect(valid.warnings.allSatisfy { $0.code != "validate.unknown_element" })
    try RoundTripTests.check(bytes, Self.sample.profile, Repository.end(of: way, from: Self.sample.profile), "40 items")
  }

  /// Where there are no marks, the same document has as many empty elements; it is another document.
  @Test func nullsAreNotEmptyElements() throws {
    let translator = try Repository.translator()
    let profile = try translator.profile(Self.sample.profile)
    let document = try translator.parse(try Self.sample.bytes(), as: profile)
    let text = String(decoding: try Self.sample.bytes(), as: UTF8.self)
    let emptied = text.replacing(#/<null/>/#, with: "")
    let other = try translator.parse(Array(emptied.utf8), as: profile)
    #expect(Self.marks(document) > 200 && Self.marks(other) == 0 && document.count == other.count)
    #expect(document.differences(from: other).count == Self.marks(document))
    #expect(document.differences(from: other).allSatisfy { $0.kind == .null })
  }

  /// Generated declarations whose empty elements are null, every one and every other one.
  @Test(arguments: Repository.profiles.filter { $0.nullMark != nil }, [1, 2])
  func generatedNullsComeBack(_ profile: Profile, _ every: Int) throws {
    let mark = try #require(profile.nullMark)
    for seed in 300..<UInt64(305) {
      let text = String(decoding: try profile.sample(seed: seed, items: 2), as: UTF8.self)
      var number = 0
      let marked = text.replacing(#/<([A-Za-z_.]+)\/>/#) { match in
        number += 1
        return number % every == 0 ? "<\(match.1)><\(mark)/></\(match.1)>" : String(match.0)
      }
      #expect(number > 20)
      for to in Repository.hub { try RoundTripTests.check(Array(marked.utf8), profile.id, to, "seed \(seed)") }
    }
  }
}
