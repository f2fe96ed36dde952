import Glibc
import Primitives

/// Memory of this process, as Linux counts it.
enum Memory {
  /// Most resident memory that something takes beyond what was resident before, in bytes.
  ///
  /// - Throws: `bench.raw_call` where the system does not tell; what `body` throws.
  static func peak(_ body: () throws -> Void) throws -> Int {
    // Free memory that the process holds would hide what is taken.
    _ = trim?(0)
    try reset()
    let before = try resident("VmHWM:")
    try body()
    return try resident("VmHWM:") - before
  }

  /// Most resident memory of the whole process while something is done, in bytes.
  ///
  /// - Throws: `bench.raw_call` where the system does not tell; what `body` throws.
  static func highest(_ body: () throws(CausewayError) -> Void) throws(CausewayError) -> Int {
    _ = trim?(0)
    try reset()
    try body()
    return try resident("VmHWM:")
  }

  /// `malloc_trim(3)`, which the module map of the C library leaves out.
  private static let trim = dlsym(nil, "malloc_trim").map { unsafeBitCast($0, to: (@convention(c) (Int) -> Int32).self) }

  /// Makes the highest mark the present one (proc(5), `/proc/pid/clear_refs`).
  private static func reset() throws(CausewayError) {
    let file = open("/proc/self/clear_refs", O_WRONLY)
    guard file >= 0, write(file, "5", 1) == 1 else { throw CausewayError("bench.raw_call", facts: ["call": "clear_refs"]) }
    close(file)
  }

  private static func resident(_ name: String) throws(CausewayError) -> Int {
    let lines = String(decoding: try Files.read("/proc/self/status"), as: UTF8.self).split(separator: "\n")
    guard let line = lines.first(where: { $0.hasPrefix(name) }), let kibibytes = line.split(separator: " ").compactMap({ Int($0) }).first
    else { throw CausewayError("bench.raw_call", facts: ["call": "status"]) }
    return kibibytes << 10
  }
}
