import JSONTree
import Primitives
import Trust

/// Evidence as an ASiC-E container: the evidence file, and what is in it as files of their own, under one signature.
///
/// - SeeAlso: docs/evidence.md, As a container; ETSI EN 319 162-1 §4.4.
package struct EvidenceContainer: Sendable {
  package struct Member: Sendable {
    package let name: String
    package let mediaType: String
    package let bytes: [UInt8]
  }

  package static let mediaType = "application/vnd.etsi.asic-e+zip"
  package static let manifestName = "META-INF/ASiCManifest.xml"
  package static let signatureName = "META-INF/signature.p7s"

  /// What the manifest names, in this order; the evidence file first.
  package let members: [Member]

  /// - Parameter file: the signed evidence file.
  package init(_ evidence: Evidence, file: [UInt8]) {
    var members = [
      Member(name: "\(evidence.clearance.id).evidence", mediaType: "application/json", bytes: file),
      Member(name: "registry.json", mediaType: "application/json", bytes: Array(evidence.registry.utf8)),
    ]
    for message in evidence.messages {
      func add(_ name: String, _ mediaType: String, _ bytes: [UInt8]) {
        members.append(Member(name: "\(message.id.text)/\(name)", mediaType: mediaType, bytes: bytes))
      }
      if let (header, signature) = message.envelope, let bytes = try? header.canonical() {
        add("envelope.json", "application/json", bytes)
        add("envelope.jws", "application/jose", Array(signature.utf8))
      }
      if let receipt = message.receipt { add("receipt.jws", "application/jose", Array(receipt.utf8)) }
      for document in message.documents {
        guard case .enclosed(let bytes, _) = document.content else { continue }
        let mediaType = document.mediaType ?? "application/octet-stream"
        add("\(document.kind).\(Self.ending(of: mediaType))", mediaType, bytes)
      }
    }
    // Each token beside the checkpoint that it is for, as programs for time-stamps want them.
    let notes = Dictionary(
      evidence.messages.flatMap(\.entries).compactMap(\.stamped?.note).map { (SHA256.hash($0), $0) }, uniquingKeysWith: { $1 })
    for (position, der) in evidence.timeStamps.enumerated() {
      members.append(Member(name: "time-stamps/\(position).tst", mediaType: "application/vnd.etsi.timestamp-token", bytes: der))
      guard let imprint = (try? TimeStampToken(der: der))?.imprint, let note = notes[imprint] else {
        continue
      }
      members.append(Member(name: "time-stamps/\(position).checkpoint", mediaType: "text/plain", bytes: note))
    }
    self.members = members
  }

  /// `ASiCManifest.xml`: each member with its SHA-256. It is what is signed.
  package var manifest: [UInt8] {
    let references = members.map { member in
      """
        <asic:DataObjectReference URI="\(Self.escaped(member.name))" MimeType="\(Self.escaped(member.mediaType))">
          <ds:DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"/>
          <ds:DigestValue>\(Base64.encode(SHA256.hash(member.bytes).bytes))</ds:DigestValue>
        </asic:DataObjectReference>
      """
    }
    let text = """
      <?xml version="1.0" encoding="UTF-8"?>
      <asic:ASiCManifest xmlns:asic="http://uri.etsi.org/02918/v1.2.1#" xmlns:ds="http://www.w3.org/2000/09/xmldsig#">
        <asic:SigReference URI="\(Self.signatureName)" MimeType="application/pkcs7-signature"/>
      \(references.joined(separator: "\n"))
      </asic:ASiCManifest>

      """
    return Array(text.utf8)
  }

  private static func ending(of mediaType: String) -> String {
    for ending in ["xml", "json", "EDIFACT"] where mediaType.hasPrefix("application/\(ending)") { return ending.lowercased() }
    return "bin"
  }

  /// For an attribute's value: a partner chooses media types.
  private static func escaped(_ text: String) -> String {
    text.unicodeScalars.map { scalar in
      switch scalar {
      case "&": "&amp;"
      case "<": "&lt;"
      case "\"": "&quot;"
      default: String(scalar)
      }
    }.joined()
  }
}
