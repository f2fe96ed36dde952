import ArgumentParser
import Gateway
import JSONTree
import Journal
import Ledger
import Primitives
import Trust

/// Everything about a clearance or a message in one file, to be checked by somebody who trusts neither gateway.
struct EvidenceCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "evidence", abstract: "Export everything about a clearance or a message as one file, and verify such a file offline.",
    subcommands: [Export.self, Verify.self])

  /// Writes a file.
  struct Export: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Write documents, envelopes, receipts, the registry, ledger entries and their proofs to one signed file.",
      discussion: """
        Reads the journal beside a running gateway or without one. The file holds business data and the secrets that open the commitments. Exit code 65 when \
        something of it does not hold: the file is written all the same and says what it can.
        """)

    @OptionGroup var source: LedgerCommand.Source
    @OptionGroup var archives: LedgerCommand.Archives
    @Option(help: "Id of one message.") var message: String?
    @Option(help: "Id of a clearance: all of its messages.") var clearance: String?
    @Option(help: "The file to write; one that is there is not overwritten.") var output: String
    @Flag(help: "Write an ASiC-E container: the evidence file, its parts as files of their own, and a CAdES signature.") var container =
      false
    @Option(help: "KIND,… of documents of which only the digest is told; subject for the UCR and its salt.") var without: String?

    func validate() throws {
      guard (message == nil) != (clearance == nil) else { throw ValidationError("Name either --message or --clearance.") }
    }

    func run() async throws {
      try await Console.reportingErrors {
        let subject: EvidenceRequest.Subject
        if let message {
          guard let id = MessageID(message) else { throw CausewayError("receive.not_found") }
          subject = .message(id)
        } else {
          subject = .clearance(clearance ?? "")
        }
        let withheld = without.map { $0.utf8.split(separator: 0x2C, omittingEmptySubsequences: false).map { String(Substring($0)) } }
        let request = try EvidenceRequest(subject, without: withheld ?? [])
        guard !Files.exists(output) else { throw CausewayError("config.file_exists", pointer: output) }
        let configuration = try Composition.configuration(at: source.config)
        let document = try Files.text(configuration.registry.document)
        let keys = [try PublicKey(pem: try Files.text(configuration.registry.key))]
        let registry = try Registry.verify(Array(document.utf8), keys: keys)
        let store = try await source.openSealed(archives).store
        let now = SystemClock().now()
        let evidence = try await store.read { reader throws(CausewayError) in
          try request.evidence(from: reader, maker: configuration.economy, registry: registry, document: document, at: now)
        }
        await store.close()
        let certificate = try Certificate(pem: try Files.text(configuration.keys.signingCertificate))
        let key = try PrivateKey(pem: try Files.text(configuration.keys.signingKey))
        let bytes = try evidence.signed(keyID: certificate.keyID, key: key)
        if container {
          try Self.write(EvidenceContainer(evidence, file: bytes), certificate: certificate, key: key, to: output)
        } else {
          try Files.write(bytes, to: output, isSecret: true)
        }
        // What is handed out is looked at as its reader will.
        let authorities = try configuration.timestamping.map { settings throws(CausewayError) in
          try Composition.timeStampAuthorities(settings.authorities)
        }
        let report = EvidenceVerifier.verify(bytes, registryKeys: keys, timeStampAuthorities: authorities)
        let (open, unsound) = (
          report.findings.filter { $0.code == "evidence.not_final" }, report.findings.filter { $0.code != "evidence.not_final" }
        )
        Console.line("\(evidence.messages.count) messages, \(bytes.count) bytes of evidence")
        let file = container ? "\(evidence.clearance.id).evidence, after unzip \(output)" : output
        Console.line("verify with: causeway-verify evidence --registry-key \(configuration.registry.key) \(file)")
        if !open.isEmpty {
          Console.line(
            "not final: the witnesses have not cosigned the checkpoint of \(open.count) entries yet; --accept-unwitnessed takes the log's own word for them"
          )
        }
        Console.report(unsound)
        if !unsound.isEmpty { throw ExitStatus.dataRefused }
      }
    }

    /// Order and form by ETSI EN 319 162-1: `mimetype` first and as it is.
    private static func write(
      _ container: EvidenceContainer, certificate: Certificate, key: PrivateKey, to path: String
    ) throws(CausewayError) {
      let manifest = container.manifest
      var files = [ZipFile.Member(name: "mimetype", bytes: Array(EvidenceContainer.mediaType.utf8), isCompressed: false)]
      files += container.members.map { ZipFile.Member(name: $0.name, bytes: $0.bytes) }
      files.append(ZipFile.Member(name: EvidenceContainer.manifestName, bytes: manifest))
      let signature = try CMS.sign(manifest, certificate: certificate, key: key)
      files.append(ZipFile.Member(name: EvidenceContainer.signatureName, bytes: signature))
      try ZipFile.write(files, to: path)
    }
  }

  /// Checks a file.
  struct Verify: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Check an evidence file offline, trusting nothing but the registry's key.",
      discussion: "Exit codes: 0 sound, 64 usage or a key that is none, 65 not sound, 66 no such file.")

    @Option(help: "The registry's public key, a PEM file from somewhere you trust.") var registryKey: String
    @Option(
      help:
        "The certification authorities whose time-stamps you believe, a PEM file; without it the signatures of time-stamps are not checked."
    ) var tsaAuthorities: String?
    @Argument(help: "The evidence file.") var file: String
    @Flag(help: "Take the log's own signature where its witnesses have not cosigned.") var acceptUnwitnessed = false
    @Flag(help: "One JSON object.") var json = false

    func run() async throws {
      if let missing = [registryKey, tsaAuthorities, file].compactMap({ $0 }).first(where: { !Files.exists($0) }) {
        Console.note("no such file: \(missing)")
        throw ExitStatus.noInput
      }
      try await Console.reportingErrors {
        guard let key = try? PublicKey(pem: try Files.text(registryKey)) else {
          Console.note("not the PEM of a public key: \(registryKey)")
          throw ExitCode(64)
        }
        let authorities = try tsaAuthorities.map { path in
          guard let authorities = try? Composition.timeStampAuthorities(path) else {
            Console.note("not certificates of authorities: \(path)")
            throw ExitCode(64)
          }
          return authorities
        }
        let report = EvidenceVerifier.verify(
          try Files.read(file), registryKeys: [key], timeStampAuthorities: authorities, acceptsUnwitnessed: acceptUnwitnessed)
        if json {
          Console.write(report.json.serialized() + [0x0A])
        } else {
          for line in report.lines { Console.line(line) }
        }
        if !report.isSound { throw ExitStatus.dataRefused }
      }
    }
  }
}
