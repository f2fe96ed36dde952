import AttackCases
import Glibc
import Primitives

// Prints how long the answer to each named attack takes, and to its twin: the median of some runs, in milliseconds of processor time of the
// thread, which other work on the machine does not change much. `make attacks`.
// Ends with status 1 when an answer is not the one that it should be, or takes 100 ms or more.

/// Of this thread, in milliseconds.
func processorTime() -> Double {
  var time = timespec()
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
  return Double(time.tv_sec) * 1000 + Double(time.tv_nsec) / 1e6
}

func time(_ test: AttackCase, _ bytes: [UInt8]) -> Double {
  let times = (0..<5).map { _ in
    let start = processorTime()
    _ = test.answer(to: bytes)
    return processorTime() - start
  }
  return times.sorted()[2]
}

func size(_ bytes: [UInt8]) -> String { bytes.count < 10_000 ? "\(bytes.count) B" : "\(bytes.count / 1000) KB" }

func milliseconds(_ value: Double) -> String {
  let thousandths = Int((value * 1000).rounded())
  let digits = String(thousandths % 1000)
  return "\(thousandths / 1000).\(String(repeating: "0", count: 3 - digits.count))\(digits)"
}

print("| attack | | size | answer | ms | twin | ms |\n|---|---|---:|---|---:|---:|---:|")
var slowest = 0.0
var wrong = 0
for test in AttackCase.all.sorted(by: { $0.id < $1.id }) {
  let answer = test.answer(to: test.attack)?.code
  let (attack, twin) = (time(test, test.attack), time(test, test.twin))
  slowest = max(slowest, attack)
  if answer != test.code { wrong += 1 }
  let text = answer.map { "`\($0)`" } ?? "without effect"
  print(
    "| \(test.id) | \(test.name) | \(size(test.attack)) | \(text) | \(milliseconds(attack)) | \(size(test.twin)) | \(milliseconds(twin)) |")
}
print(
  "\n\(AttackCase.all.count) attacks, \(wrong) answered otherwise than they should be; the slowest answer took \(milliseconds(slowest)) ms."
)
exit(wrong > 0 || slowest >= 100 ? 1 : 0)
