import Foundation
import Journal
import JournalSQLite
import Ledger
import Primitives
import TestSupport
import Testing
import Trust

/// A journal whose storage key is in a hardware security module (SoftHSM).
@Suite(.serialized) struct PKCS11JournalTests {
  private static func prepare(_ hsm: SoftHSM, _ token: String) throws -> PKCS11URI {
    try hsm.makeToken(token)
    let uri = try PKCS11URI(parsing: hsm.uri(token))
    try PKCS11KeyEncryptionKey.generate(uri) { Redacted(Array(SoftHSM.pin.utf8)) }
    return uri
  }

  private static func open(_ uri: PKCS11URI) throws(CausewayError) -> any KeyEncryptionKey {
    try PKCS11KeyEncryptionKey.open(uri) { Redacted(Array(SoftHSM.pin.utf8)) }
  }

  private static func sealed(_ uri: PKCS11URI) async throws -> SealedJournal {
    try await SealedJournal { () throws(CausewayError) in try open(uri) }
  }

  private static func code(_ body: () async throws -> Void) async -> ErrorCode? {
    do {
      try await body()
      return nil
    } catch {
      return (error as? CausewayError)?.code
    }
  }

  @Test func storedReadAndErased() async throws {
    try await SoftHSM.alone { hsm in
      let uri = try Self.prepare(hsm, "first")
      let sealed = try await Self.sealed(uri)
      for secret in SealedJournal.secrets { #expect(try !sealed.holds(secret.utf8)) }
      #expect(try await sealed.opened(with: try Self.open(uri)) == ["1", "2", "3"])
      let wrapped = try await sealed.wrappedKeys()
      let journal = try await sealed.fixture.open()
      let erasure = Erasure(time: Sample.now, ground: "court_order")
      #expect(try await journal.commit(Change(operations: [.eraseData(of: "clearance-2", erasure, payloads: 1)])).committed != nil)
      try await journal.scrub()
      #expect(try !sealed.holds(wrapped[1]))
      #expect(hsm.isModuleBegun)
      await journal.close()
      #expect(!hsm.isModuleBegun)
      #expect(try await sealed.opened(with: try Self.open(uri)) == ["1", "3"])
    }
  }

  /// A stolen journal says nothing to who has another token, be it of the same name, and the same PIN.
  @Test func anotherTokenOpensNothing() async throws {
    try await SoftHSM.alone { hsm in
      let uri = try Self.prepare(hsm, "first")
      let sealed = try await Self.sealed(uri)
      try hsm.takeTokensAway()
      let other = try Self.prepare(hsm, "first")
      for _ in 0..<2 {
        let key = try Self.open(other)
        #expect(await Self.code { _ = try await sealed.opened(with: key) } == "journal.storage_key")
        key.close()
      }
      for secret in SealedJournal.secrets { #expect(try !sealed.holds(secret.utf8)) }
    }
  }

  /// The module out of reach is an error that passes: nothing is called damaged or erased, and the writer goes on.
  @Test func theModuleIsGoneAndComesBack() async throws {
    try await SoftHSM.alone { hsm in
      let sealed = try await Self.sealed(try Self.prepare(hsm, "first"))
      let journal = try await sealed.fixture.open()
      for round in 4...5 {
        try hsm.takeTokensAway()
        #expect(await Self.code { _ = try await SealedJournal.opened(journal) } == (round == 4 ? "key.hsm_token" : nil))
        let change = SealedJournal.change(round)
        #expect(await Self.code { _ = try await journal.commit(change) } == "key.hsm_token")
        // What needs no key is written; nothing has stopped.
        #expect(try await journal.commit(Change(operations: [.setValue("note", [1])])).committed != nil)
        #expect(await journal.fault == nil)
        #expect(try await journal.audit().isSound)
        try hsm.bringTokensBack()
        #expect(try await SealedJournal.opened(journal) == ["1", "2", "3"])
        #expect(try await journal.commit(change).committed != nil)
      }
      #expect(try await journal.audit().isSound)
      await journal.close()

      // At the start it is told apart from a wrong key, too.
      try hsm.takeTokensAway()
      #expect(await Self.code { _ = try await sealed.fixture.open() } == "key.hsm_token")
      try hsm.bringTokensBack()
      let again = try await sealed.fixture.open()
      #expect(try await SealedJournal.opened(again) == ["1", "2", "3"])
      await again.close()
    }
  }

  /// From a file into a module, into another one, and back.
  @Test func theKeyMoves() async throws {
    try await SoftHSM.alone { hsm in
      let uris = [try Self.prepare(hsm, "first"), try Self.prepare(hsm, "second")]
      let file = FileKeyEncryptionKey.generate()
      let sealed = try await SealedJournal { () throws(CausewayError) in file }
      func key(_ number: Int) throws(CausewayError) -> any KeyEncryptionKey {
        if uris.indices.contains(number) { return try Self.open(uris[number]) }
        return file
      }
      for (from, to) in [(2, 0), (0, 1), (1, 2)] {
        let before = try await sealed.wrappedKeys()
        let (old, new) = (try key(from), try key(to))
        #expect(try await sealed.rewrap(from: old, to: new) == 3, "to \(to)")
        new.close()
        #expect(try await sealed.opened(with: try key(to)) == ["1", "2", "3"], "to \(to)")
        #expect(await Self.code { _ = try await sealed.opened(with: old) } == "journal.storage_key", "to \(to)")
        old.close()
        for wrapped in before { #expect(try !sealed.holds(wrapped), "to \(to)") }
      }
    }
  }
}
