// swift-tools-version: 6.2
import PackageDescription

// One section per module, in the direction of imports: a module may import what stands above it (docs/architecture.md;
// scripts/check-imports holds the exact table and is part of `make lint`).

let settings: [SwiftSetting] = [
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .treatAllWarnings(as: .error),
]
/// For every target that does not face C: each use of a pointer must say `unsafe`.
let pure = settings + [.strictMemorySafety()]

/// The linker of the toolchain: the system's default one names no undefined symbols and is slower.
let linker: [LinkerSetting] = [.unsafeFlags(["-use-ld=lld"])]

let hummingbird = Target.Dependency.product(name: "Hummingbird", package: "hummingbird")
let yams = Target.Dependency.product(name: "Yams", package: "Yams")
let log = Target.Dependency.product(name: "Logging", package: "swift-log")

let package = Package(
  name: "causeway",
  products: [
    .executable(name: "causeway", targets: ["causeway"]),
    .executable(name: "causeway-verify", targets: ["causeway-verify"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
    .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
    .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
    .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1", traits: []),
    .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
  ],
  targets: [
    // System libraries
    .systemLibrary(name: "CLibXML2", path: "Sources/C/CLibXML2", pkgConfig: "libxml-2.0", providers: [.apt(["libxml2-dev"])]),
    .systemLibrary(name: "COpenSSL", path: "Sources/C/COpenSSL", pkgConfig: "openssl", providers: [.apt(["libssl-dev"])]),
    .systemLibrary(name: "CPKCS11", path: "Sources/C/CPKCS11", providers: [.apt(["libp11-kit-dev"])]),
    .systemLibrary(name: "CSQLite", path: "Sources/C/CSQLite", pkgConfig: "sqlite3", providers: [.apt(["libsqlite3-dev"])]),
    .systemLibrary(name: "CPQ", path: "Sources/C/CPQ", pkgConfig: "libpq", providers: [.apt(["libpq-dev"])]),
    .systemLibrary(name: "CZip", path: "Sources/C/CZip", pkgConfig: "libzip", providers: [.apt(["libzip-dev"])]),
    .systemLibrary(name: "CCurl", path: "Sources/C/CCurl", pkgConfig: "libcurl", providers: [.apt(["libcurl4-openssl-dev"])]),

    // Common ground
    .target(name: "Primitives", swiftSettings: pure),
    .target(name: "YAMLTree", dependencies: ["Primitives", yams], swiftSettings: pure),
    .target(name: "JSONTree", dependencies: ["Primitives"], swiftSettings: pure),
    .target(name: "XMLTree", dependencies: ["Primitives", "CLibXML2"], swiftSettings: settings),

    // Translation wing
    .target(name: "Declarations", dependencies: ["Primitives"], swiftSettings: pure),
    .target(name: "Formats", dependencies: ["Primitives", "JSONTree", "XMLTree"], swiftSettings: settings),
    .target(
      name: "Translation", dependencies: ["Primitives", "YAMLTree", "JSONTree", "Declarations", "Formats"], swiftSettings: pure),
    .target(name: "Policy", dependencies: ["Primitives", "YAMLTree", "Declarations"], swiftSettings: pure),

    // Trust wing
    .target(name: "Trust", dependencies: ["Primitives", "JSONTree", "COpenSSL", "CPKCS11"], swiftSettings: settings),
    .target(name: "Ledger", dependencies: ["Primitives", "JSONTree", "Trust"], swiftSettings: pure),
    .target(name: "Exchange", dependencies: ["Primitives", "JSONTree", "Trust", "CCurl"], swiftSettings: settings),
    .target(name: "Journal", dependencies: ["Primitives", "JSONTree", "Trust", "Ledger"], swiftSettings: pure),
    .target(name: "JournalSQL", dependencies: ["Primitives", "Trust", "Ledger", "Journal"], swiftSettings: settings),
    .target(
      name: "JournalSQLite", dependencies: ["Primitives", "Trust", "Ledger", "Journal", "JournalSQL", "CSQLite"], swiftSettings: settings),
    .target(
      name: "JournalPostgres", dependencies: ["Primitives", "Trust", "Ledger", "Journal", "JournalSQL", "CPQ"], swiftSettings: settings),

    // Where the wings meet
    .target(
      name: "Gateway",
      dependencies: [
        "Primitives", "YAMLTree", "JSONTree", "Declarations", "Formats", "Translation", "Policy", "Trust", "Ledger", "Exchange", "Journal",
        log,
      ], swiftSettings: pure),
    .target(
      name: "GatewayService",
      dependencies: [
        "Primitives", "JSONTree", "Trust", "Ledger", "Exchange", "Journal", "Gateway", hummingbird, log,
        .product(name: "HTTPTypes", package: "swift-http-types"),
        .product(name: "HummingbirdCore", package: "hummingbird"),
        .product(name: "HummingbirdTLS", package: "hummingbird"),
        .product(name: "NIOSSL", package: "swift-nio-ssl"),
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
      ], swiftSettings: settings),
    .target(
      name: "CausewayCLI",
      dependencies: [
        "Primitives", "YAMLTree", "JSONTree", "Declarations", "Formats", "Translation", "Policy", "Trust", "Ledger", "Exchange", "Journal",
        "JournalSQLite", "JournalPostgres", "Gateway", "GatewayService", "XMLTree", "CLibXML2", "COpenSSL", "CSQLite", "CZip", log,
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
        .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
        .product(name: "UnixSignals", package: "swift-service-lifecycle"),
      ], swiftSettings: settings),
    .executableTarget(name: "causeway", dependencies: ["CausewayCLI"], swiftSettings: settings, linkerSettings: linker),
    .executableTarget(
      name: "causeway-verify", dependencies: ["Primitives", "JSONTree", "Trust", "Ledger"], swiftSettings: settings, linkerSettings: linker),
    // Tests mirror the modules
    .systemLibrary(name: "CSpawn", path: "Tests/CSpawn"),
    .target(
      name: "TestSupport", dependencies: ["JSONTree", "Primitives", "CPKCS11", "CPQ", "CSpawn"], path: "Tests/TestSupport",
      swiftSettings: settings),
    .target(
      name: "AttackCases", dependencies: ["Formats", "JSONTree", "XMLTree", "Primitives"], path: "Tests/AttackCases",
      swiftSettings: settings),
    .executableTarget(
      name: "AttackTimes", dependencies: ["AttackCases", "Primitives"], path: "Tests/AttackTimes", swiftSettings: settings,
      linkerSettings: linker),
    .target(
      name: "FuzzTargets",
      dependencies: ["TestSupport", "Translation", "YAMLTree", "Declarations", "Formats", "JSONTree", "XMLTree", "Primitives"],
      path: "Tests/FuzzTargets", swiftSettings: settings),
    .testTarget(name: "FuzzTests", dependencies: ["FuzzTargets"], swiftSettings: settings),
    .testTarget(name: "PrimitivesTests", dependencies: ["Primitives"], swiftSettings: settings),
    .testTarget(name: "YAMLTreeTests", dependencies: ["YAMLTree", "Primitives"], swiftSettings: settings),
    .testTarget(
      name: "JSONTreeTests", dependencies: ["TestSupport", "AttackCases", "JSONTree", "Primitives"], swiftSettings: settings),
    .testTarget(name: "XMLTreeTests", dependencies: ["TestSupport", "AttackCases", "XMLTree", "Primitives"], swiftSettings: settings),
    .testTarget(name: "DeclarationsTests", dependencies: ["Declarations", "Primitives"], swiftSettings: settings),
    .testTarget(
      name: "FormatsTests", dependencies: ["TestSupport", "AttackCases", "Formats", "JSONTree", "XMLTree", "Primitives"],
      swiftSettings: settings),
    .testTarget(
      name: "TranslationTests",
      dependencies: ["TestSupport", "Translation", "YAMLTree", "Declarations", "Formats", "JSONTree", "XMLTree", "Primitives"],
      swiftSettings: settings),
    .testTarget(name: "PolicyTests", dependencies: ["Policy", "YAMLTree", "Declarations", "Primitives"], swiftSettings: settings),
    .testTarget(name: "TrustTests", dependencies: ["TestSupport", "Trust", "JSONTree", "Primitives", "CPKCS11"], swiftSettings: settings),
    .testTarget(name: "LedgerTests", dependencies: ["TestSupport", "Ledger", "Trust", "JSONTree", "Primitives"], swiftSettings: settings),
    .testTarget(
      name: "ExchangeTests", dependencies: ["TestSupport", "Exchange", "Trust", "JSONTree", "Primitives"], swiftSettings: settings),
    .executableTarget(
      name: "JournalCrashWriter", dependencies: ["Primitives", "Trust", "Ledger", "Journal", "JournalSQLite", "JournalPostgres"],
      path: "Tests/JournalCrashWriter", swiftSettings: settings, linkerSettings: linker),
    .testTarget(
      name: "JournalTests",
      dependencies: [
        "TestSupport", "JournalCrashWriter", "Journal", "JournalSQL", "JournalSQLite", "JournalPostgres", "Ledger", "Trust", "JSONTree",
        "Primitives", "CSQLite",
      ],
      swiftSettings: settings),
    .testTarget(
      name: "GatewayTests",
      dependencies: [
        "TestSupport",
        "Gateway", "Primitives", "YAMLTree", "JSONTree", "Declarations", "Formats", "Translation", "Policy", "Trust", "Ledger", "Exchange",
        "Journal",
        "JournalSQLite", "JournalPostgres", "CSQLite", log,
      ], swiftSettings: settings),
    // Optimised in a debug build too: it looks at millions of states.
    .testTarget(
      name: "ModelTests", dependencies: ["Gateway", "Exchange", "Primitives"], swiftSettings: settings + [.unsafeFlags(["-O"])]),
    .testTarget(
      name: "EndToEndTests",
      dependencies: [
        "TestSupport",
        "CausewayCLI", "Exchange", "Gateway", "Journal", "JournalSQLite", "JournalPostgres", "JSONTree", "Ledger", "Trust", "Primitives",
        "Declarations", "Policy", "Translation", "YAMLTree", "CSQLite",
      ],
      swiftSettings: settings,
      linkerSettings: linker),
    .testTarget(
      name: "ConformanceTests",
      dependencies: ["TestSupport", "Translation", "Policy", "YAMLTree", "Declarations", "Formats", "JSONTree", "XMLTree", "Primitives"],
      swiftSettings: settings),
  ],
  swiftLanguageModes: [.v6]
)

// The fuzzer is built by `make fuzz` alone, with libFuzzer watching everything of ours below it.
if Context.environment["CAUSEWAY_FUZZ"] != nil {
  let watched = ["-sanitize=fuzzer"]
  for target in package.targets where target.type == .regular {
    target.swiftSettings = (target.swiftSettings ?? []) + [.unsafeFlags(watched)]
  }
  package.targets += [
    .systemLibrary(name: "CFuzzer", path: "Sources/C/CFuzzer"),
    .executableTarget(
      name: "causeway-fuzz", dependencies: ["FuzzTargets", "CFuzzer"], swiftSettings: settings + [.unsafeFlags(watched)],
      linkerSettings: linker + [.unsafeFlags(watched)]),
  ]
}
