/// The catalogue as a look-up: what to tell people about a problem, in English and Chinese.
package struct ErrorTexts: Sendable {
  private let definitions: [ErrorCode: ErrorDefinition]

  /// - Precondition: no code is defined twice (`scripts/check-errors` checks it).
  package init(_ definitions: [ErrorDefinition]) {
    self.definitions = Dictionary(uniqueKeysWithValues: definitions.map { ($0.code, $0) })
  }

  package func kind(of code: ErrorCode) -> NoKind { definitions[code]?.kind ?? .error }

  package func english(_ problem: Problem) -> String { text(problem, \.en) }
  package func chinese(_ problem: Problem) -> String { text(problem, \.zh) }

  private func text(_ problem: Problem, _ language: KeyPath<ErrorDefinition, String>) -> String {
    guard let definition = definitions[problem.code] else { return problem.code.rawValue }
    return ErrorDefinition.fill(definition[keyPath: language], with: problem.facts)
  }
}
