import Foundation
import TestSupport
import Testing

/// The programs that the tests run.
@Suite struct ChildProcessTests {
  /// As many files as fill a listing of them to its end; the program has none of them.
  @Test func manyOpenFilesAreNotHandedOn() throws {
    var files: [Int32] = []
    defer { for file in files { close(file) } }
    var limit = rlimit()
    getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    for _ in 0..<min(1500, Int(limit.rlim_cur) / 2) {
      let file = open("/dev/null", O_RDONLY)
      try #require(file >= 0)
      files.append(file)
    }
    for _ in 0..<20 {
      let result = try ChildProcess.run(["ls", "/proc/self/fd"])
      #expect(result.status == 0 && result.errors.isEmpty)
      // The fourth is the folder that is being listed.
      #expect(result.output == "0\n1\n2\n3\n")
    }
  }

  @Test func whatItWasGivenAndHowItEnded() async throws {
    let result = try ChildProcess.run(
      ["sh", "-c", "cat; pwd; echo $CAUSEWAY_WORD >&2; exit 3"], environment: ["CAUSEWAY_WORD": "yes"], in: "/", input: Array("in\n".utf8))
    #expect(result == (3, "in\n/\n", "yes\n"))
    let child = try ChildProcess(["sleep", "100"])
    #expect(child.isRunning)
    child.signal(SIGKILL)
    #expect(await child.waited() == .signal(SIGKILL))
    #expect(!child.isRunning && child.wait() == .signal(SIGKILL))
    child.signal(SIGKILL)
    let echo = try ChildProcess(["cat"], input: .pipe, output: .pipe)
    echo.closeInput()
    #expect(try echo.output?.readToEnd() ?? Data() == Data())
    #expect(echo.wait() == .exit(0))
    #expect(throws: ChildProcess.Failure.self) { try ChildProcess(["/nowhere/at/all"]) }
  }
}
