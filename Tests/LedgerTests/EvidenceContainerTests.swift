import Foundation
import Primitives
import Testing
import Trust

@testable import Ledger

@Suite struct EvidenceContainerTests {
  /// Partners choose media types: none of them may end an attribute of the manifest.
  @Test func theManifestNamesEverythingAndNothingElse() throws {
    let id = try #require(MessageID("01a22c42-123d-7409-a49f-3e5ce5c0e5f4"))
    let hostile = "application/xml;a=\"/><asic:SigReference URI=&"
    func document(_ kind: String, _ mediaType: String?, _ content: Evidence.Document.Content) -> Evidence.Document {
      Evidence.Document(kind: kind, mediaType: mediaType, content: content)
    }
    let bytes = Array("<a/>".utf8)
    let message = try Evidence.Message(
      id: id, state: "received", header: [], signature: "", receipt: nil,
      documents: [
        document("wire", hostile, .enclosed(bytes, SHA256.hash(bytes))), document("source", nil, .enclosed([], SHA256.hash([]))),
        document("local", "application/json", .withheld(SHA256.hash("x"))), document("report", nil, .erased(SHA256.hash("y"))),
      ], entries: [])
    let evidence = Evidence(
      maker: "CN", made: Instant(milliseconds: 0), clearance: .init(id: "c", corridor: "CN-SG", opening: nil), message: id,
      messages: [message], policy: "", registry: "{}", timeStamps: [[0x30, 0]])
    let container = EvidenceContainer(evidence, file: [1])
    #expect(
      container.members.map(\.name) == ["c.evidence", "registry.json", "\(id.text)/wire.xml", "\(id.text)/source.bin", "time-stamps/0.tst"])
    let manifest = String(decoding: container.manifest, as: UTF8.self)
    #expect(manifest.contains("MimeType=\"application/xml;a=&quot;/>&lt;asic:SigReference URI=&amp;\""))
    #expect(manifest.components(separatedBy: "<asic:SigReference ").count == 2)
    #expect(manifest.components(separatedBy: "<asic:DataObjectReference ").count == 6)
    #expect(manifest.contains("<ds:DigestValue>\(Base64.encode(SHA256.hash(bytes).bytes))</ds:DigestValue>"))
  }
}
