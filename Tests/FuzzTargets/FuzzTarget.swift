import Primitives

/// Something that takes bytes from outside, and what must hold whatever they are.
///
/// The fuzzer (`make fuzz`) feeds it with bytes that it makes; a test feeds it with the cases that are kept in `Tests/FuzzCorpus`.
package struct FuzzTarget: Sendable {
  package let name: String
  /// What does not hold for some bytes; nil: everything does. A trap is a violation too, and shows by itself.
  package let violation: @Sendable (_ bytes: [UInt8]) -> String?
  /// Other bytes made from some by the grammar that they follow; nil when they do not follow it.
  package let mutation: @Sendable (_ bytes: [UInt8], _ random: inout Chance) -> [UInt8]?

  package static let all = [xml, json, edifact, mapping, translation]

  init(
    _ name: String, mutation: @escaping @Sendable ([UInt8], inout Chance) -> [UInt8]?,
    check: @escaping @Sendable ([UInt8]) throws -> Void
  ) {
    self.name = name
    self.mutation = mutation
    violation = { bytes in
      do {
        try check(bytes)
        return nil
      } catch {
        return (error as? Violation)?.text ?? "an error of another type: \(type(of: error))"
      }
    }
  }
}

/// A property that does not hold.
struct Violation: Error {
  let text: String
}

func require(_ condition: Bool, _ text: @autoclosure () -> String) throws(Violation) {
  guard condition else { throw Violation(text: text()) }
}

/// What a call gives; nil when it says no as it should: with codes of the catalogue.
func outcome<Value>(_ call: () throws(CausewayError) -> Value) throws(Violation) -> Value? {
  let error: CausewayError
  do throws(CausewayError) { return try call() } catch let thrown { error = thrown }
  try check(error.problems)
  return nil
}

/// What a call gives that has no reason to say no.
func result<Value>(_ stage: String, _ call: () throws(CausewayError) -> Value) throws(Violation) -> Value {
  do throws(CausewayError) { return try call() } catch { throw Violation(text: "\(stage): \(error)") }
}

/// Every code is in the catalogue of a module, and every problem can be said in both languages.
func check(_ problems: [Problem]) throws(Violation) {
  for problem in problems {
    try require(Catalogue.codes.contains(problem.code), "\(problem.code) is in no catalogue")
    try require(problem.line.map { $0 >= 0 } ?? true, "\(problem.code) at line \(problem.line ?? 0)")
  }
}
