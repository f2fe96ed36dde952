import FoundationEssentials
import Glibc
import Ledger
import Primitives

// Offline verifier: a log in files and the key to believe. Links no database and no network library.
//
//   causeway-verify --key VERIFIERKEY FOLDER
//   causeway-verify --key VERIFIERKEY ARCHIVE…
//   causeway-verify disclosure … FILE          VerifyDisclosure.swift
//   causeway-verify evidence … FILE            VerifyEvidence.swift
//
// FOLDER holds a log in the layout of C2SP tlog-tiles, as `causeway ledger export` and `causeway ledger mirror` write it. ARCHIVE is what
// `causeway ledger archive` writes: name all of them, in their order. VERIFIERKEY is the
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
guard arguments.count >= 3, arguments[0] == "--key" else { fail("usage: causeway-verify --key VERIFIERKEY FOLDER | ARCHIVE...", 64) }
guard let key = try? VerifierKey(parsing: arguments[1]) else { fail("the verifier key is not of the form <origin>+<key id>+<key>", 64) }
let folders = Array(arguments[2...])
for folder in folders where !FileManager.default.fileExists(atPath: folder) { fail("no such folder: \(folder)", 66) }
func contents(_ path: String) -> [UInt8]? { FileManager.default.contents(atPath: path).map { [UInt8]($0) } }
do throws(CausewayError) {
  let report: AuditReport
  if folders.count > 1 || FileManager.default.fileExists(atPath: folders[0] + "/" + ArchiveManifest.path) {
    var audit = ArchiveAudit(origin: key.name, keys: [key])
    for folder in folders {
      try audit.add(folder) { path throws(CausewayError) in contents(folder + "/" + path) }
    }
    report = audit.finish()
  } else {
    report = try TiledLogAudit.verify(origin: key.name, keys: [key]) { path throws(CausewayError) in contents(folders[0] + "/" + path) }
  }
  for finding in report.findings { print(finding.line) }
  guard report.isSound else { fail("not sound: \(report.findingCount) findings in \(report.entryCount) entries", 65) }
  print("sound: \(report.entryCount) entries, root \(report.checkpoint?.root.hex ?? "")")
} catch {
  fail("\(error)", 65)
}
