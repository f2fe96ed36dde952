import Declarations
import Foundation
import JSONTree
import Policy
import Primitives
import Testing
import Translation
import YAMLTree

@testable import CausewayCLI

/// `causeway bench` measures what it says it measures. How fast things are is not tested: a loaded machine proves nothing.
@Suite struct BenchTests {
  @Test func declarationsHaveTheStatedSizes() throws {
    let inputs = try BenchInput.make(from: try Files.read(World.samples + World.textiles))
    #expect(inputs.map(\.name) == ["10 KB", "1 MB"])
    #expect((9_000...11_000).contains(inputs[0].bytes.count))
    #expect((990_000...1_010_000).contains(inputs[1].bytes.count))
  }

  @Test func sampleOfAnotherFormIsRefused() {
    #expect(throws: CausewayError("bench.sample_form")) { try BenchInput.make(from: Array("<DecMessage/>".utf8)) }
  }

  @Test func percentiles() {
    let values = (1...100).map(Double.init).shuffled()
    #expect(Stopwatch.percentile(50, of: values) == 50)
    #expect(Stopwatch.percentile(99, of: values) == 99)
    #expect(Stopwatch.percentile(100, of: values) == 100)
    #expect(Stopwatch.median([3]) == 3)
  }

  /// The raw calls give right answers too: a floor that fails fast would be no floor.
  @Test func rawCallsWork() throws {
    let payload = [UInt8](repeating: 0x41, count: 40_000)
    let crypto = try RawCrypto()
    try crypto.sign(payload)
    try crypto.verify(payload)
    #expect(throws: CausewayError("bench.raw_call")) { try crypto.verify([0x42] + payload) }
    try crypto.carry(payload)
    #expect(throws: CausewayError("bench.raw_call")) { try RawXML.parseAndFree(Array("<a>".utf8)) }
    try RawXML.Tree(Array("<a/>".utf8)).dumpAndFree()
    try crypto.authenticate(payload)
    try crypto.signCheckpoint(payload)
    try crypto.verifyCheckpoint(payload)
    #expect(throws: CausewayError("bench.raw_call")) { try crypto.verifyCheckpoint([0x42] + payload) }
    var sealed = try crypto.sealed(payload)
    try crypto.open(sealed)
    sealed.ciphertext[39_999] ^= 1
    #expect(throws: CausewayError("bench.raw_call")) { try crypto.open(sealed) }
  }

  /// The floor of the whole path works on what the gateways make of the declaration, and notices when its documents and schemas do not belong together.
  @Test func theFloorTakesWhatTheStepsMake() throws {
    let schemas = try Files.schemas(nil)
    let library = try ProfileLibrary.load(schemas)
    let translator = Translator(library)
    let policy = try ReleasePolicy(
      configuration: try YAMLDocument.load(schemas + "/policies/cn-sg-clearance.yaml"), dictionary: library.dictionary)
    let local = try translator.profile("cn.decmessage")
    let wire = try translator.profile("uncefact.xml")
    let input = try BenchInput.make(from: try Files.read(World.samples + World.textiles))[0]
    let material = try PathMaterial(
      input.bytes, local: local, wire: wire, partner: try translator.profile("sg.tradenet"), policy: policy, library: library)
    let declaration = try translator.declaration(of: material.wire, as: wire)
    #expect(material.fields.count == declaration.count && declaration.count > 100)
    #expect(try JSONValue.parse(material.report).object != nil && JSONValue.parse(material.draftReport).object != nil)
    #expect(try !JSONValue.parse(material.complement).isNull && JSONValue.parse(material.supplement)["items"]?.array?.isEmpty == false)
    #expect(String(decoding: material.status, as: UTF8.self).contains("supplement"))
    let folder = FileManager.default.temporaryDirectory.appending(path: "floor-\(UUID().uuidString)").path()
    try Files.makeFolder(folder)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let schema = try RawXML.Schema(try Files.read("\(schemas)/profiles/\(local.id)/\(local.version)/schema.xsd"))
    let database = try RawSQLite(path: folder + "/database.sqlite")
    #expect(throws: CausewayError("bench.raw_call")) {
      try PathFloor(
        material, schemas: .init(local: schema, wire: schema, partner: schema, partnerSample: input.bytes), crypto: try RawCrypto(),
        sender: database,
        destination: database)
    }
  }

  @Test func answersToTheClient() throws {
    func body(_ text: String) throws -> String? {
      try PlainConnection.body(of: Array(text.utf8)).map { String(decoding: $0, as: UTF8.self) }
    }
    #expect(try body("HTTP/1.1 202 Accepted\r\nContent-Le") == nil)
    #expect(try body("HTTP/1.1 202 Accepted\r\ncontent-length: 2\r\n\r\n{") == nil)
    #expect(try body("HTTP/1.1 202 Accepted\r\nDate: now\r\nContent-Length: 2\r\n\r\n{}") == "{}")
    for refused in ["HTTP/1.1 429 Too Many Requests\r\nContent-Length: 0\r\n\r\n", "HTTP/1.1 200 OK\r\n\r\n", "\r\n\r\n"] {
      #expect(throws: CausewayError("deliver.answer")) { try body(refused) }
    }
  }

  /// Ctrl-C while gateways start: a request in a cancelled task would end the process, and leave the gateways alone.
  @Test func whoIsInterruptedWaitsForNoGateway() async throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "interrupted-\(UUID().uuidString)").path()
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let gateway = try GatewayProcess(try DemoWorld.create(in: folder).cn, executable: World.executable)
    defer { gateway.stop() }
    await #expect(throws: CausewayError("deliver.unreachable")) {
      try await withThrowingTaskGroup(of: Void.self) { group in
        group.cancelAll()
        group.addTask { try await gateway.waitUntilReady() }
        try await group.waitForAll()
      }
    }
  }

  /// With a server of its own, as `make bench` does it: a run without one leaves rows out and does nothing else.
  @Test(.timeLimit(.minutes(5))) func quickRunPrintsEveryRow() throws {
    let script = World.repository + "scripts/with-postgres"
    let (status, output, errors) = try World.tool(
      script,
      [
        "cn", "sg", "--", World.executable, "bench", "--quick", "--json", "--postgres-cn", "postgresql:///cn", "--postgres-sg",
        "postgresql:///sg",
      ])
    #expect(status == 0, "\(errors)")
    let report = try JSONValue.parse(Array(output.utf8))
    let subjects = try #require(report["subjects"]?.array)
    #expect(subjects.count == 2)
    for subject in subjects {
      let stages = subject["stages"]?.array ?? []
      let names = stages.compactMap { $0["stage"]?.string }
      for name in ["parse", "validate", "read", "write", "sign", "verify", "ledger append"] { #expect(names.contains(name)) }
      for stage in stages {
        #expect(stage["costNanoseconds"]?.int ?? 0 > 0)
        #expect(stage["floorNanoseconds"]?.int ?? 0 > 0)
        #expect(stage["rounds"]?.int ?? 0 >= Pace.quick.rounds.lowerBound)
      }
      let paths = subject["wholePath"]?.array ?? []
      #expect(paths.compactMap { $0["store"]?.string } == ["sqlite", "sqlite", "postgresql", "postgresql"])
      for path in paths {
        for name in [
          "processorNanosecondsEach", "clientNanosecondsEach", "floorNanosecondsEach", "declarationFloorNanosecondsEach",
          "ratioThousandths",
          "shareThousandths", "declarationRatioThousandths", "declarationShareThousandths",
        ] {
          #expect(path[name]?.int ?? 0 > 0, "\(name)")
        }
        let (receipt, whole) = (path["receiptMedianNanoseconds"]?.int ?? 0, path["medianNanoseconds"]?.int ?? 0)
        #expect(receipt > 0 && whole >= receipt)
        #expect(path["p99Nanoseconds"]?.int ?? 0 >= whole)
      }
    }
  }

  @Test(.timeLimit(.minutes(3))) func quickReplayDoublesNothing() throws {
    let (status, output, errors) = try World.run(["bench", "--replay", "--messages", "24", "--quick", "--json"])
    #expect(status == 0, "\(errors)")
    let report = try JSONValue.parse(Array(output.utf8))
    #expect(report["messages"]?.int == 16)
    #expect(report["causes"]?["deliver.unreachable"]?.int == 8 && report["causes"]?.object?.members.count == 2)
    #expect(report["actions"]?["deliver"]?.int == 8 && report["actions"]?["translate"]?.int == 8)
    #expect(report["effects"]?.int == 16 && report["clearances"]?.int == 16)
    #expect(report["perSecond"]?.int ?? 0 > 0 && report["dryRunMilliseconds"]?.int ?? 0 > 0)
  }

  @Test(.timeLimit(.minutes(3))) func quickRunOnALedgerPrintsEveryFigure() throws {
    let (status, output, errors) = try World.run(["bench", "--ledger", "--entries", "2000", "--quick", "--json"])
    #expect(status == 0, "\(errors)")
    let report = try JSONValue.parse(Array(output.utf8))
    #expect(report["entries"]?.int == 2000)
    #expect((500...1000).contains((report["bytes"]?.int ?? 0) / 2000))
    let stages = report["stages"]?.array ?? []
    #expect(
      stages.compactMap { $0["stage"]?.string } == [
        "append, 64 writers", "append, 64 writers, plain", "append at 2000", "parse, chain, tree", "ledger verify",
      ])
    for stage in stages {
      #expect(stage["costNanoseconds"]?.int ?? 0 > 0)
      #expect(stage["floorNanoseconds"]?.int ?? 0 > 0)
    }
    #expect(report["verificationPeakMemoryBytes"]?.int ?? 0 > 1 << 20)
    for (name, count) in [("start", 2), ("inclusionProof", 200), ("finalCheckpoint", 10)] {
      #expect(report[name]?["count"]?.int == count)
      let (half, most) = (report[name]?["medianNanoseconds"]?.int ?? 0, report[name]?["p99Nanoseconds"]?.int ?? 0)
      #expect(half > 0 && most >= half)
    }
  }

  @Test func onePostgreSQLDatabaseIsNotEnough() throws {
    for arguments in [
      ["--postgres-cn", "postgresql:///cn"], ["--postgres-cn", "postgresql:///cn", "--postgres-sg", "postgresql:///sg", "--ledger"],
    ] {
      let (status, _, errors) = try World.run(["bench"] + arguments)
      #expect(status == 64 && errors.contains("two databases"))
    }
  }

  /// The script gives the command a server that makes durable what it says, hands on how it ended, and leaves nothing behind.
  @Test(.timeLimit(.minutes(3))) func withPostgresLeavesNothingBehind() throws {
    let ask = "psql -At -c 'SHOW fsync' one; psql -At -c 'SELECT current_database()' two; echo $PGHOST; exit 7"
    let (status, output, errors) = try World.tool(World.repository + "scripts/with-postgres", ["one", "two", "--", "sh", "-c", ask])
    #expect(status == 7, "\(errors)")
    let lines = output.split(separator: "\n").map(String.init)
    try #require(lines.count == 3, "\(output) \(errors)")
    #expect(lines[..<2] == ["on", "two"])
    #expect(!FileManager.default.fileExists(atPath: lines[2]))
    #expect(try World.tool(World.repository + "scripts/with-postgres", ["one"]).status == 64)
  }

  @Test func aLedgerOfAFewEntriesIsNotMeasured() throws {
    let (status, _, errors) = try World.run(["bench", "--ledger", "--entries", "999"])
    #expect(status != 0 && errors.contains("1000"))
  }
}
