import Primitives

/// The raw calls for a declaration and its receipt alone: what a gateway without a ledger that partners can check, without commitments to fields,
/// encryption at rest, reports and statuses could not be without.
///
/// Sender: store what came in, parse, validate, serialise for the wire, sign, store, carry over; verify the receipt, store it.
/// Destination: verify, sign the receipt, store both, carry the receipt back; parse, serialise for its single window, store.
struct DeclarationFloor {
  private let source: [UInt8]
  private let payload: [UInt8]
  private let schema: RawXML.Schema
  private let crypto: RawCrypto
  /// One database for each side.
  private let sender: RawSQLite
  private let destination: RawSQLite
  /// What is serialised: the wire document, and a local one, which is about as large at the destination as at the origin.
  private let wireTree: RawXML.Tree
  private let localTree: RawXML.Tree

  private let receipt = [UInt8](repeating: 0x61, count: 1500)
  private let entry = [UInt8](repeating: 0x61, count: 800)

  init(
    source: [UInt8], payload: [UInt8], schema: RawXML.Schema, crypto: RawCrypto, sender: RawSQLite, destination: RawSQLite
  ) throws(CausewayError) {
    wireTree = try RawXML.Tree(payload)
    localTree = try RawXML.Tree(source)
    self.source = source
    self.payload = payload
    self.schema = schema
    self.crypto = crypto
    self.sender = sender
    self.destination = destination
  }

  /// - Parameter count: declarations that share each commit.
  func run(count: Int) throws(CausewayError) {
    try sender.store(entry, source, count: count)
    for _ in 0..<count {
      let tree = try RawXML.Tree(source)
      consume(try schema.validate(tree))
      try wireTree.dumpAndFree()
      try crypto.sign(payload)
    }
    try sender.store(entry, payload, count: count)
    for _ in 0..<count {
      try crypto.carry(payload)
      try crypto.verify(payload)
    }
    for _ in 0..<count { try crypto.sign(receipt) }
    try destination.store(receipt, payload, count: count)
    for _ in 0..<count {
      try crypto.carry(receipt)
      try crypto.verify(receipt)
    }
    try sender.store(entry, receipt, count: count)
    for _ in 0..<count {
      try RawXML.parseAndFree(payload)
      try localTree.dumpAndFree()
    }
    try destination.store(entry, source, count: count)
  }
}
