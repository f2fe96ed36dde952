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
    /// Cost of the floor of the whole path for each run, per declaration, in nanoseconds.
    var paths: [(figures: WholePath.Figures, floor: Double)]
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
    for (path, floor) in subject.paths {
      let each = path.elapsedEach
      lines.append(
        columns("whole path, \(path.inFlight) in flight", time(each), time(floor), ratio(each / floor), rate(each), PathFloor.description))
      lines += [
        "  \(path.declarations) declarations: until receipt and hand-over p50 \(time(path.latency(50))), p99 \(time(path.latency(99))); "
          + "until the verified receipt p50 \(time(path.receiptLatency(50))), p99 \(time(path.receiptLatency(99)))",
        "  processor time of both gateways \(time(path.processorTimeEach)) each, \(ratio(path.processorTimeEach / floor)) × floor; "
          + "of the client \(time(path.clientTimeEach)) each",
      ]
    }
    return lines
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
    func whole(_ value: Double) -> JSONValue { .number(JSONNumber(Int(value.rounded()))) }
    let subjects = self.subjects.map { subject -> JSONValue in
      let paths = subject.paths.map { path, floor -> JSONValue in
        [
          "inFlight": .number(JSONNumber(path.inFlight)), "declarations": .number(JSONNumber(path.declarations)),
          "elapsedNanoseconds": whole(path.elapsed), "medianNanoseconds": whole(path.latency(50)),
          "p99Nanoseconds": whole(path.latency(99)), "receiptMedianNanoseconds": whole(path.receiptLatency(50)),
          "receiptP99Nanoseconds": whole(path.receiptLatency(99)), "processorNanosecondsEach": whole(path.processorTimeEach),
          "clientNanosecondsEach": whole(path.clientTimeEach), "floorNanosecondsEach": whole(floor),
        ]
      }
      return [
        "declaration": .string(subject.input.name), "bytes": .number(JSONNumber(subject.input.bytes.count)),
        "content": .string(subject.input.content),
        "wireBytes": .number(JSONNumber(subject.payloadBytes)), "peakMemoryBytes": .number(JSONNumber(subject.peakMemory)),
        "stages": .array(subject.rows.map(\.json)), "wholePath": .array(paths),
      ]
    }
    return ["processors": .number(JSONNumber(processors)), "subjects": .array(subjects)]
  }
}
