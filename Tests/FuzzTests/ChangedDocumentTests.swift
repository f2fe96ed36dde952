import FuzzTargets
import Testing

/// A little of what `make fuzz` does, on every machine: documents of every profile, changed as documents, hold as the cases that are kept do.
@Suite struct ChangedDocumentTests {
  @Test(arguments: Repository.profiles) func holds(_ profile: String) throws {
    let target = try #require(FuzzTarget.all.first { $0.name == "translation" })
    var random = Chance(seed: 1)
    for _ in 0..<2 {
      var input = try #require(DocumentMutation.ofSample(&random, from: profile))
      for change in 0..<4 {
        #expect(target.violation(input) == nil, "change \(change)")
        input = DocumentMutation.ofTranslation(input, &random) ?? input
      }
    }
  }
}
