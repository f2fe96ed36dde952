import ArgumentParser
import Declarations
import JSONTree
import Primitives
import Translation

/// One status of a declaration that was divided, without a gateway.
struct RejoinCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "rejoin",
    abstract: "Make one status of the answers to the parts of a divided declaration.",
    discussion: """
      The parts and their plan are those of `translate --split`. The status goes to standard output: the weakest of the parts', refused when one of
      them is, none while one has not answered; with the reasons of all of them, by the item numbers of the whole.
      """)

  @Option(help: "The plan of the division: plan.json.") var plan: String
  @Option(help: "Profile of the answers, for example uncefact.cdar.json.") var from: String
  @Option(help: "Profile of the output.") var to: String
  @Option(help: "Where the account of the parts goes (JSON): which have answered, and what they say differently.") var account: String?
  @Option(help: "Folder of the dictionary, code lists and profiles.") var schemas: String?
  @Argument(help: "The answers there are: PART=FILE, parts counted from 1.") var answers: [Answer]

  func run() async throws {
    try await Console.reportingErrors {
      let translator = Translator(try ProfileLibrary.load(try Files.schemas(schemas)))
      let (source, target) = (try translator.profile(from), try translator.profile(to))
      let json = try JSONValue.parse(try Files.read(plan))
      let numbers = try DeclarationSplit.numbers(json: json)
      guard let parts = json["profile"]?.string else { throw CausewayError("write.plan_invalid", pointer: "/profile") }
      var given = [ValidDocument?](repeating: nil, count: numbers.count)
      for answer in answers {
        guard given.indices.contains(answer.part - 1), given[answer.part - 1] == nil else {
          throw ValidationError("There are \(numbers.count) parts, each with one answer; part \(answer.part) is not one that waits for it.")
        }
        given[answer.part - 1] = try translator.validate(try translator.parse(try Files.document(answer.file), as: source), as: source)
      }
      let joined = try translator.rejoin(answers: given, numbers: numbers, parts: try translator.profile(parts))
      if let account { try Files.write(joined.json.serialized(pretty: true) + [0x0A], to: account) }
      guard let first = given.compactMap({ $0 }).first else { return }
      let written = try translator.write(first, released: joined.status, to: target, options: .init(makesComplement: false))
      Console.report(written.problems)
      Console.write(try written.bytes())
    }
  }

  /// `3=answer.xml`
  struct Answer: ExpressibleByArgument {
    let part: Int
    let file: String

    init?(argument: String) {
      guard let equals = argument.firstIndex(of: "="), let part = Int(argument[..<equals]), part > 0 else { return nil }
      self.part = part
      file = String(argument[argument.index(after: equals)...])
    }
  }
}
