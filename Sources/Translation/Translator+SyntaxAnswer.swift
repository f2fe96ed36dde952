package import Formats
import Primitives

extension Translator {
  /// The answer to the syntax of an EDIFACT interchange: a CONTRL that takes it, or turns it back for what its syntax or its directory does
  /// not allow. Rules across values are not of the syntax: what breaks only them is taken here.
  ///
  /// - Parameters:
  ///   - day: as ``validate(_:as:on:isDraft:direction:)``.
  ///   - stamp: reference and time of the answer.
  /// - Returns: nil when there can be no such answer: ``SyntaxReport/answer(to:findings:stamp:)``, or the format is another one.
  package func syntaxAnswer(to bytes: [UInt8], as profile: Profile, on day: String? = nil, stamp: SyntaxReport.Stamp) -> [UInt8]? {
    guard profile.syntax == .edifact else { return nil }
    let reading = EDIFACTFormat.read(bytes, grammar: profile.grammar)
    var findings = reading.findings
    if let document = reading.document {
      findings += SyntaxReport.findings(of: Self.structureProblems(of: document, profile, day), in: document, grammar: profile.grammar)
    }
    return SyntaxReport.answer(to: reading.envelope, findings: findings, stamp: stamp)
  }

  /// What breaks the directory, also in a document that does not say its direction.
  private static func structureProblems(of document: Document, _ profile: Profile, _ day: String?) -> [Problem] {
    do throws(CausewayError) {
      let bound = try BoundDocument(document, to: profile.structure)
      guard let plan = (try? variant(of: bound, profile: profile)) ?? profile.plan.variants.first else { return [] }
      return StructureValidator.check(bound, profile: profile, variant: plan, on: day, isDraft: false)
    } catch { return error.problems }
  }
}
