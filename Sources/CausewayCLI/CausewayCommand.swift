import ArgumentParser

/// The command line. Every command takes `--help`; those that answer with data take `--json`.
struct CausewayCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "causeway",
    abstract: "Cross-border single-window interconnection gateway: one declaration, two-side clearance.",
    discussion:
      "Exit codes are those of sysexits.h: 0 done, 64 wrong usage, 65 refused data, 66 no such input, 69 unavailable, 70 fault, 78 configuration.",
    subcommands: [
      DemoCommand.self, ServeCommand.self, TranslateCommand.self, RejoinCommand.self, ValidateCommand.self, ProfilesCommand.self,
      SubmitCommand.self, StatusCommand.self, MessagesCommand.self, ClearancesCommand.self, LedgerCommand.self, RegistryCommand.self,
      KeysCommand.self, DiscloseCommand.self, EvidenceCommand.self, JournalCommand.self, EraseCommand.self, HoldCommand.self,
      BackupCommand.self, RestoreCommand.self, RehearseCommand.self, RulesCommand.self, BenchCommand.self,
    ])

}

/// What the executable calls.
package enum Program {
  package static func main() async { await CausewayCommand.main() }
}
