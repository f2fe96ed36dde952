import Glibc
import JSONTree
import Ledger
import Primitives
import Trust

/// `causeway-verify evidence`: whether an evidence file holds (docs/evidence.md).
///
///   causeway-verify evidence --registry-key PEM [--tsa-authorities PEM] [--accept-unwitnessed] [--json] FILE
func verifyEvidence(_ arguments: [String]) -> Never {
  let usage = "usage: causeway-verify evidence --registry-key PEM [--tsa-authorities PEM] [--accept-unwitnessed] [--json] FILE"
  var rest = arguments
  func take(_ flag: String) -> Bool {
    guard let index = rest.firstIndex(of: flag) else { return false }
    rest.remove(at: index)
    return true
  }
  let (acceptsUnwitnessed, isJSON) = (take("--accept-unwitnessed"), take("--json"))
  func value(_ option: String) -> String? {
    guard let index = rest.firstIndex(of: option), index + 1 < rest.count else { return nil }
    defer { rest.removeSubrange(index...index + 1) }
    return rest[index + 1]
  }
  guard let pem = value("--registry-key") else { fail(usage, 64) }
  let authorities = value("--tsa-authorities").map { path -> [Certificate] in
    let text = String(decoding: read(path), as: UTF8.self)
    guard let found = try? Certificate.list(pem: text), !found.isEmpty, found.allSatisfy(\.isCA) else {
      fail("not certificates of authorities: \(path)", 64)
    }
    return found
  }
  guard rest.count == 1 else { fail(usage, 64) }
  guard let text = String(validating: read(pem), as: UTF8.self), let key = try? PublicKey(pem: text) else {
    fail("not the PEM of a public key: \(pem)", 64)
  }
  let report = EvidenceVerifier.verify(
    read(rest[0]), registryKeys: [key], timeStampAuthorities: authorities, acceptsUnwitnessed: acceptsUnwitnessed)
  print(isJSON ? String(decoding: report.json.serialized(), as: UTF8.self) : report.lines.joined(separator: "\n"))
  exit(report.isSound ? 0 : 65)
}
