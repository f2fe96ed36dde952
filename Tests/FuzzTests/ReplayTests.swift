import FuzzTargets
import Testing

/// What the fuzzer starts from and what it has found holds, on every machine.
@Suite struct ReplayTests {
  @Test func everyTargetHasCases() {
    for target in FuzzTarget.all { #expect(Repository.cases.contains { $0.target == target.name }, "\(target.name)") }
  }

  @Test(arguments: Repository.cases) func holds(_ test: Repository.Case) throws {
    let target = try #require(FuzzTarget.all.first { $0.name == test.target })
    #expect(target.violation(try test.bytes()) == nil)
  }
}
