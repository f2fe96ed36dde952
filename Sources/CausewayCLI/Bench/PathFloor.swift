import Primitives

/// The raw calls that a declaration cannot be without on its way between two gateways, by the protocol (docs/protocol.md, docs/disclosure.md,
/// docs/ledger.md): one after another in one thread, on both sides, for as many declarations at a time as share each commit.
///
/// 1. Sender: encrypt what came in; commit.
/// 2. Sender: parse, validate, serialise for the wire, validate what goes out, commit to each field, sign; encrypt document, report and complement; commit.
/// 3. Destination: carry over, verify; encrypt the document, sign the receipt; commit.
/// 4. Sender: carry the receipt, verify it and the checkpoint in it; commit.
/// 5. Destination: decrypt, parse, validate, commit to each field, serialise the local draft, validate it; encrypt draft, report and supplement request; sign
///    the status; commit.
/// 6. Sender: carry the status, verify; encrypt it, sign the receipt; commit.
/// 7. Destination: carry the receipt, verify it and the checkpoint in it; commit.
///
/// A draft lacks what is asked for: its validation finds errors, and costs about as much as that of a complete document of its size.
///
/// With each of the commits from 2 on a checkpoint is signed, once for all declarations that share it; so is the partner's checked. HTTP, task switching,
/// everything that is JSON (among it the status, which has no schema that libxml2 could check), reading from the database, nonces, salts, the hashes of
/// ledger entries and the rows by which things are found again are left out.
struct PathFloor {
  private let material: PathMaterial
  private let schemas: Schemas
  private let crypto: RawCrypto
  /// One database for each side.
  private let sender: RawSQLite
  private let destination: RawSQLite
  /// What is serialised.
  private let wireTree: RawXML.Tree
  private let draftTree: RawXML.Tree
  /// The wire document as the destination keeps it.
  private let kept: RawCrypto.Sealed

  /// By which documents are checked: of the sender's economy, of what travels, of the destination's economy.
  struct Schemas {
    let local: RawXML.Schema
    let wire: RawXML.Schema
    let partner: RawXML.Schema
    /// A published document of the destination's economy, which its schema takes: drafts lack what the destination's side has still to say, and are not valid.
    let partnerSample: [UInt8]
  }

  // As large as they are in the journals of a run, on average.
  private let submitted = [UInt8](repeating: 0x61, count: 500)
  private let message = [UInt8](repeating: 0x61, count: 1200)
  private let receipt = [UInt8](repeating: 0x61, count: 980)
  private let entry = [UInt8](repeating: 0x61, count: 620)
  private let checkpoint = [UInt8](repeating: 0x61, count: 130)
  /// From which the salt of a field is derived: a prefix and the field's number.
  private let saltText = [UInt8](repeating: 0x61, count: 26)
  /// Two digests and a byte before them.
  private let node = [UInt8](repeating: 0x61, count: 65)

  /// - Throws: `bench.raw_call` when a document is not what its schema is for.
  init(
    _ material: PathMaterial, schemas: Schemas, crypto: RawCrypto, sender: RawSQLite, destination: RawSQLite
  ) throws(CausewayError) {
    self.material = material
    self.schemas = schemas
    self.crypto = crypto
    self.sender = sender
    self.destination = destination
    wireTree = try RawXML.Tree(material.wire)
    draftTree = try RawXML.Tree(material.draft)
    kept = try crypto.sealed(material.wire)
    let sample = try RawXML.Tree(schemas.partnerSample)
    let results = [
      try schemas.local.validate(try RawXML.Tree(material.source)), try schemas.wire.validate(wireTree),
      try schemas.partner.validate(sample),
    ]
    guard results.allSatisfy({ $0 == 0 }), sample.rootName == draftTree.rootName else {
      throw CausewayError("bench.raw_call", facts: ["call": "xmlSchemaValidateDoc"])
    }
  }

  static let description = "libxml2, OpenSSL and SQLite alone: 2 documents and 2 receipts signed and verified, 7 commits"

  /// - Parameter count: declarations that share each commit.
  func run(count: Int) throws(CausewayError) {
    try receive(count)
    try send(count)
    try carry(material.wire, [(message + receipt + entry, material.wire)], to: destination, count)
    try settle(at: sender, count)
    try draft(count)
    try carry(material.status, [(message + receipt + entry, material.status)], to: sender, count)
    try settle(at: destination, count)
  }

  private func receive(_ count: Int) throws(CausewayError) {
    for _ in 0..<count { try crypto.seal(material.source) }
    try sender.store([(submitted, material.source)], count: count)
  }

  private func send(_ count: Int) throws(CausewayError) {
    for _ in 0..<count {
      let tree = try RawXML.Tree(material.source)
      consume(try schemas.local.validate(tree))
      try wireTree.dumpAndFree()
      consume(try schemas.wire.validate(wireTree))
      try commitToFields()
      try crypto.sign(material.wire)
      for document in [material.wire, material.report, material.complement] { try crypto.seal(document) }
    }
    try crypto.signCheckpoint(checkpoint)
    try sender.store([(message + entry, material.wire), ([], material.report), ([], material.complement)], count: count)
  }

  /// A signed document to the other side, which keeps it and signs a receipt.
  private func carry(
    _ document: [UInt8], _ rows: [RawSQLite.Row], to side: RawSQLite, _ count: Int
  ) throws(CausewayError) {
    for _ in 0..<count {
      try crypto.carry(document)
      try crypto.verify(document)
      try crypto.seal(document)
    }
    try crypto.signCheckpoint(checkpoint)
    for _ in 0..<count { try crypto.sign(receipt) }
    try side.store(rows, count: count)
  }

  /// The receipts back to the side that sent.
  private func settle(at side: RawSQLite, _ count: Int) throws(CausewayError) {
    for _ in 0..<count {
      try crypto.carry(receipt)
      try crypto.verify(receipt)
    }
    try crypto.verifyCheckpoint(checkpoint)
    try crypto.signCheckpoint(checkpoint)
    try side.store([(receipt + entry, [])], count: count)
  }

  private func draft(_ count: Int) throws(CausewayError) {
    for _ in 0..<count {
      try crypto.open(kept)
      let tree = try RawXML.Tree(material.wire)
      consume(try schemas.wire.validate(tree))
      try commitToFields()
      try draftTree.dumpAndFree()
      consume(try schemas.partner.validate(draftTree))
      for document in [material.draft, material.draftReport, material.supplement, material.status] { try crypto.seal(document) }
      try crypto.sign(material.status)
    }
    try crypto.signCheckpoint(checkpoint)
    try destination.store(
      [(message + entry, material.status), ([], material.draft), ([], material.draftReport), ([], material.supplement)], count: count)
  }

  /// One HMAC for the salt of each field and one hash of it, and the tree over them.
  private func commitToFields() throws(CausewayError) {
    for field in material.fields {
      try crypto.authenticate(saltText)
      try crypto.hash(field)
    }
    for _ in 1..<material.fields.count { try crypto.hash(node) }
  }
}
