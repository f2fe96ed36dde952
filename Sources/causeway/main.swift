import CausewayCLI

await Program.main()
