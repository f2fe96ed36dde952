import Primitives
import TestSupport
import Testing

@testable import Formats

/// Published declarations, when they lie beside the repository.
@Suite struct SampleTests {
  static let hasSamples = SharedData.has("samples/uk-cds")

  /// All parse, but for the few that are not well-formed; those are refused with a line. What is parsed survives being written.
  @Test(.enabled(if: hasSamples, "needs ../shared")) func declarations() throws {
    var parsed = 0
    var refused: [String] = []
    let files = SharedData.files("samples/uk-cds", extension: "xml")
    for file in files {
      do throws(CausewayError) {
        let bytes = (try? SharedData.bytes(file)) ?? []
        let document = try XMLFormat.parse(bytes)
        let again = try XMLFormat.parse(XMLFormat.write(document, indent: true))
        #expect(document.differences(from: again) == [], "\(file)")
        parsed += 1
      } catch {
        #expect(error.problems[0].line != nil && error.problems[0].facts["column"] != nil, "\(file)")
        refused.append("\(file) \(error.code) line \(error.problems[0].line ?? 0)")
      }
    }
    print("uk-cds: \(parsed) parsed, refused: \(refused)")
    #expect(refused.count <= 3)
    #expect(parsed == files.count - refused.count && parsed > 300)
  }
}
