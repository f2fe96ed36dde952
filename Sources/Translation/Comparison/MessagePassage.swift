import Declarations
import Formats
import Primitives

/// The ways of one message with one version of a profile: out of its format into a partner's, and in from the partner's.
struct MessagePassage {
  let translator: Translator
  let profile: Profile
  let partner: Profile
  let day: String?

  /// What came of one way.
  struct Outcome {
    /// Why it was refused; empty: it was not.
    var refusals: [Problem] = []
    var warnings: [Problem] = []
    /// Canonical values that were read, by place.
    var values: [ByteString: String] = [:]
    /// Texts of the document that was written, by pointer.
    var leaves: [ByteString: String] = [:]
    /// What the report says of each place of the source: action, reason and table.
    var report: [ByteString: Set<ByteString>] = [:]
    /// What is asked for, by keyed path, with the reason.
    var asked: [ByteString: String] = [:]
    var bytes: [UInt8]?
  }

  func out(_ bytes: [UInt8]) -> Outcome { pass(bytes, from: profile, to: partner) }
  func `in`(_ bytes: [UInt8]) -> Outcome { pass(bytes, from: partner, to: profile) }

  private func pass(_ bytes: [UInt8], from source: Profile, to target: Profile) -> Outcome {
    var outcome = Outcome()
    do throws(CausewayError) {
      // What the partner's document lacks is asked for; it is no fault of this format.
      let isDraft = source === partner
      let valid = try translator.validate(try translator.parse(bytes, as: source), as: source, on: day, isDraft: isDraft)
      outcome.warnings = valid.warnings
      valid.declaration.walk { path, value in
        if value.isFilled { outcome.values[ByteString(path.description(in: source.dictionary))] = value.text }
      }
      let written = try translator.write(valid, to: target, options: .init(makesComplement: false, day: day))
      outcome.warnings += written.problems
      outcome.bytes = try written.bytes()
      collect(written, &outcome)
    } catch {
      outcome.refusals = error.problems.filter { $0.severity == .error }
      if outcome.refusals.isEmpty { outcome.refusals = error.problems }
    }
    return outcome
  }

  private func collect(_ written: Translation, _ outcome: inout Outcome) {
    var pointers = DocumentPointers(written.document)
    for index in 0..<Int32(written.document.count) {
      let node = Document.NodeID(index: index)
      if let text = written.document.text(node) { outcome.leaves[ByteString(pointers.pointer(node))] = text }
    }
    // What is missing is told by what is asked for, and fixed values by what is written.
    for entry in written.report.entries where entry.action != .missing && entry.reason != .constant {
      guard let place = entry.source ?? entry.path else { continue }
      let text = [entry.action.rawValue, entry.reason?.rawValue, entry.table].compactMap { $0 }.joined(separator: " ")
      outcome.report[ByteString(place), default: []].insert(ByteString(text))
    }
    for item in written.supplement.items { outcome.asked[ByteString(item.path)] = item.reason.rawValue }
  }
}
