import JSONTree

/// The figures of one run, for people and for machines.
struct BenchReport: Sendable {
  /// Everything about one declaration.
  struct Subject: Sendable {
    let input: BenchInput
    /// Size of what travels between the gateways.
    let payloadBytes: Int
    /// Most memory that the translation CN → SG with its report takes, in bytes.
    let peakMemory: Int
    var rows: [Stages.Row]
    var paths: [Path]
  }

  /// One run of the whole path.
  struct Path: Sendable {
    /// What the gateways' journals are kept in. The floor is on SQLite for either.
    enum Store: String, Sendable {
      case sqlite, postgresql

      var name: String { self == .sqlite ? "SQLite" : "PostgreSQL" }
    }

    let store: Store
    let figures: WholePath.Figures
    /// Cost of the floor per declaration, in nanoseconds.
    let floor: Double
    /// The same of the floor for the declaration and its receipt alone (``DeclarationFloor``).
    let declarationFloor: Double

    /// Causeway ÷ floor.
    var ratio: Double { figures.elapsedEach / floor }
    var declarationRatio: Double { figures.elapsedEach / declarationFloor }
  }

  var subjects: [Subject] = []
  let processors: Int

  // MARK: For people

  var lines: [String] {
    var lines = [
      "Medians of alternating runs on \(processors) processors. Ratio: Causeway over the floor, which is raw library calls on the same bytes.",
      "Steps that only compute are measured in processor time, the ledger and the whole path by the clock.",
    ]
    for subject in subjects { lines += [""] + Self.lines(subject) }
    if let growth {
      lines += ["", "CN → SG with report, cost per byte of the last declaration over that of the first: \(Self.ratio(growth))"]
    }
    return lines
  }

  /// How the cost of translating grows with the size: 1 is linear.
  private var growth: Double? {
    func perByte(_ subject: Subject?) -> Double? {
      guard let subject, let row = subject.rows.first(where: { $0.name == Stages.corridorRow }) else { return nil }
      return row.cost.candidate / Double(subject.input.bytes.count)
    }
    guard subjects.count > 1, let first = perByte(subjects.first), let last = perByte(subjects.last) else { return nil }
    return last / first
  }

  private static func lines(_ subject: Subject) -> [String] {
    let input = subject.input
    var lines = [
      "\(input.name) declaration: \(input.bytes.count) bytes (\(input.content)); on the wire \(subject.payloadBytes) bytes",
      heading,
    ]
    lines += subject.rows.map(line)
    let times = Double(subject.peakMemory) / Double(input.bytes.count)
    lines.append("  memory of CN → SG with report: \(subject.peakMemory >> 10) KiB at most, \(ratio(times)) × the declaration")
    for path in subject.paths { lines += Self.lines(path) }
    return lines
  }

  private static func lines(_ path: Path) -> [String] {
    let figures = path.figures
    let each = figures.elapsedEach
    return [
      columns(
        "\(path.store == .sqlite ? "whole path" : path.store.name), \(figures.inFlight) in flight", time(each), time(path.floor),
        ratio(path.ratio), rate(each),
        path.store == .sqlite ? PathFloor.description : "the same, on SQLite"),
      "  \(figures.declarations) declarations: until receipt and hand-over p50 \(time(figures.latency(50))), p99 \(time(figures.latency(99))); "
        + "until the verified receipt p50 \(time(figures.receiptLatency(50))), p99 \(time(figures.receiptLatency(99)))",
      "  processor time of both gateways \(time(figures.processorTimeEach)) each\(path.store == .sqlite ? "" : ", without that of the server"); of the client besides \(time(figures.clientTimeEach))",
      "  floor ÷ Causeway \(ratio(1 / path.ratio)); for the declaration alone: floor \(time(path.declarationFloor)), "
        + "Causeway ÷ floor \(ratio(path.declarationRatio)), floor ÷ Causeway \(ratio(1 / path.declarationRatio))",
    ]
  }

  static let heading = columns("stage", "cost", "floor", "ratio", "per second", "the floor is")

  static func line(_ row: Stages.Row) -> String {
    columns(row.name, time(row.cost.candidate), time(row.cost.floor), ratio(row.cost.ratio), rate(row.cost.candidate), row.floor)
  }

  private static func columns(_ stage: String, _ cost: String, _ floor: String, _ ratio: String, _ rate: String, _ note: String) -> String {
    pad(stage, 24) + pad(cost, 12, toRight: true) + pad(floor, 12, toRight: true) + pad(ratio, 8, toRight: true)
      + pad(rate, 12, toRight: true) + "  " + note
  }

  private static func pad(_ text: String, _ width: Int, toRight: Bool = false) -> String {
    let space = String(repeating: " ", count: max(0, width - text.unicodeScalars.count))
    return toRight ? space + text : text + space
  }

  static func time(_ nanoseconds: Double) -> String {
    switch nanoseconds {
    case ..<1e6: fixed(nanoseconds / 1e3, 1) + " µs"
    case ..<1e9: fixed(nanoseconds / 1e6, 2) + " ms"
    default: fixed(nanoseconds / 1e9, 2) + " s"
    }
  }

  private static func ratio(_ value: Double) -> String { fixed(value, 2) }
  private static func rate(_ nanoseconds: Double) -> String {
    nanoseconds > 1e8 ? fixed(1e9 / nanoseconds, 1) : String(Int(1e9 / nanoseconds))
  }

  private static func fixed(_ value: Double, _ digits: Int) -> String {
    let scale = digits == 1 ? 10 : 100
    let scaled = Int((value * Double(scale)).rounded())
    let fraction = String(scaled % scale)
    return "\(scaled / scale)." + String(repeating: "0", count: digits - fraction.utf8.count) + fraction
  }

  // MARK: For machines

  /// Times in nanoseconds, as whole numbers; ratios in thousandths.
  var json: JSONValue {
    let subjects = self.subjects.map { subject -> JSONValue in
      return [
        "declaration": .string(subject.input.name), "bytes": .number(JSONNumber(subject.input.bytes.count)),
        "content": .string(subject.input.content),
        "wireBytes": .number(JSONNumber(subject.payloadBytes)), "peakMemoryBytes": .number(JSONNumber(subject.peakMemory)),
        "stages": .array(subject.rows.map(\.json)), "wholePath": .array(subject.paths.map(Self.json)),
      ]
    }
    return ["processors": .number(JSONNumber(processors)), "subjects": .array(subjects)]
  }

  private static func json(_ path: Path) -> JSONValue {
    func whole(_ value: Double) -> JSONValue { .number(JSONNumber(Int(value.rounded()))) }
    let figures = path.figures
    return [
      "store": .string(path.store.rawValue), "inFlight": .number(JSONNumber(figures.inFlight)),
      "declarations": .number(JSONNumber(figures.declarations)),
      "elapsedNanoseconds": whole(figures.elapsed), "medianNanoseconds": whole(figures.latency(50)),
      "p99Nanoseconds": whole(figures.latency(99)), "receiptMedianNanoseconds": whole(figures.receiptLatency(50)),
      "receiptP99Nanoseconds": whole(figures.receiptLatency(99)), "processorNanosecondsEach": whole(figures.processorTimeEach),
      "clientNanosecondsEach": whole(figures.clientTimeEach), "floorNanosecondsEach": whole(path.floor),
      "declarationFloorNanosecondsEach": whole(path.declarationFloor),
      // Causeway ÷ floor, and floor ÷ Causeway.
      "ratioThousandths": whole(1000 * path.ratio), "shareThousandths": whole(1000 / path.ratio),
      "declarationRatioThousandths": whole(1000 * path.declarationRatio),
      "declarationShareThousandths": whole(1000 / path.declarationRatio),
    ]
  }
}
