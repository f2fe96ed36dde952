package import Declarations

/// Evidence that a declaration went through a release policy: what is in it may leave. Only `ReleasePolicy.release` makes one.
package struct ReleasedDeclaration: Sendable {
  /// A value that was there and may not leave: where, not what.
  package struct Withheld: Hashable, Sendable {
    package let element: String
    /// Its place in the declaration before the release.
    package let path: ElementPath
    /// False for an empty or null value.
    package let isFilled: Bool
  }

  package let declaration: Declaration
  /// In the order of the declaration.
  package let withheld: [Withheld]
  package let policyID: String
  package let policyVersion: String
  package let purpose: String

  init(declaration: Declaration, withheld: [Withheld], policy: ReleasePolicy) {
    self.declaration = declaration
    self.withheld = withheld
    policyID = policy.id
    policyVersion = policy.version
    purpose = policy.purpose
  }
}
