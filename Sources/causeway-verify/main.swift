import FoundationEssentials
import Glibc
import Ledger
import Primitives

// Offline verifier: a log in files and the key to believe. Links no database and no network library.
//
//   causeway-verify --key VERIFIERKEY FOLDER
//   causeway-verify disclosure … FILE          VerifyDisclosure.swift
//   causeway-verify evidence … FILE            VerifyEvidence.swift
//
// FOLDER holds a log in the layout of C2SP tlog-tiles, as `causeway ledger export` and `causeway ledger mirror` write it. VERIFIERKEY is the
// log's key by the registry, `<origin>+<key id>+<key>`. Exit codes: 0 sound, 64 usage, 65 not sound, 66 no such folder.

func fail(_ text: String, _ status: Int32) -> Never {
  write(STDERR_FILENO, text + "\n", text.utf8.count + 1)
  exit(status)
}

func read(_ path: String) -> [UInt8] {
  guard let data = FileManager.default.contents(atPath: path) else { fail("no such file: \(path)", 66) }
  return [UInt8](data)
}

let arguments = Array(CommandLine.arguments.dropFirst())
if arguments.first == "disclosure" { verifyDisclosure(Array(arguments.dropFirst())) }
if arguments.first == "evidence" { verifyEvidence(Array(arguments.dropFirst())) }
guard arguments.count == 3, arguments[0] == "--key" else { fail("usage: causeway-verify --key VERIFIERKEY FOLDER", 64) }
guard let key = try? VerifierKey(parsing: arguments[1]) else { fail("the verifier key is not of the form <origin>+<key id>+<key>", 64) }
let folder = arguments[2]
guard FileManager.default.fileExists(atPath: folder) else { fail("no such folder: \(folder)", 66) }
do {
  let report = try TiledLogAudit.verify(origin: key.name, keys: [key]) { path throws(CausewayError) in
    FileManager.default.contents(atPath: folder + "/" + path).map { [UInt8]($0) }
  }
  for finding in report.findings { print(finding.line) }
  guard report.isSound else { fail("not sound: \(report.findingCount) findings in \(report.entryCount) entries", 65) }
  print("sound: \(report.entryCount) entries, root \(report.checkpoint?.root.hex ?? "")")
} catch {
  fail("\(error)", 65)
}
