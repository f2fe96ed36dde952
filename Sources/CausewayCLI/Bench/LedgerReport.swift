import JSONTree

/// The figures of a large ledger, for people and for machines.
struct LedgerReport: Sendable {
  let processors: Int
  /// Entries of the large ledger, and their bytes.
  let size: Int
  let byteCount: Int
  let rows: [Stages.Row]
  /// Most resident memory of the whole process during full verification, in bytes.
  let peakMemory: Int
  /// In nanoseconds.
  let starts: [Double]
  let proofs: [Double]
  /// From an entry's commit to the checkpoint over it that two of three witnesses have cosigned, in nanoseconds.
  var finals: [Double] = []

  var lines: [String] {
    var lines = [
      "A ledger of \(size) entries, \(byteCount / max(1, size)) bytes each, on \(processors) processors. "
        + "Ratio: Causeway over the floor, which is raw library calls on the same bytes.",
      "Parsing, verification and their floor are measured in processor time, the other steps by the clock.", "", BenchReport.heading,
    ]
    lines += rows.map(BenchReport.line)
    for row in rows where row.name == "ledger verify" {
      let each = Double(byteCount) / Double(max(1, size))
      lines.append(
        "  \(Self.rate(each / row.cost.candidate)) of entries; OpenSSL \(Self.rate(each / row.cost.floor)); "
          + "the whole process takes \(peakMemory >> 20) MiB of memory at most")
    }
    lines.append(Self.percentiles("inclusion proof from the store", proofs))
    lines.append(
      "start, nothing of the file in memory: median \(BenchReport.time(Stopwatch.median(starts))), longest \(BenchReport.time(starts.max() ?? 0)) of \(starts.count)"
    )
    lines.append(Self.percentiles("commit to final checkpoint, 2 of 3 witnesses, each a process, mutual TLS on loopback", finals))
    return lines
  }

  private static func percentiles(_ name: String, _ values: [Double]) -> String {
    let (half, most) = (BenchReport.time(Stopwatch.median(values)), BenchReport.time(Stopwatch.percentile(99, of: values)))
    return "\(name): p50 \(half), p99 \(most) of \(values.count)"
  }

  /// - Parameter bytesPerNanosecond: the same as gigabytes a second.
  private static func rate(_ bytesPerNanosecond: Double) -> String { "\(Int(bytesPerNanosecond * 1000)) MB/s" }

  /// Times in nanoseconds, as whole numbers; ratios in thousandths.
  var json: JSONValue {
    func whole(_ value: Double) -> JSONValue { .number(JSONNumber(Int(value.rounded()))) }
    func series(_ values: [Double]) -> JSONValue {
      [
        "count": .number(JSONNumber(values.count)), "medianNanoseconds": whole(Stopwatch.median(values)),
        "p99Nanoseconds": whole(Stopwatch.percentile(99, of: values)), "longestNanoseconds": whole(values.max() ?? 0),
      ]
    }
    return [
      "processors": .number(JSONNumber(processors)), "entries": .number(JSONNumber(size)), "bytes": .number(JSONNumber(byteCount)),
      "stages": .array(rows.map(\.json)), "verificationPeakMemoryBytes": .number(JSONNumber(peakMemory)),
      "start": series(starts), "inclusionProof": series(proofs), "finalCheckpoint": series(finals),
    ]
  }
}

extension Stages.Row {
  /// Times in nanoseconds, as whole numbers; the ratio in thousandths.
  var json: JSONValue {
    func whole(_ value: Double) -> JSONValue { .number(JSONNumber(Int(value.rounded()))) }
    return [
      "stage": .string(name), "costNanoseconds": whole(cost.candidate), "floorNanoseconds": whole(cost.floor),
      "ratioThousandths": whole(cost.ratio * 1000), "rounds": .number(JSONNumber(cost.rounds)), "floor": .string(floor),
    ]
  }
}
