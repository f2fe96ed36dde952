import CSpawn
package import Foundation
import Synchronization

/// A program that the tests run beside themselves.
///
/// Foundation's `Process` reads beyond the end of a directory's listing when some 1,350 files are open, as they are with many tests at
/// once, and ends the tests by that (swift-corelibs-foundation #5472, mended after Swift 6.3.1).
package final class ChildProcess: Sendable {
  /// What one of the three standard streams is.
  package enum Stream {
    /// `/dev/null`.
    case nothing
    /// The same as the tests' own.
    case inherited
    /// One that is there: for a child's input read from its beginning, else written from there.
    case file(String)
    /// A pipe to or from the tests: `closeInput()`, `output`.
    case pipe
  }

  package enum End: Equatable, Sendable {
    case exit(Int32)
    case signal(Int32)
  }

  package struct Failure: Error, CustomStringConvertible {
    package let description: String
  }

  package let id: Int32
  /// What it writes into its pipe; ended when it is.
  package let output: FileHandle?
  private let input: Mutex<Int32?>
  private let ended = Mutex<End?>(nil)

  /// Starts a program in a process group of its own; it has the three standard streams and no other file of the tests.
  ///
  /// - Parameters:
  ///   - command: the program, looked for in `PATH` when it has no slash, and its arguments.
  ///   - environment: added to the tests' own.
  ///   - folder: where it runs; nil: where the tests do.
  package init(
    _ command: [String], environment: [String: String] = [:], in folder: String? = nil, input: Stream = .nothing,
    output: Stream = .nothing, errors: Stream = .inherited
  ) throws {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    var (ours, theirs): ([Int32: Int32], [Int32]) = ([:], [])
    defer { for descriptor in theirs { close(descriptor) } }
    for (number, stream) in zip(Int32(0)..., [input, output, errors]) {
      let mode = number == 0 ? O_RDONLY : O_WRONLY
      switch stream {
      case .nothing: posix_spawn_file_actions_addopen(&actions, number, "/dev/null", mode, 0)
      case .file(let path): posix_spawn_file_actions_addopen(&actions, number, path, mode, 0)
      case .pipe:
        var ends: [Int32] = [-1, -1]
        guard pipe2(&ends, O_CLOEXEC) == 0 else { throw Failure(description: "pipe: errno \(errno)") }
        if number == 0 { ends.reverse() }
        (ours[number], theirs) = (ends[0], theirs + [ends[1]])
        posix_spawn_file_actions_adddup2(&actions, ends[1], number)
      case .inherited: break
      }
    }
    posix_spawn_file_actions_addclosefrom_np(&actions, 3)
    if let folder { posix_spawn_file_actions_addchdir_np(&actions, folder) }
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETPGROUP))
    let variables = ProcessInfo.processInfo.environment.merging(environment) { $1 }.map { "\($0)=\($1)" }
    let (arguments, settings) = (command.map { strdup($0) }, variables.map { strdup($0) })
    defer { for text in arguments + settings { free(text) } }
    var id: pid_t = 0
    self.output = ours[1].map { FileHandle(fileDescriptor: $0, closeOnDealloc: true) }
    self.input = Mutex(ours[0])
    let code = posix_spawnp(&id, command[0], &actions, &attributes, arguments + [nil], settings + [nil])
    guard code == 0 else { throw Failure(description: "\(command[0]): errno \(code)") }
    self.id = id
  }

  deinit { closeInput() }

  /// The end of its input, as it has it too when the tests die.
  package func closeInput() {
    input.withLock { input in
      if let input { close(input) }
      input = nil
    }
  }

  package var isRunning: Bool { end(orWait: WNOHANG) == nil }

  /// Waits until it has ended, and keeps the thread.
  @discardableResult package func wait() -> End {
    var information = siginfo_t()
    // Leaves what it finds, for whoever of those who wait is first.
    while waitid(P_PID, id_t(id), &information, WEXITED | WNOWAIT) == -1 && errno == EINTR {}
    while true {
      if let end = end(orWait: 0) { return end }
    }
  }

  /// Waits until it has ended, and keeps no thread unless the task is cancelled.
  package func waited() async -> End {
    while isRunning, (try? await Task.sleep(for: .milliseconds(5))) != nil {}
    return wait()
  }

  /// Nothing when it has ended: its number may be another's by then.
  package func signal(_ number: Int32) {
    ended.withLock { if $0 == nil { _ = Foundation.kill(id, number) } }
  }

  private func end(orWait options: Int32) -> End? {
    ended.withLock { ended in
      var status: Int32 = 0
      if ended == nil, waitpid(id, &status, options) == id {
        ended = status & 0x7F == 0 ? .exit(status >> 8 & 0xFF) : .signal(status & 0x7F)
      }
      return ended
    }
  }

  // MARK: To its end

  /// Runs a program to its end.
  ///
  /// - Returns: its exit status, or the signal that ended it made negative; what it wrote.
  package static func run(
    _ command: [String], environment: [String: String] = [:], in folder: String? = nil, input: [UInt8] = []
  ) throws -> (status: Int32, output: String, errors: String) {
    let files = try Files(input)
    defer { files.remove() }
    let process = try ChildProcess(
      command, environment: environment, in: folder, input: .file(files.input), output: .file(files.output), errors: .file(files.errors))
    let end = process.wait()
    return (end.status, try files.read(files.output), try files.read(files.errors))
  }

  /// What a child reads and writes: files, since a pipe that nobody empties would stop it.
  struct Files {
    private let folder = FileManager.default.temporaryDirectory.appending(path: "run-\(UUID().uuidString)")
    var input: String { folder.path() + "/in" }
    var output: String { folder.path() + "/out" }
    var errors: String { folder.path() + "/err" }

    init(_ bytes: [UInt8] = []) throws {
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
      for (name, content) in [(input, bytes), (output, []), (errors, [])] { try Data(content).write(to: URL(filePath: name)) }
    }

    func read(_ file: String) throws -> String { String(decoding: try Data(contentsOf: URL(filePath: file)), as: UTF8.self) }
    func remove() { try? FileManager.default.removeItem(at: folder) }
  }
}

extension ChildProcess.End {
  /// The exit status; a signal made negative.
  package var status: Int32 {
    switch self {
    case .exit(let code): code
    case .signal(let number): -number
    }
  }
}
