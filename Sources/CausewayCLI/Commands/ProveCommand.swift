import ArgumentParser
import Declarations
import JSONTree
import Policy
import Primitives
import Translation
import YAMLTree

/// What becomes of each element of one format in another, before anything is sent.
struct ProveCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "prove", abstract: "The loss matrix of an ordered pair of formats, confirmed by generated declarations.",
    discussion: """
      Each element of an export declaration of the first format is carried, converted, lossy, computed, swapped, kept or missing in the second; what the second \
      requires and the first cannot give is a supplement. Exit code 70 when a generated declaration contradicts the matrix.
      """)

  @Argument(help: "Profile of the export declaration, for example cn.decmessage.") var from: String
  @Argument(help: "Profile that it is written in, for example sg.tradenet.") var to: String
  @Option(help: "Shape of the second, for formats with several.") var shape: String?
  @Option(help: "Release policy of the corridor: file, or id of one of the shipped policies.") var policy: String?
  @Option(help: "How many generated declarations confirm it.") var declarations = 100
  @Flag(help: "One JSON object.") var json = false
  @Flag(help: "The page for docs/corridors.") var page = false
  @Option(help: "Folder of the dictionary, code lists and profiles.") var schemas: String?

  func run() async throws {
    try await Console.reportingErrors {
      let folder = try Files.schemas(schemas)
      let translator = Translator(try ProfileLibrary.load(folder))
      var release: ReleasePolicy?
      if let policy {
        let file = Files.exists(policy) ? policy : "\(folder)/policies/\(policy).yaml"
        release = try ReleasePolicy(configuration: try YAMLDocument.load(file), dictionary: translator.library.dictionary)
      }
      let matrix = try Self.matrix(
        translator, from: try translator.profile(from), to: try translator.profile(to), shape: shape, policy: release,
        declarations: declarations)
      if json {
        Console.write(matrix.json.serialized(pretty: true) + [0x0A])
      } else if page {
        Console.write(Array(matrix.page(title: "\(from) → \(to)", command: command).utf8))
      } else {
        for row in matrix.rows { Console.line(Self.line(row)) }
        Console.line(
          matrix.counts.sorted { $0.key.rawValue < $1.key.rawValue }.map { "\($0.key.rawValue) \($0.value)" }.joined(separator: ", "))
      }
      let contradictions = matrix.contradictions.map { found in
        Problem(
          "profile.unproven", element: found.element,
          facts: [
            "element": found.element, "class": found.predicted.rawValue,
            "seen": found.seen.rawValue + (found.reason.map { " (\($0.rawValue))" } ?? ""), "seed": String(found.seed),
          ])
      }
      Console.report(contradictions)
      if !contradictions.isEmpty { throw ExitStatus.fault }
    }
  }

  private var command: String {
    "causeway profiles prove \(from) \(to)" + (policy.map { " --policy \($0)" } ?? "") + " --declarations \(declarations) --page"
  }

  /// The matrix with what a policy withholds.
  static func matrix(
    _ translator: Translator, from: Profile, to: Profile, shape: String? = nil, policy: ReleasePolicy?, declarations: Int
  ) throws(CausewayError) -> LossMatrix {
    guard let policy else { return try translator.lossMatrix(from: from, to: to, shape: shape, declarations: declarations) }
    func release(_ declaration: Declaration) throws(CausewayError) -> Declaration { try policy.release(declaration).declaration }
    return try translator.lossMatrix(
      from: from, to: to, shape: shape, withheld: Set(policy.withheld(of: from.document)), declarations: declarations, release: release)
  }

  private static func line(_ row: LossMatrix.Row) -> String {
    let codes = row.codes.map { " \($0.lossless)+\($0.lossy)+\($0.open)" } ?? ""
    let conditions = row.conditions.isEmpty ? "" : "  unless " + row.conditions.map(\.rawValue).joined(separator: ", ")
    return row.class.rawValue.padded(to: 12) + (row.isRequired ? "* " : "  ") + (row.element ?? row.target.first ?? "") + codes + conditions
  }
}
