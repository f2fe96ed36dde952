import ArgumentParser
import JSONTree
import Ledger
import Primitives
import Trust

/// Keys, tokens and requests for certificates.
struct KeysCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "keys", abstract: "Make keys and tokens.", subcommands: [Generate.self, Token.self, Show.self])

  /// Makes a private key.
  struct Generate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract:
        "Make a private key (PKCS#8 PEM, mode 0600) and print its public key, or make a storage key, in a file or inside a hardware security module."
    )

    @Option(help: "p256 for TLS and signing, ed25519 for a ledger, storage for what the journal keeps.") var kind: Kind
    @Option(help: "Where the key goes. A file that is there is not overwritten.") var output: String?
    @Option(
      help: "Instead, for a storage key: the pkcs11: URI (RFC 7512) of the key to make, as it then stands in the configuration.")
    var hsm: String?

    enum Kind: String, ExpressibleByArgument, CaseIterable { case p256, ed25519, storage }

    func validate() throws {
      guard (output == nil) != (hsm == nil) else { throw ValidationError("Give one of --output and --hsm.") }
      guard hsm == nil || kind == .storage else { throw ValidationError("--hsm is for --kind storage.") }
    }

    func run() async throws {
      try await Console.reportingErrors {
        if let hsm {
          let uri = try PKCS11URI(parsing: hsm)
          return try PKCS11KeyEncryptionKey.generate(uri) { () throws(CausewayError) in try Composition.pin(at: uri.pinPath) }
        }
        guard let output else { return }
        guard !Files.exists(output) else { throw CausewayError("key.file_exists", pointer: output) }
        guard let kind = KeyKind(rawValue: kind.rawValue) else {
          try Files.write(Array(FileKeyEncryptionKey.generate().pem().exposed.utf8), to: output, isSecret: true)
          return
        }
        let key = try PrivateKey.generate(kind)
        try Files.write(Array(key.pem().exposed.utf8), to: output, isSecret: true)
        Console.write(Array(key.publicKey.pem.utf8))
      }
    }
  }

  /// Makes a bearer token for the inside API.
  struct Token: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Make a bearer token: the token for the caller, its hash for the configuration. The token is shown once.")

    @Flag(help: "One JSON object.") var json = false

    func run() async throws {
      let token = BearerToken.generate().exposed
      let hash = BearerToken.stored(token)
      if json {
        Console.write(JSONValue.object(["token": .string(token), "hash": .string(hash)]).serialized() + [0x0A])
      } else {
        Console.line("token  \(token)\nhash   \(hash)")
      }
    }
  }

  /// Shows what a PEM file holds.
  struct Show: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Show a certificate or public key: names, period, key id. Never a private key.")

    @Argument(help: "A PEM file.") var file: String
    @Option(help: "Name of a ledger: prints its verifier key (C2SP signed-note) for an Ed25519 public key.") var origin: String?
    @Option(help: "Name of a witness: prints its cosigner key (C2SP tlog-cosignature) for an Ed25519 public key.") var witness: String?
    @Flag(help: "One JSON object.") var json = false

    func run() async throws {
      try await Console.reportingErrors {
        let text = try Files.text(file)
        var facts: [(String, String)] = []
        if let certificate = try? Certificate(pem: text) {
          facts = [
            ("subject", certificate.subject), ("issuer", certificate.issuer), ("serial", certificate.serial),
            ("notBefore", certificate.notBefore.rfc3339), ("notAfter", certificate.notAfter.rfc3339), ("keyId", certificate.keyID),
            ("spkiSha256", certificate.spkiFingerprint.hex),
          ]
        } else {
          let key = try PublicKey(pem: text)
          facts = [("kind", key.kind.rawValue), ("spkiSha256", key.fingerprint.hex)]
          if let witness { facts.append(("cosignerKey", try CosignerKey(name: witness, publicKey: key).description)) }
          if let origin { facts.append(("verifierKey", try VerifierKey(name: origin, publicKey: key).description)) }
        }
        if json {
          Console.write(JSONValue.object(JSONObject(facts.map { ($0.0, .string($0.1)) })).serialized() + [0x0A])
        } else {
          for (name, value) in facts { Console.line("\(name.padded(to: 12))\(value)") }
        }
      }
    }
  }
}

extension String {
  /// With spaces behind, for tables of ASCII text.
  func padded(to width: Int) -> String { self + String(repeating: " ", count: Swift.max(0, width - utf8.count)) }
}
