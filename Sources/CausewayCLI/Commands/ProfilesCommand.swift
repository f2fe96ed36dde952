import ArgumentParser
import Declarations
import Formats
import JSONTree
import Primitives
import Translation

/// The formats that are installed.
struct ProfilesCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "profiles", abstract: "List, show and check the profiles.", subcommands: [List.self, Show.self, Check.self])

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
        for direction in [Direction.export, .import] {
          object["\(direction)"] = [
            "carries": .array(profile.carriedElements(direction).map(JSONValue.string)),
            "requires": .array(profile.requiredElements(direction).map(JSONValue.string)),
          ]
        }
        if json {
          Console.write(JSONValue.object(object).serialized(pretty: true) + [0x0A])
          return
        }
        Console.line("\(profile.name)  \(profile.en)  \(profile.zh)")
        for direction in [Direction.export, .import] {
          let required = Set(profile.requiredElements(direction))
          Console.line("\(direction):")
          for id in profile.carriedElements(direction) { Console.line("  \(required.contains(id) ? "*" : " ") \(id)") }
        }
        Console.line("* required")
      }
    }
  }

  /// Loads everything and says what is wrong.
  struct Check: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Check all profiles, code lists and the dictionary: every problem with file, line and reason. Exit code 78 when there is one.")

    @Option(help: "Folder of the dictionary, code lists and profiles.") var schemas: String?

    func run() async throws {
      try await Console.reportingErrors {
        let library = try ProfileLibrary.load(try Files.schemas(schemas))
        Console.line("sound: \(library.profiles.count) profiles, \(library.dictionary.elements.count) dictionary elements")
      }
    }
  }

  static func json(_ profile: Profile) -> JSONValue {
    [
      "id": .string(profile.id), "version": .string(profile.version), "economy": .string(profile.economy),
      "title": ["en": .string(profile.en), "zh": .string(profile.zh)], "syntax": .string(profile.syntax.rawValue),
      "shapes": .array(profile.shapes.map(JSONValue.string)),
    ]
  }
}
