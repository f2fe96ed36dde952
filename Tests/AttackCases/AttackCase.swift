package import Primitives

/// An attack by its short name (docs/attacks.md), beside a benign twin that differs from it in the attack alone and must be accepted.
package struct AttackCase: Sendable, CustomStringConvertible {
  package let id: String
  package let name: String
  package let attack: [UInt8]
  package let twin: [UInt8]
  /// What the attack is refused with; nil: it is taken and has no effect.
  package let code: ErrorCode?
  /// What is done with such bytes.
  package let read: @Sendable (_ bytes: [UInt8]) throws(CausewayError) -> Void

  package var description: String { "\(id) \(name)" }

  package init(
    _ id: String, _ name: String, _ attack: [UInt8], _ code: ErrorCode?, twin: [UInt8],
    read: @escaping @Sendable ([UInt8]) throws(CausewayError) -> Void
  ) {
    self.id = id
    self.name = name
    self.attack = attack
    self.code = code
    self.twin = twin
    self.read = read
  }

  /// What reading says; nil: nothing against it.
  package func answer(to bytes: [UInt8]) -> CausewayError? {
    do throws(CausewayError) {
      try read(bytes)
      return nil
    } catch { return error }
  }

  /// All of them, by name.
  package static let all: [AttackCase] = xml + xmlSchemas + edifact + json + containers
}

/// A text many times over.
func run(_ text: String, _ count: Int) -> String { String(repeating: text, count: count) }
