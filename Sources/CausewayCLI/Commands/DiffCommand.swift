import ArgumentParser
import JSONTree
import Primitives
import Translation

/// What changes between two versions of a profile, for its data and for messages.
struct DiffCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "diff", abstract: "What changes between two versions of a profile: element by element, and for messages.",
    usage: "causeway profiles diff A@V1 A@V2 [FILES...]\n       causeway profiles diff A --against FOLDER [FILES...]",
    discussion: """
      The first part compares structure, mapping, rules, code lists and tables: each change is narrower (what was valid may not be any more), wider or other. \
      The second tries messages with both versions, documents of the first: out into the partner's format, and from there back in. \
      With --against the second version is the profile of the same name in another folder of schemas. \
      Exit code 65 when a message that the first version takes is refused by the second.
      """)

  @Argument(help: "Profile and version, for example cn.decmessage@5.0.") var before: String
  @Argument(help: "The other version (not with --against), and documents of the first to try; without documents generated ones.")
  var rest: [String] = []
  @Option(help: "Folder of schemas in which the second version is: the same profile with an edited mapping, list or structure.")
  var against: String?
  @Option(help: "Profile of the other side; without it the hub's format.") var with: String?
  @Option(help: "How many generated documents are tried when none are given; 0: the data alone is compared.") var messages = 40
  @Option(help: "Day for which code lists are asked, YYYY-MM-DD. Without it, validity in time does not count.") var day: String?
  @Flag(help: "One JSON object.") var json = false
  @Option(help: "Folder of the dictionary, code lists and profiles.") var schemas: String?

  func validate() throws {
    if against == nil, rest.isEmpty { throw ValidationError("A second version, or --against with a folder of schemas, is needed.") }
    if !(0...10_000).contains(messages) { throw ValidationError("--messages is a number from 0 to 10000.") }
  }

  func run() async throws {
    try await Console.reportingErrors {
      let library = try ProfileLibrary.load(try Files.schemas(schemas))
      let other = try against.map { folder throws(CausewayError) in try ProfileLibrary.load(try Files.schemas(folder)) } ?? library
      let comparison = try ProfileComparison(before, of: library, with: against == nil ? rest[0] : before, of: other)
      let files = against == nil ? Array(rest.dropFirst()) : rest
      var documents = try files.map { path throws(CausewayError) in
        ProfileComparison.Message(name: path, bytes: try Files.document(path))
      }
      if documents.isEmpty { documents = try comparison.generated(messages) }
      var difference = comparison.difference()
      if !documents.isEmpty { difference.trial = try comparison.trial(of: documents, with: with, on: day) }
      if json {
        Console.write(difference.json.serialized(pretty: true) + [0x0A])
      } else {
        for line in difference.lines { Console.line(line) }
      }
      if let trial = difference.trial, !trial.newlyRefused.isEmpty { throw ExitStatus.dataRefused }
    }
  }
}
