import ArgumentParser
import Declarations
import Formats
import JSONTree
import Primitives
import Translation

/// The formats that are installed.
struct ProfilesCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "profiles", abstract: "List, show, check and compare the profiles.",
    subcommands: [List.self, Show.self, Schema.self, Sample.self, Check.self, ProveCommand.self, DiffCommand.self])

  /// Lists them.
  struct List: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "List the profiles.")

    @Option(help: "Folder of the dictionary, code lists and profiles.") var schemas: String?
    @Flag(help: "A JSON array.") var json = false

    func run() async throws {
      try await Console.reportingErrors {
        let profiles = try ProfileLibrary.load(try Files.schemas(schemas)).profiles
        if json {
          Console.write(JSONValue.array(profiles.map(ProfilesCommand.json)).serialized(pretty: true) + [0x0A])
        } else {
          for profile in profiles {
            Console.line("\(profile.name.padded(to: 22))\(profile.economy.padded(to: 5))\(profile.en)  \(profile.zh)")
          }
        }
      }
    }
  }

  /// Shows what one carries.
  struct Show: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Show which canonical elements a profile carries and requires, by direction.")

    @Argument(help: "Profile, for example sg.tradenet.") var profile: String
    @Option(help: "Folder of the dictionary, code lists and profiles.") var schemas: String?
    @Flag(help: "One JSON object.") var json = false

    func run() async throws {
      try await Console.reportingErrors {
        let library = try ProfileLibrary.load(try Files.schemas(schemas))
        let profile = try Translator(library).profile(profile)
        var object = ProfilesCommand.json(profile).object ?? [:]
        // Documents of a kind without direction are one list.
        let directions: [Direction?] = profile.document.hasDirection ? [.export, .import] : [nil]
        func name(_ direction: Direction?) -> String { direction.map { "\($0)" } ?? profile.document.rawValue }
        for direction in directions {
          object[name(direction)] = [
            "carries": .array(profile.carriedElements(direction).map(JSONValue.string)),
            "requires": .array(profile.requiredElements(direction).map(JSONValue.string)),
          ]
        }
        if json {
          Console.write(JSONValue.object(object).serialized(pretty: true) + [0x0A])
          return
        }
        Console.line("\(profile.name)  \(profile.en)  \(profile.zh)")
        for direction in directions {
          let required = Set(profile.requiredElements(direction))
          Console.line("\(name(direction)):")
          for id in profile.carriedElements(direction) { Console.line("  \(required.contains(id) ? "*" : " ") \(id)") }
        }
        Console.line("* required")
      }
    }
  }

  /// Prints or writes the schema of one.
  struct Schema: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Print the schema that is generated from a profile's structure: XML Schema for XML, JSON Schema 2020-12 for JSON.",
      discussion: """
        An XML format with several namespaces has a file for each: schema.xsd imports the others. With --into all files are written, without it one is \
        printed. EDIFACT has none.
        """)

    @Argument(help: "Profile, for example sg.tradenet.") var profile: String
    @Option(help: "Folder into which all files are written; files that are there are replaced.") var into: String?
    @Option(help: "File to print, for example schema.cac.xsd; without it the first.") var file: String?
    @Option(help: "Folder of the dictionary, code lists and profiles.") var schemas: String?

    func run() async throws {
      try await Console.reportingErrors {
        let files = try Translator(try ProfileLibrary.load(try Files.schemas(schemas))).profile(profile).schemaFiles
        let found = files.first { file in self.file.map { ByteString(file.name) == ByteString($0) } ?? true }
        guard let found else { throw CausewayError("profile.no_schema", facts: ["profile": profile, "file": file ?? "schema"]) }
        guard let into else { return Console.write(Array(found.text.utf8)) }
        for file in files {
          try Files.write(Array(file.text.utf8), to: into + "/" + file.name)
          Console.line(file.name)
        }
      }
    }
  }

  /// Prints a synthetic document.
  struct Sample: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Print a synthetic document of a profile, valid by its structure, code lists and rules.",
      discussion: "The same seed gives the same document. For integration and load tests: nothing in it is real.")

    @Argument(help: "Profile, for example sg.tradenet.") var profile: String
    @Option(help: "Number that decides what the document holds.") var seed: UInt64 = 1
    @Option(help: "Number of goods items; without it a few.") var items: Int?
    @Option(help: "export or import; without it the seed decides.") var direction: StatedDirection?
    @Option(help: "Folder of the dictionary, code lists and profiles.") var schemas: String?

    func validate() throws {
      if let items, !(1...9999).contains(items) { throw ValidationError("--items is a number from 1 to 9999.") }
    }

    func run() async throws {
      try await Console.reportingErrors {
        let profile = try Translator(try ProfileLibrary.load(try Files.schemas(schemas))).profile(profile)
        Console.write(try profile.sample(seed: seed, items: items, direction: direction?.value))
      }
    }
  }

  /// Loads everything and says what is wrong.
  struct Check: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract:
        "Check all profiles, code lists and the dictionary: every problem with file, line and reason. Exit code 78 when there is one.")

    @Option(help: "Folder of the dictionary, code lists and profiles.") var schemas: String?

    func run() async throws {
      try await Console.reportingErrors {
        let library = try ProfileLibrary.load(try Files.schemas(schemas))
        Console.line("sound: \(library.profiles.count) profiles, \(library.dictionary.elements.count) dictionary elements")
      }
    }
  }

  /// The stable JSON form (`schemas/profile.schema.json`).
  static func json(_ profile: Profile) -> JSONValue {
    [
      "id": .string(profile.id), "version": .string(profile.version), "document": .string(profile.document.rawValue),
      "economy": .string(profile.economy),
      "title": ["en": .string(profile.en), "zh": .string(profile.zh)], "syntax": .string(profile.syntax.rawValue),
      "shapes": .array(profile.shapes.map(JSONValue.string)),
    ]
  }
}
