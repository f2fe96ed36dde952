import Glibc
import JSONTree
import Ledger
import Primitives

/// `causeway-verify disclosure`: what a disclosure shows and what it withholds (docs/disclosure.md).
///
///   causeway-verify disclosure (--key VERIFIERKEY | --policy FILE) [--require ELEMENT,…] FILE
///
/// `--policy`: a C2SP tlog-policy with the logs and witnesses to believe, and the quorum of cosignatures that the checkpoint must have.
func verifyDisclosure(_ arguments: [String]) -> Never {
  let usage = "usage: causeway-verify disclosure (--key VERIFIERKEY | --policy FILE) [--require ELEMENT,...] FILE"
  var options: [String: String] = [:]
  var rest = arguments[...]
  while rest.count > 2, let name = rest.popFirst(), let value = rest.popFirst() {
    guard ["--key", "--policy", "--require"].contains(name), options.updateValue(value, forKey: name) == nil else { fail(usage, 64) }
  }
  guard rest.count == 1, let file = rest.first, (options["--key"] == nil) != (options["--policy"] == nil) else { fail(usage, 64) }
  do throws(CausewayError) {
    let policy: LogPolicy
    if let path = options["--policy"] {
      policy = try LogPolicy(parsing: read(path))
    } else {
      policy = LogPolicy(log: [try VerifierKey(parsing: options["--key"] ?? "")])
    }
    let required = options["--require"].map { $0.utf8.split(separator: 0x2C).map { String(Substring($0)) } } ?? []
    let verified = try Disclosure(parsing: read(file)).verify(by: policy, requiring: required)
    for line in lines(of: verified) { print(line) }
    exit(0)
  } catch {
    for problem in error.problems {
      let facts = problem.facts.sorted { $0.key < $1.key }.map { " \($0.key)=\($0.value)" }.joined()
      print("\(problem.code)\(problem.element.map { " \($0)" } ?? "")\(facts)")
    }
    fail("not proven", ["ledger.policy_invalid", "ledger.verifier_key"].contains(error.code) ? 64 : 65)
  }
}

private func lines(of verified: VerifiedDisclosure) -> [String] {
  let entry = verified.entry
  let checkpoint = verified.checkpoint.checkpoint
  var lines = [
    "proven: \(entry.draft.kind), entry \(entry.index) of \(checkpoint.origin) (checkpoint of \(checkpoint.size), \(verified.checkpoint.cosignatures.count) cosignatures)",
    "message \(entry.draft.messageID?.text ?? "?"), recorded \(entry.time.rfc3339), read by \(verified.profile)",
  ]
  for field in verified.fields {
    let value = String(decoding: (field.value.map { JSONValue.string($0) } ?? .null).serialized(), as: UTF8.self)
    lines.append("shown \(field.name) \(value)\(terms(field.terms))")
  }
  for element in verified.elements where element.isMissing || element.withheld > 0 {
    let mark = element.isMandatory ? " mandatory" : ""
    lines.append(
      element.isMissing ? "missing \(element.id)\(mark)" : "withheld \(element.id) \(element.withheld) of \(element.count)\(mark)")
  }
  return lines
}

private func terms(_ terms: Field.Terms?) -> String {
  switch terms {
  case .list(let id): " (list \(id))"
  case .unit(let code): " (unit \(code))"
  case nil: ""
  }
}
