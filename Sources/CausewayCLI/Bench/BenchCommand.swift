import ArgumentParser
import Exchange
import FoundationEssentials
import JSONTree
import Journal
import JournalPostgres
import JournalSQLite
import Ledger
import Policy
import Primitives
import Translation
import Trust
import YAMLTree

/// What a message costs, step by step and as a whole, beside what the libraries under it cost.
struct BenchCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bench", abstract: "Measure each step of the message path against raw library calls on the same bytes.",
    discussion:
      "Uses a temporary folder and loopback ports. Takes about a minute, with --ledger some minutes; figures of a debug build mean nothing."
  )

  @Flag(help: "A large ledger instead: appending, verifying, proving, starting, and how long until witnesses have made a checkpoint final.")
  var ledger = false
  @Option(help: "Entries of the large ledger, at least \(LedgerStages.smallSize).") var entries = 1_000_000

  @Flag(help: "A replay instead: messages that failed for three causes, replayed between two gateways. Takes some minutes.")
  var replay = false
  @Option(help: "Messages of the replay, at least 3.") var messages = 10_000

  @Option(
    name: .customLong("postgres-cn"),
    help:
      "Empty PostgreSQL database of the sender's gateway, a libpq URI: the whole path is measured on PostgreSQL too. scripts/with-postgres makes some."
  )
  var postgresCN: String?
  @Option(name: .customLong("postgres-sg"), help: "Another one, of the destination's gateway.") var postgresSG: String?

  @Flag(help: "A few rounds only: shows that everything runs.") var quick = false
  @Flag(help: "One JSON object.") var json = false

  func validate() throws {
    guard messages >= 3, !(ledger && replay) else { throw ValidationError("A replay has at least 3 messages; it is measured by itself.") }
    guard (postgresCN == nil) == (postgresSG == nil), postgresCN == nil || !(ledger || replay) else {
      throw ValidationError("The whole path on PostgreSQL takes two databases; a ledger and a replay are not measured on it.")
    }
    guard entries >= LedgerStages.smallSize else { throw ValidationError("A large ledger has at least \(LedgerStages.smallSize) entries.") }
  }

  func run() async throws {
    try await Console.reportingErrors {
      let folder = FileManager.default.temporaryDirectory.appending(path: "causeway-bench-\(ProcessInfo.processInfo.processIdentifier)")
        .path()
      defer { try? FileManager.default.removeItem(atPath: folder) }
      let (quick, entries, messages) = (quick, entries, messages)
      if replay {
        let sample = try BenchInput.make(from: try Files.read("\(try Files.schemas(nil))/profiles/\(BenchInput.sample)"))[0]
        let figures = try await Self.unlessInterrupted {
          try await ReplayStage.measure(in: folder, document: sample.bytes, messages: messages, isQuick: quick)
        }
        show(figures.lines, figures.json)
      } else if ledger {
        let report = try await Self.unlessInterrupted { try await Self.measureLedger(in: folder, entries: entries, quick: quick) }
        show(report.lines, report.json)
      } else {
        let databases = try [postgresCN, postgresSG].compactMap { $0 }.map { text throws(CausewayError) in try PostgresURI(text) }
        let report = try await Self.unlessInterrupted { try await Self.measure(in: folder, quick: quick, databases: databases) }
        show(report.lines, report.json)
      }
    }
  }

  private func show(_ lines: [String], _ value: JSONValue) {
    Console.progressEnds()
    if json {
      Console.write(value.serialized() + [0x0A])
    } else {
      for line in lines { Console.line(line) }
    }
  }

  private static func measureLedger(in folder: String, entries: Int, quick: Bool) async throws -> LedgerReport {
    // First, so that the memory of the process is that of verifying.
    var report = try await LedgerStages(folder: folder, size: entries, isQuick: quick).measure()
    Console.progress("witnesses")
    report.finals = try await WitnessStage.measure(in: folder + "/witnesses", rounds: quick ? 10 : 500)
    return report
  }

  /// Ctrl-C and SIGTERM end the gateways and remove the folder too.
  private static func unlessInterrupted<Report: Sendable>(_ measure: @escaping @Sendable () async throws -> Report) async throws -> Report {
    try await withThrowingTaskGroup(of: Report?.self) { group in
      group.addTask { try await measure() }
      group.addTask {
        await Interrupt.wait()
        return nil
      }
      defer { group.cancelAll() }
      guard let first = try await group.next(), let report = first else { throw ExitCode(130) }
      return report
    }
  }

  /// - Parameter databases: of the two gateways, for the whole path on PostgreSQL; none: it is left out.
  private static func measure(in folder: String, quick: Bool, databases: [PostgresURI]) async throws -> BenchReport {
    let schemas = try Files.schemas(nil)
    let world = try DemoWorld.create(in: folder)
    let library = try ProfileLibrary.load(schemas)
    let inputs = try BenchInput.make(from: try Files.read("\(schemas)/profiles/\(BenchInput.sample)"))
    let bench = try Bench(schemas: schemas, library: library, world: world, pace: quick ? .quick : .full)
    var report = BenchReport(processors: ProcessInfo.processInfo.activeProcessorCount)
    var materials: [PathMaterial] = []
    for input in inputs {
      Console.progress("\(input.name): steps")
      let (subject, material) = try await bench.steps(input)
      report.subjects.append(subject)
      materials.append(material)
    }
    try await measurePaths(world, .sqlite, bench, materials, quick: quick, into: &report)
    if !databases.isEmpty {
      let world = try DemoWorld.create(in: folder + "/postgresql")
      for (site, uri) in zip([world.cn, world.sg], databases) {
        let configuration = try Files.text(site.configuration) + "journal: \"\(uri.text)\"\n"
        try Files.write(Array(configuration.utf8), to: site.configuration)
      }
      try await measurePaths(world, .postgresql, bench, materials, quick: quick, into: &report)
    }
    return report
  }

  /// The whole path of each declaration between two gateways on one kind of store, each time beside the floor.
  private static func measurePaths(
    _ world: DemoWorld, _ store: BenchReport.Path.Store, _ bench: Bench, _ materials: [PathMaterial], quick: Bool,
    into report: inout BenchReport
  ) async throws {
    Console.progress("starting two gateways on \(store.name)")
    let path = try await WholePath.start(world)
    do {
      for (index, material) in materials.enumerated() {
        Console.progress("\(report.subjects[index].input.name): whole path on \(store.name)")
        for (count, inFlight) in runs(isLarge: index > 0, quick: quick) {
          if !quick { _ = try await path.run(material.source, count: inFlight, inFlight: inFlight) }
          let figures = try await path.run(material.source, count: count, inFlight: inFlight)
          let floors = try await bench.floors(of: material, count: inFlight)
          report.subjects[index].paths.append(
            BenchReport.Path(store: store, figures: figures, floor: floors.candidate, declarationFloor: floors.floor))
        }
      }
    } catch {
      await path.stop()
      throw error
    }
    await path.stop()
  }

  /// How many declarations go the whole way, and how many at a time.
  private static func runs(isLarge: Bool, quick: Bool) -> [(count: Int, inFlight: Int)] {
    switch (isLarge, quick) {
    case (false, false): [(50, 1), (400, 16)]
    case (true, false): [(10, 1), (40, 8)]
    case (false, true): [(3, 1), (16, 8)]
    case (true, true): [(1, 1), (2, 2)]
    }
  }
}

/// What all measurements of a run share.
struct Bench {
  private let library: ProfileLibrary
  private let translator: Translator
  private let local: Profile
  private let wire: Profile
  private let partner: Profile
  private let policy: ReleasePolicy
  private let raw: PathFloor.Schemas
  private let stylesheet: RawXSLT?
  private let crypto: RawCrypto
  private let identity: Stages.Identity
  private let folder: String
  private let pace: Pace

  /// - Throws: what is missing or wrong in the schemas; `bench.raw_call`.
  init(schemas: String, library: ProfileLibrary, world: DemoWorld, pace: Pace) throws(CausewayError) {
    self.library = library
    translator = Translator(library)
    local = try translator.profile("cn.decmessage")
    wire = try translator.profile("uncefact.xml")
    partner = try translator.profile("sg.tradenet")
    let compiled = try [local, wire, partner].map { profile throws(CausewayError) in
      try RawXML.Schema(path: "\(schemas)/profiles/\(profile.id)/\(profile.version)/schema.xsd")
    }
    raw = PathFloor.Schemas(
      local: compiled[0], wire: compiled[1], partner: compiled[2],
      partnerSample: try Files.read("\(schemas)/profiles/\(partner.id)/\(partner.version)/samples/in-payment-textiles.xml"))
    stylesheet = try RawXSLT(library.codes)
    if stylesheet == nil { Console.progress("no libxslt on this machine: the comparison with XSLT is left out") }
    policy = try ReleasePolicy(
      configuration: try YAMLDocument.load(schemas + "/policies/cn-sg-clearance.yaml"), dictionary: library.dictionary)
    crypto = try RawCrypto()
    let (cn, sg) = (world.cn.folder, world.sg.folder)
    let registry = try Registry.verify(
      try Files.read(sg + "/registry.json"), keys: [try PublicKey(pem: try Files.text(sg + "/registry-key.pem"))])
    let verifier = EnvelopeVerifier(recipient: world.sg.economy, registry: registry)
    let tls = try Certificate(pem: try Files.text(cn + "/tls-certificate.pem"))
    identity = Stages.Identity(
      signingKey: try PrivateKey(pem: try Files.text(cn + "/signing-key.pem")),
      keyID: try Certificate(pem: try Files.text(cn + "/signing-certificate.pem")).keyID, verifier: verifier,
      peer: try verifier.identify(tlsCertificate: tls.fingerprint, at: SystemClock().now()))
    folder = world.folder
    self.pace = pace
  }

  func stages(_ input: BenchInput) -> Stages {
    Stages(
      input: input, pace: pace, translator: translator, local: local, wire: wire, partner: partner, policy: policy, schema: raw.local,
      crypto: crypto, identity: identity)
  }

  /// All steps of one declaration, and what the floor of its whole path takes.
  func steps(_ input: BenchInput) async throws -> (BenchReport.Subject, PathMaterial) {
    let stages = stages(input)
    let memory = try stages.peakMemory()
    let steps = try stages.steps()
    var rows = try stages.translationRows(steps)
    rows += try stages.corridorRows(stylesheet: stylesheet, partnerSchema: raw.partner)
    rows += try stages.trustRows(steps.payload)
    let base = "\(folder)/bench-\(input.bytes.count)"
    let store = try await SealingStore.open(try SQLiteStore(path: base + "-journal.sqlite"), key: FileKeyEncryptionKey.generate())
    let signer = try CheckpointSigner(origin: "ledger.bench.causeway.example", key: try PrivateKey.generate(.ed25519))
    let journal = try await Journal.open(store, signer: signer, clock: SystemClock())
    rows += try await stages.ledgerRows(steps.payload, journal: journal, floor: try RawSQLite(path: base + "-raw.sqlite"))
    await journal.close()
    let material = try PathMaterial(input.bytes, local: local, wire: wire, partner: partner, policy: policy, library: library)
    return (BenchReport.Subject(input: input, payloadBytes: steps.payload.count, peakMemory: memory, rows: rows, paths: []), material)
  }

  /// What the floor of the whole path, and that of the declaration alone, cost one declaration when `count` share each commit, in nanoseconds: medians by the
  /// clock, the two by turns.
  func floors(of material: PathMaterial, count: Int) async throws -> Comparison {
    let folder = folder + "/floor"
    try Files.makeFolder(folder)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let (sender, destination) = (try RawSQLite(path: folder + "/sender.sqlite"), try RawSQLite(path: folder + "/destination.sqlite"))
    let path = try PathFloor(material, schemas: raw, crypto: crypto, sender: sender, destination: destination)
    let declaration = try DeclarationFloor(
      source: material.source, payload: material.wire, schema: raw.local, crypto: crypto, sender: sender, destination: destination)
    let costs = try await Stopwatch.compareWaiting(pace) {
      try path.run(count: count)
    } floor: {
      try declaration.run(count: count)
    }
    return costs.divided(by: count)
  }
}
