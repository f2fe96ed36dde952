package import Foundation
import Glibc

/// Lets system calls of another process fail: a library that is loaded into it before the others (`Tests/FaultLibrary/faults.c`), and the file by
/// which it is told what to do. Arms and disarms a process that runs.
///
/// Linux with glibc. Of memory, only what SQLite and libpq ask for is denied: Swift's runtime ends the process when it gets none.
package final class FaultControl: @unchecked Sendable {
  // The memory is shared with the process anyhow; both sides write whole words, and the state last.

  package enum Kind: UInt32, Sendable, CaseIterable {
    case write, sync, truncate, open, read, connect, send, receive, allocate
    case any = 99
  }

  /// What happens to the call that is struck.
  package enum Effect: Sendable, Hashable, CustomStringConvertible {
    case error(Int32)
    /// Half of the bytes go through.
    case half
    case killBefore, killAfter
    /// Half of the bytes are written, then the process ends.
    case killHalf

    fileprivate var code: UInt32 {
      switch self {
      case .error(let number): UInt32(number)
      case .half: 10_000
      case .killBefore: 10_001
      case .killAfter: 10_002
      case .killHalf: 10_003
      }
    }

    package var isKill: Bool { code > 10_000 }

    package var description: String {
      switch self {
      case .error(EIO): "EIO"
      case .error(ENOSPC): "ENOSPC"
      case .error(ECONNRESET): "ECONNRESET"
      case .error(EPIPE): "EPIPE"
      case .error(ETIMEDOUT): "ETIMEDOUT"
      case .error(ECONNREFUSED): "ECONNREFUSED"
      case .error(EMFILE): "EMFILE"
      case .error(ENOMEM): "ENOMEM"
      case .error(EINTR): "EINTR"
      case .error(let number): "errno \(number)"
      case .half: "half"
      case .killBefore: "kill before"
      case .killAfter: "kill after"
      case .killHalf: "kill half-way"
      }
    }
  }

  /// One thing that goes wrong.
  package struct Fault: Sendable, CustomStringConvertible {
    package var kind: Kind
    package var effect: Effect
    /// Which call of the kind is the first to be struck, from 1.
    package var at: Int
    package var isForEver = false
    /// Only while the process says that it is in this step; 0: always.
    package var step = 0

    package init(_ kind: Kind, _ effect: Effect, at: Int, isForEver: Bool = false, step: Int = 0) {
      (self.kind, self.effect, self.at, self.isForEver, self.step) = (kind, effect, at, isForEver, step)
    }

    package var description: String {
      "\(kind) \(at)\(isForEver ? " and all after it" : "")\(step > 0 ? " of step \(step)" : ""): \(effect)"
    }
  }

  /// The port of connections that are no TCP: a database on this machine.
  package static let localSockets = 65_536
  private static let stepCount = 16
  private static let size = 876

  private enum Place: Int {
    case state = 0
    case step = 4
    case kind = 8
    case effect = 12
    case at = 16
    case isForEver = 20
    case onlyStep = 24
    case port = 28
    case seen = 32
    case hits = 36
    case hitStep = 40
    case
      calls = 44
    case path = 620
  }

  private let file: String
  private let memory: UnsafeMutableRawPointer

  /// - Parameter file: is made.
  package init(file: String) throws {
    self.file = file
    try Data(count: Self.size).write(to: URL(filePath: file))
    let descriptor = Glibc.open(file, O_RDWR | O_CLOEXEC)
    defer { close(descriptor) }
    guard descriptor >= 0, let memory = mmap(nil, Self.size, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0), memory != MAP_FAILED else {
      throw CocoaError(.fileReadUnknown)
    }
    self.memory = memory
  }

  deinit { munmap(memory, Self.size) }

  /// What the process must find in its environment.
  package var environment: [String: String] {
    get throws { ["LD_PRELOAD": try Self.library.get(), "CAUSEWAY_FAULTS": file] }
  }

  /// - Parameters:
  ///   - path: files are meant that have this in their path.
  ///   - port: connections are meant that have this port at one end; 0: all.
  package func arm(_ fault: Fault, path: String = "/", port: Int = 0) {
    set(state: 1, fault, path: path, port: port)
  }

  /// Counts calls, and lets all of them through.
  package func count(path: String = "/", port: Int = 0) { set(state: 2, Fault(.any, .half, at: 1), path: path, port: port) }

  package func disarm() { self[.state] = 0 }

  private func set(state: UInt32, _ fault: Fault, path: String, port: Int) {
    self[.state] = 0
    memset(memory + Place.seen.rawValue, 0, Place.path.rawValue - Place.seen.rawValue)
    precondition(path.utf8.count < 256, "the path fits")
    _ = path.withCString { strcpy((memory + Place.path.rawValue).assumingMemoryBound(to: CChar.self), $0) }
    self[.kind] = fault.kind.rawValue
    self[.effect] = fault.effect.code
    self[.at] = UInt32(fault.at)
    self[.isForEver] = fault.isForEver ? 1 : 0
    self[.onlyStep] = UInt32(fault.step)
    self[.port] = UInt32(port)
    self[.state] = state
  }

  /// How many calls were struck since it was armed.
  package var hits: Int { Int(self[.hits]) }
  /// In which step the first was struck.
  package var hitStep: Int { Int(self[.hitStep]) }

  /// Calls of a kind since it was armed or counting began; `step` nil: in all steps.
  package func calls(_ kind: Kind, step: Int? = nil) -> Int {
    let kinds = kind == .any ? Kind.allCases.filter { $0 != .any } : [kind]
    let steps = step.map { $0...$0 } ?? 0...(Self.stepCount - 1)
    return kinds.reduce(0) { sum, kind in
      steps.reduce(sum) { sum, step in
        let offset = Place.calls.rawValue + 4 * (Int(kind.rawValue) * Self.stepCount + step)
        return sum + Int(memory.load(fromByteOffset: offset, as: UInt32.self))
      }
    }
  }

  private subscript(place: Place) -> UInt32 {
    get { memory.load(fromByteOffset: place.rawValue, as: UInt32.self) }
    set { memory.storeBytes(of: newValue, toByteOffset: place.rawValue, as: UInt32.self) }
  }

  /// Compiled once for each run of the tests, with the compiler that comes with Swift's.
  private static let library = Result {
    let source = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().appending(path: "FaultLibrary/faults.c")
    let folder = FileManager.default.temporaryDirectory.appending(path: "faults-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    let library = folder.appending(path: "faults.so").path()
    let result = try ChildProcess.run(["clang", "-shared", "-fPIC", "-O1", "-Wall", "-Wextra", "-Werror", "-o", library, source.path()])
    guard result.status == 0 else { throw ChildProcess.Failure(description: "clang: \(result)") }
    return library
  }
}

/// A program that the tests run, waited for without keeping a thread.
package struct Life: Sendable {
  package let end: ChildProcess.End
  /// Whole lines of its standard output.
  package let lines: [String]
  package let errors: String

  /// - Parameter deadlineSeconds: when it is ended by SIGALRM: it hangs.
  package static func run(
    _ executable: URL, _ arguments: [String], environment: [String: String] = [:], deadlineSeconds: Int = 300
  ) async throws -> Life {
    let files = try ChildProcess.Files()
    defer { files.remove() }
    let process = try ChildProcess(
      [executable.path()] + arguments, environment: environment, output: .file(files.output), errors: .file(files.errors))
    async let _ = alarm(process, afterSeconds: deadlineSeconds)
    let end = await process.waited()
    let output = Array(try files.read(files.output).utf8)
    let whole = output.prefix((output.lastIndex(of: 0x0A) ?? -1) + 1)
    return Life(
      end: end, lines: whole.split(separator: 0x0A).map { String(decoding: $0, as: UTF8.self) }, errors: try files.read(files.errors))
  }

  /// Cancelled when the process has ended.
  private static func alarm(_ process: ChildProcess, afterSeconds seconds: Int) async {
    guard (try? await Task.sleep(for: .seconds(seconds))) != nil else { return }
    process.signal(SIGALRM)
  }
}
