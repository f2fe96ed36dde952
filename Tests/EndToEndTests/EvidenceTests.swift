import Foundation
import JSONTree
import Primitives
import Testing

@testable import CausewayCLI

/// Evidence with the commands, by both sides of a real exchange; the three programs that check it say the same.
@Suite(.serialized, .oneAtATime, .runningWorld) struct EvidenceTests {
  private struct Answer: Equatable {
    let status: Int32
    let findings: [String]
  }

  /// What `causeway`, `causeway-verify` and the program in Python say of a file.
  private func answers(_ file: String, key: String) throws -> [Answer] {
    let options = ["--registry-key", key, "--json", file]
    let script = World.repository + "interop/verifier/causeway_evidence.py"
    return try [
      World.run(["evidence", "verify"] + options), World.tool(World.verifier, ["evidence"] + options),
      World.tool("/usr/bin/env", ["python3", script] + options),
    ].map { said in
      let findings = try JSONValue.parse(Array(said.output.utf8))["findings"]?.array ?? []
      return Answer(
        status: said.status, findings: findings.map { "\($0["code"]?.string ?? "") \($0["at"]?.string ?? "")" }.sorted())
    }
  }

  @Test func threeProgramsAgree() async throws {
    let world = try World.running
    let ids = try await world.china.declare(try World.declaration(number: 700), key: "evidence")
    try await world.singapore.waitFor(ids.clearance, "import", "supplement_requested")
    try await world.singapore.answerSupplement(ids.clearance)
    try await world.finish(ids.clearance)
    try await world.quiet()
    for site in world.sites {
      let key = site.folder + "/registry-key.pem"
      for (name, value) in [("--clearance", ids.clearance), ("--message", ids.message)] {
        let file = "\(world.demo.folder)/\(site.economy)\(name).evidence"
        let arguments = ["evidence", "export", "--config", site.configuration, name, value, "--output"]
        let exported = try World.run(arguments + [file])
        #expect(exported.status == 0, "\(exported.output) \(exported.errors)")
        #expect(try answers(file, key: key) == Array(repeating: Answer(status: 0, findings: []), count: 3), "\(site.economy) \(name)")
        #expect(try World.run(arguments + [file]).status == 78, "a file that is there stays")
        // Without the maker's signature each change shows; where two programs agree on the place, they read the file alike.
        var object = try #require(try JSONValue.parse(try Files.read(file)).object)
        object["made"] = "2026-01-01T00:00:00.000Z"
        try Files.write(try JSONValue.object(object).canonical(), to: file + ".dated")
        let dated = try answers(file + ".dated", key: key)
        #expect(Set(dated.map(\.findings)).count == 1 && dated.allSatisfy { $0.status == 65 }, "\(dated)")
        let bytes = try Files.read(file)
        for part in 1..<6 {
          var altered = bytes
          altered[bytes.count * part / 6] ^= 1
          try Files.write(altered, to: file + ".altered")
          #expect(try answers(file + ".altered", key: key).map(\.status) == [65, 65, 65], "byte \(bytes.count * part / 6)")
        }
      }
    }
    let (site, key) = (world.cn, world.cn.folder + "/registry-key.pem")
    let file = "\(world.demo.folder)/CN--message.evidence"
    #expect(
      try World.run(["evidence", "export", "--config", site.configuration, "--clearance", "none", "--output", file + ".none"]).status == 65)
    #expect(!Files.exists(file + ".none"))
    let people = try World.tool(World.verifier, ["evidence", "--registry-key", key, file])
    #expect(
      people.status == 0 && people.output.contains("wire enclosed, by the envelope")
        && people.output.contains("\nsound: clearance \(ids.clearance)"))
    for program in [(World.executable, ["evidence", "verify"]), (World.verifier, ["evidence"])] {
      func status(_ arguments: [String]) throws -> Int32 { try World.tool(program.0, program.1 + arguments).status }
      #expect(try status(["--registry-key", key, file + ".absent"]) == 66)
      #expect(try status(["--registry-key", key + ".absent", file]) == 66)
      #expect(try status(["--registry-key", file, file]) == 64)
      #expect(try status([file]) == 64)
    }
  }

  /// What an ordinary reader of such containers does: every file has its digest in the manifest, and the signature is over the manifest.
  private static let reader = """
    import base64, hashlib, re, sys, zipfile
    archive, folder = zipfile.ZipFile(sys.argv[1]), sys.argv[2]
    assert archive.testzip() is None
    first = archive.infolist()[0]
    assert (first.filename, first.compress_type, first.extra, first.header_offset) == ("mimetype", zipfile.ZIP_STORED, b"", 0)
    assert archive.read("mimetype") == b"application/vnd.etsi.asic-e+zip"
    raw = open(sys.argv[1], "rb").read(38 + 31)
    assert raw[30:69] == b"mimetypeapplication/vnd.etsi.asic-e+zip", raw
    manifest = archive.read("META-INF/ASiCManifest.xml")
    named = dict(re.findall(r'URI="([^"]+)" MimeType="[^"]+">.*?<ds:DigestValue>([^<]+)', manifest.decode(), re.S))
    for name, digest in named.items():
        assert base64.b64decode(digest) == hashlib.sha256(archive.read(name)).digest(), name
    rest = {"mimetype", "META-INF/ASiCManifest.xml", "META-INF/signature.p7s"}
    assert {each.filename for each in archive.infolist()} == set(named) | rest
    evidence = next(name for name in named if name.endswith(".evidence"))
    for part, name in ("manifest", "META-INF/ASiCManifest.xml"), ("signature", "META-INF/signature.p7s"), ("evidence", evidence):
        open(folder + "/" + part, "wb").write(archive.read(name))
    print(len(named), *(name for name in named if name.endswith("/wire.xml")))
    """

  @Test func aContainerHoldsTheSame() async throws {
    let world = try World.running
    let ids = try await world.china.declare(try World.declaration(number: 701), key: "container")
    try await world.singapore.waitFor(ids.clearance, "import", "supplement_requested")
    try await world.quiet()
    let (site, folder) = (world.cn, world.demo.folder + "/container")
    let file = folder + ".asice"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    let arguments = ["evidence", "export", "--config", site.configuration, "--clearance", ids.clearance, "--container", "--output", file]
    let exported = try World.run(arguments)
    #expect(exported.status == 0, "\(exported.output) \(exported.errors)")
    #expect(try World.run(arguments).status == 78, "a file that is there stays")
    let read = try World.tool("/usr/bin/env", ["python3", "-c", Self.reader, file, folder])
    #expect(read.status == 0 && read.output.contains("\(ids.message)/wire.xml"), "\(read.output) \(read.errors)")
    // The signature, with the certificate's digest among what is signed; and not over another manifest.
    let (manifest, signature) = (folder + "/manifest", folder + "/signature")
    func openssl(_ content: String) throws -> Int32 {
      let files = [
        "-inform", "DER", "-in", signature, "-content", content, "-CAfile", site.folder + "/authorities.pem", "-out", "/dev/null",
      ]
      return try World.tool("/usr/bin/env", ["openssl", "cms", "-verify", "-binary", "-cades", "-purpose", "any"] + files).status
    }
    #expect(try openssl(manifest) == 0)
    var bytes = try Files.read(manifest)
    bytes[bytes.count / 2] ^= 1
    try Files.write(bytes, to: manifest + ".altered")
    #expect(try openssl(manifest + ".altered") != 0)
    let said = try answers(folder + "/evidence", key: site.folder + "/registry-key.pem")
    #expect(said == Array(repeating: Answer(status: 0, findings: []), count: 3))
  }
}
