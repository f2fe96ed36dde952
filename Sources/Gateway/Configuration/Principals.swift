import Primitives
import Trust

/// What a caller of the inside API may do.
package enum Role: String, Sendable, CaseIterable {
  /// Hand in, amend and withdraw declarations, answer supplements.
  case submit
  /// Report what the local customs decided.
  case customs
  /// Take inbound documents.
  case inbox
  /// Look at messages and clearances.
  case read
  /// Start reconciliations, deal with work items, replay what failed, propose and approve edits.
  case operate
  /// Erase the data of clearances, set and release legal holds.
  case compliance
  /// Activate rule sets.
  case activate
}

/// A caller of the inside API: a name for the records, and what it may do.
package struct Principal: Sendable {
  package let name: String
  package let roles: Set<Role>
  /// `sha256:<salt>:<hash>` of its bearer token.
  let tokenHash: String

  package init(name: String, roles: Set<Role>, tokenHash: String) {
    self.name = name
    self.roles = roles
    self.tokenHash = tokenHash
  }

  init?(reading section: inout SettingsReader) {
    let (name, hash, roles) = (section.string("name"), section.string("hash"), section.strings("roles"))
    let known = roles?.compactMap(Role.init)
    if known?.count != roles?.count {
      section.refuse("roles", "config.type", ["expected": Role.allCases.map(\.rawValue).joined(separator: "|")])
    }
    if let hash, !BearerToken.isStored(hash) { section.refuse("hash", "config.token_form") }
    // The name stands on the ledger as the actor.
    if let name, name.utf8.count > 100 || !name.utf8.allSatisfy({ (0x20..<0x7F).contains($0) }) {
      section.refuse("name", "config.type", ["expected": "at most 100 printable ASCII characters"])
    }
    guard let name, let hash, let known else { return nil }
    self.init(name: name, roles: Set(known), tokenHash: hash)
  }
}

/// The callers that the configuration names.
package struct Principals: Sendable {
  private let all: [Principal]

  package init(_ all: [Principal]) { self.all = all }

  /// The caller whose token this is. Compares in constant time per caller. O(*n*) hashes in the number of callers.
  package func principal(token: String) -> Principal? {
    all.first { BearerToken.verify(token, against: $0.tokenHash) }
  }
}
