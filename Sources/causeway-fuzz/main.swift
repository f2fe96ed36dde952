import CFuzzer
import FuzzTargets
import Glibc

// The fuzzer: libFuzzer around one target of Tests/FuzzTargets. Built by `make fuzz` alone.
//
//   causeway-fuzz TARGET [arguments of libFuzzer]

enum Run {
  static let target: FuzzTarget = {
    let name = CommandLine.arguments.dropFirst().first ?? ""
    guard let target = FuzzTarget.all.first(where: { $0.name == name }) else {
      fatalError("usage: causeway-fuzz \(FuzzTarget.all.map(\.name).joined(separator: "|")) [arguments of libFuzzer]")
    }
    return target
  }()

  /// How many of the changes go by the grammar, of eight; the others are libFuzzer's own.
  static let byGrammar: [String: UInt64] = ["translation": 7, "mapping": 6, "edifact": 4]
}

/// libFuzzer asks this, when it is there, for a changed input.
@_cdecl("LLVMFuzzerCustomMutator")
func change(_ data: UnsafeMutablePointer<UInt8>, _ size: Int, _ capacity: Int, _ seed: CUnsignedInt) -> Int {
  var random = Chance(seed: UInt64(seed))
  if random.next() % 8 < Run.byGrammar[Run.target.name] ?? 2,
    let other = Run.target.mutation(Array(UnsafeBufferPointer(start: data, count: size)), &random), other.count <= capacity
  {
    for (index, byte) in other.enumerated() { data[index] = byte }
    return other.count
  }
  return LLVMFuzzerMutate(data, size, capacity)
}

_ = Run.target
var count = CommandLine.argc - 1
var arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? = CommandLine.unsafeArgv + 1
CommandLine.unsafeArgv[1] = CommandLine.unsafeArgv[0]
let status = LLVMFuzzerRunDriver(&count, &arguments) { data, size in
  if let violation = Run.target.violation(Array(UnsafeBufferPointer(start: data, count: size))) { fatalError(violation) }
  return 0
}
exit(status)
