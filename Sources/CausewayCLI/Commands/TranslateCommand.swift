import ArgumentParser
import Declarations
import Formats
import JSONTree
import Primitives
import Translation

/// Translates one document between two formats, without a gateway.
struct TranslateCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "translate",
    abstract: "Translate a document from one format to another.",
    discussion: """
      The result goes to standard output. What is wrong with the document goes to standard error, one JSON object a line, and the exit code is 65.
      The complement holds what the target cannot carry: it is written on the way out, and read on the way back, to the format that it was made for.
      """)

  @Option(help: "Profile of the input, for example cn.decmessage or cn.decmessage@5.0.") var from: String
  @Option(help: "Profile of the output.") var to: String
  @Option(help: "Shape of the output, for profiles with several, for example InPayment.") var shape: String?
  @Option(help: "Where the translation report goes (JSON).") var report: String?
  @Option(help: "Where the complement is written, or, when it belongs to the output's profile, read.") var complement: String?
  @Option(help: "Where the supplement request goes: what the output still lacks.") var supplement: String?
  @Option(help: "Profile of the supplement request, for example uncefact.supplement.xml; without it, the program's own JSON.")
  var supplementProfile: String?
  @Option(help: "Instead of the document: what became of one element, for example Origin.CountryCode or GoodsItem[2].Origin.CountryCode.")
  var explain: String?
  @Flag(help: "With --explain: one JSON object a line.") var json = false
  @Option(
    help: "Folder for the parts of a declaration with more goods items than the output's format holds, with the plan of the division.")
  var split: String?
  @Flag(help: "The input is a draft that waits for its supplement: what is missing is no error.") var draft = false
  @Flag(help: "The output takes the place of a draft that nobody has lodged: an amended declaration may become an original.")
  var replacesDraft = false
  @Option(help: "export or import, of an input that does not say it itself, as amendments of some formats.")
  var direction: StatedDirection?
  @Option(help: "Folder of the dictionary, code lists and profiles.") var schemas: String?
  @Option(help: "Day for which code lists are asked, YYYY-MM-DD. Without it, validity in time does not count.") var day: String?
  @Argument(help: "The document; - or nothing for standard input.") var file: String = "-"

  func run() async throws {
    try await Console.reportingErrors {
      let translator = Translator(try ProfileLibrary.load(try Files.schemas(schemas)))
      let bytes = try Files.document(file)
      let stored = try complement.flatMap { path throws(CausewayError) in try readComplement(path) }
      let (source, target) = (try translator.profile(from, for: bytes), try target(translator, stored))
      let given = stored.flatMap { ByteString($0.profile) == ByteString(target.name) ? $0 : nil }
      let options = Translator.Options(
        shape: shape, complement: given, makesComplement: complement != nil && given == nil, day: day, replacesDraft: replacesDraft)
      let document = try translator.parse(bytes, as: source)
      let valid = try translator.validate(document, as: source, on: day, isDraft: draft, direction: direction?.value)
      if let split { return try Self.writeParts(try translator.writeParts(valid, to: target, options: options), into: split) }
      let translation = try translator.write(valid, to: target, options: options)
      if let report { try Files.write(translation.report.serialized(pretty: true) + [0x0A], to: report) }
      if let supplement { try Files.write(try request(translation, translator), to: supplement) }
      if let complement, given == nil, let made = translation.complement {
        try Files.write(made.serialized(pretty: true) + [0x0A], to: complement, isSecret: true)
      }
      Console.report(translation.problems)
      if let explain {
        let found = try translation.explanations(of: explain, from: valid)
        for step in found { if json { Console.write(step.json.serialized() + [0x0A]) } else { Console.line(step.text) } }
      } else {
        Console.write(try translation.bytes())
      }
    }
  }

  /// What the output lacks, in the form that was asked for.
  private func request(_ translation: Translation, _ translator: Translator) throws(CausewayError) -> [UInt8] {
    guard let supplementProfile else { return translation.supplement.json.serialized(pretty: true) + [0x0A] }
    var document = SupplementDocument(.request(translation.supplement))
    if !translation.profile.isHub { document.economy = translation.profile.economy }
    return try translator.write(
      try document.document(in: translator.library.dictionary), as: try translator.profile(supplementProfile), on: day)
  }

  /// `part-001.xml` …, each with its report and its supplement request, and `plan.json`: which item went where, what totals were divided by, and
  /// what all parts ask for.
  private static func writeParts(_ result: SplitTranslation, into folder: String) throws(CausewayError) {
    for (index, part) in result.parts.enumerated() {
      let number = String(1000 + index + 1).dropFirst()
      let name = "\(folder)/part-\(number)"
      try Files.write(try part.bytes(), to: "\(name).\(part.profile.syntax.rawValue)")
      try Files.write(part.report.serialized(pretty: true) + [0x0A], to: "\(name).report.json")
      try Files.write(part.supplement.json.serialized(pretty: true) + [0x0A], to: "\(name).supplement.json")
      Console.report(part.problems)
    }
    try Files.write(result.json.serialized(pretty: true) + [0x0A], to: folder + "/plan.json")
    Console.line("\(result.parts.count) parts in \(folder); \(result.common.count) places are asked for in all of them")
  }

  /// The complement in the file; nil when there is none yet.
  private func readComplement(_ path: String) throws(CausewayError) -> Complement? {
    guard Files.exists(path) else { return nil }
    return try Complement(json: try JSONValue.parse(try Files.read(path)))
  }

  /// The output's profile: where the name leaves the version open, the one that the complement was made for.
  private func target(_ translator: Translator, _ stored: Complement?) throws(CausewayError) -> Profile {
    let named = try translator.profile(to)
    guard let stored, let made = translator.library[stored.profile], ByteString(made.id) == ByteString(to) else { return named }
    return made
  }
}

/// A direction on the command line.
enum StatedDirection: String, ExpressibleByArgument, CaseIterable {
  case export, `import`

  var value: Direction { self == .export ? .export : .import }
}

/// Checks a document against its profile.
struct ValidateCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "validate",
    abstract: "Check a document: structure, code lists and rules, every error at once.",
    discussion:
      "Problems go to standard error, one JSON object a line, with a pointer into the document. Exit code 0 when it is valid, 65 when not.")

  @Option(help: "Profile of the document.") var profile: String
  @Flag(help: "The document is a draft that waits for its supplement: what is missing is no error.") var draft = false
  @Option(help: "export or import, of a document that does not say it itself.") var direction: StatedDirection?
  @Option(help: "Folder of the dictionary, code lists and profiles.") var schemas: String?
  @Option(help: "Day for which code lists are asked, YYYY-MM-DD.") var day: String?
  @Option(help: "EDIFACT: where the answer to the interchange's syntax goes, a CONTRL that takes it or turns it back.") var contrl: String?
  @Option(help: "Reference of that answer, 1 to 14 capital letters and digits. Without it, the time to the second.") var contrlReference:
    String?
  @Argument(help: "The document; - or nothing for standard input.") var file: String = "-"

  func validate() throws {
    guard let contrlReference else { return }
    let isSound =
      (1...14).contains(contrlReference.utf8.count) && contrlReference.utf8.allSatisfy { 0x30...0x39 ~= $0 || 0x41...0x5A ~= $0 }
    guard isSound else { throw ValidationError("--contrl-reference is 1 to 14 capital letters and digits.") }
  }

  func run() async throws {
    try await Console.reportingErrors {
      let translator = Translator(try ProfileLibrary.load(try Files.schemas(schemas)))
      let bytes = try Files.document(file)
      let profile = try translator.profile(profile, for: bytes)
      if let contrl { try answer(bytes, profile, translator, into: contrl) }
      let document = try translator.parse(bytes, as: profile)
      let valid = try translator.validate(document, as: profile, on: day, isDraft: draft, direction: direction?.value)
      Console.report(valid.warnings)
      Console.line("valid: \(profile.name), \(valid.declaration.count) values, \(valid.warnings.count) warnings")
    }
  }

  /// Writes the answer to the syntax, whether the document is valid or not.
  private func answer(_ bytes: [UInt8], _ profile: Profile, _ translator: Translator, into file: String) throws {
    guard profile.syntax == .edifact else { throw ValidationError("--contrl is for profiles in EDIFACT.") }
    let time = SystemClock().now()
    let digits = time.rfc3339.utf8.prefix(19).filter { 0x30...0x39 ~= $0 }
    let stamp = SyntaxReport.Stamp(reference: contrlReference ?? String(decoding: digits, as: UTF8.self), time: time)
    guard let answer = translator.syntaxAnswer(to: bytes, as: profile, on: day, stamp: stamp) else {
      return Console.note("no CONTRL: the interchange's sender, recipient or reference could not be read, or it holds nothing but CONTRL")
    }
    try Files.write(answer, to: file)
  }
}
