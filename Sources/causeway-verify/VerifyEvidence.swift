import Glibc
import JSONTree
import Ledger
import Primitives
import Trust

/// `causeway-verify evidence`: whether an evidence file holds (docs/evidence.md).
///
///   causeway-verify evidence --registry-key PEM [--accept-unwitnessed] [--json] FILE
func verifyEvidence(_ arguments: [String]) -> Never {
  let usage = "usage: causeway-verify evidence --registry-key PEM [--accept-unwitnessed] [--json] FILE"
  var rest = arguments
  func take(_ flag: String) -> Bool {
    guard let index = rest.firstIndex(of: flag) else { return false }
    rest.remove(at: index)
    return true
  }
  let (acceptsUnwitnessed, isJSON) = (take("--accept-unwitnessed"), take("--json"))
  guard let option = rest.firstIndex(of: "--registry-key"), rest.count == 3, option < 2 else { fail(usage, 64) }
  let pem = rest[option + 1]
  rest.removeSubrange(option...option + 1)
  guard let text = String(validating: read(pem), as: UTF8.self), let key = try? PublicKey(pem: text) else {
    fail("not the PEM of a public key: \(pem)", 64)
  }
  let report = EvidenceVerifier.verify(read(rest[0]), registryKeys: [key], acceptsUnwitnessed: acceptsUnwitnessed)
  print(isJSON ? String(decoding: report.json.serialized(), as: UTF8.self) : report.lines.joined(separator: "\n"))
  exit(report.isSound ? 0 : 65)
}
