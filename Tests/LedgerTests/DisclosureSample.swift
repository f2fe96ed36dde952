import JSONTree
import Primitives
import Testing
import Trust

@testable import Ledger

/// A small declaration's fields, recorded on a small ledger that two witnesses have cosigned.
struct DisclosureSample {
  static let secret = HMACKey((0..<32).map { UInt8($0) })!
  static let mandatory = ["Declaration.LRN", "Commodity.HS6", "Declarant.ID"]
  static let fields = [
    Field(element: "Declaration.LRN", place: [], value: "LRN-1", terms: nil),
    Field(element: "Commodity.HS6", place: [1], value: "620520", terms: .list("hs6")),
    Field(element: "Commodity.Description.Local", place: [1], value: "男式衬衫 \"A\"\n", terms: nil),
    Field(element: "Commodity.HS6", place: [2], value: nil, terms: .list("hs6")),
    Field(element: "GoodsItem.NetMassMeasure", place: [2], value: "", terms: .unit("KGM")),
  ]

  let tree: FieldTree
  var ledger: LedgerSamples
  let entry: Entry
  let policy: LogPolicy
  private let note: [UInt8]

  /// - Parameter more: fields besides the usual ones.
  init(
    more: [Field] = [], kind: String = "declaration.sent", profile: String = "uncefact.xml/d23b", root: Digest? = nil,
    secret: HMACKey = secret
  ) throws {
    tree = try FieldTree(Self.fields + more, mandatory: Self.mandatory, profile: "uncefact.xml/d23b", secret: secret)
    ledger = try LedgerSamples(count: 10)
    try ledger.append(
      EntryDraft(
        kind: kind, corridor: "CN-SG", messageID: MessageID(at: LedgerSamples.start, random: [UInt8](repeating: 7, count: 10)),
        payloadDigest: SHA256.hash("payload"), fieldsRoot: root ?? tree.root, actor: "CN", versions: ["profile": profile]))
    entry = ledger.entries[10]
    for index in 11..<20 { try ledger.append(LedgerSamples.draft(index)) }
    try ledger.checkpoint()
    let witnesses = try (1...2).map { try Cosigner(name: "witness\($0).example", key: .generate(.ed25519)) }
    let head = ledger.head
    let key = ledger.signer.verifierKey
    let request = WitnessRequest(oldSize: 0, proof: [], note: head.note)
    guard case .cosign(let advance) = try request.judge(logs: { _ in [key] }, latest: { _ in nil }) else {
      throw CausewayError("witness.request_malformed")
    }
    note = head.adding(try witnesses.map { try $0.cosign(advance, at: LedgerSamples.start) }).note
    policy = try LogPolicy(
      parsing: Array(
        "log \(key)\nwitness A \(witnesses[0].key)\nwitness B \(witnesses[1].key)\ngroup both all A B\nquorum both\n".utf8))
  }

  func disclosure(showing indices: [Int]) throws -> Disclosure {
    let nodes = ledger.nodes
    let path = try MerkleTree.inclusionProof(index: entry.index, size: ledger.tree.size) { nodes[$0]! }
    return try Disclosure(of: tree, showing: indices, entry: entry, proof: LogProof(index: entry.index, hashes: path, note: note))
  }

  func file(showing indices: [Int] = [1, 4]) throws -> [UInt8] { try disclosure(showing: indices).bytes }

  /// The first thing that a verifier says against a file; nil when it is proven.
  func problem(_ file: [UInt8], requiring required: [String] = []) -> ErrorCode? {
    do {
      _ = try Disclosure(parsing: file).verify(by: policy, requiring: required)
      return nil
    } catch {
      return error.code
    }
  }

  /// The file with members changed, in canonical form again.
  func changed(showing indices: [Int] = [1, 4], _ change: (inout JSONObject) throws -> Void) throws -> [UInt8] {
    var object = try #require(try JSONValue.parse(try file(showing: indices)).object)
    try change(&object)
    return try JSONValue.object(object).canonical()
  }
}
