import Foundation

/// A time-stamp authority of a test: certificates and answers by OpenSSL's own program, so that none of our code judges itself.
package final class TimeStampAuthority: Sendable {
  package enum Key: String, Sendable {
    case p256 = "EC -pkeyopt ec_paramgen_curve:P-256"
    case rsa2048 = "RSA -pkeyopt rsa_keygen_bits:2048"
  }

  private let folder: URL
  /// PEM of the certificate of the certification authority.
  package var authority: String {
    get throws { try String(contentsOf: folder.appending(path: "authority.pem"), encoding: .utf8) }
  }

  /// PEM of the certificate between it and the signer's.
  package var intermediate: String {
    get throws { try String(contentsOf: folder.appending(path: "intermediate.pem"), encoding: .utf8) }
  }

  /// - Parameters:
  ///   - usage: the extended key usage of the signer's certificate.
  ///   - period: of that certificate, as `YYYYMMDDhhmmssZ`; nil: from now for ten days. The authority's is from 2020 to 2049.
  ///   - settings: lines of the configuration of `openssl ts`, in the place of those that set the same; an empty one takes it out.
  package init(
    key: Key = .p256, usage: String = "critical,timeStamping", period: (from: String, to: String)? = nil,
    isIssuedByIntermediate: Bool = false,
    settings: [String: String] = [:]
  ) throws {
    folder = FileManager.default.temporaryDirectory.appending(path: "tsa-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder.appending(path: "issued"), withIntermediateDirectories: true)
    let usual = [
      "serial": "serial", "signer_cert": "signer.pem", "signer_key": "signer-key.pem", "signer_digest": "sha256",
      "digests": "sha256, sha384",
      "default_policy": "1.3.6.1.4.1.99999.1", "accuracy": "secs:1, millisecs:500", "ess_cert_id_alg": "sha256",
    ]
    let along = isIssuedByIntermediate ? ["certs": "intermediate.pem"] : [:]
    let lines = usual.merging(along) { $1 }.merging(settings) { $1 }.filter { !$1.isEmpty }.map { "\($0) = \($1)" }.joined(separator: "\n")
    try write("openssl.cnf", Self.configuration(usage: usage) + lines + "\n")
    try write("serial", "01\n")
    try write("serials", "01\n")
    try write("index", "")
    for name in ["authority", "signer"] {
      try openssl(["genpkey", "-algorithm"] + key.rawValue.split(separator: " ").map(String.init) + ["-out", "\(name)-key.pem"])
    }
    let ca = ["ca", "-batch", "-notext", "-config", "openssl.cnf"]
    try openssl([
      "req", "-new", "-key", "authority-key.pem", "-subj", "/CN=Test TSA root", "-out", "authority.csr", "-config", "openssl.cnf",
    ])
    try openssl(
      ca + ["-selfsign", "-keyfile", "authority-key.pem", "-in", "authority.csr", "-out", "authority.pem", "-extensions", "root"]
        + ["-startdate", "20200101000000Z", "-enddate", "20491231235959Z"])
    try openssl(["req", "-new", "-key", "signer-key.pem", "-subj", "/CN=Test TSA", "-out", "signer.csr", "-config", "openssl.cnf"])
    if isIssuedByIntermediate {
      try openssl(["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", "intermediate-key.pem"])
      try openssl(
        [
          "req", "-new", "-key", "intermediate-key.pem", "-subj", "/CN=Test TSA issuer", "-out", "intermediate.csr", "-config",
          "openssl.cnf",
        ])
      try openssl(
        ca + ["-in", "intermediate.csr", "-out", "intermediate.pem", "-extensions", "between"]
          + ["-startdate", "20200101000000Z", "-enddate", "20491231235959Z"])
    }
    let issuer = isIssuedByIntermediate ? ["-cert", "intermediate.pem", "-keyfile", "intermediate-key.pem"] : []
    let dates = period.map { ["-startdate", $0.from, "-enddate", $0.to] } ?? ["-days", "10"]
    try openssl(ca + ["-in", "signer.csr", "-out", "signer.pem"] + issuer + dates)
  }

  deinit { try? FileManager.default.removeItem(at: folder) }

  /// The answer (TimeStampResp) to a question (TimeStampReq).
  package func answer(_ question: [UInt8]) throws -> [UInt8] { try reply(question, []) }

  /// The same answer without the status around it: a TimeStampToken.
  package func token(_ question: [UInt8]) throws -> [UInt8] { try reply(question, ["-token_out"]) }

  /// A question for a digest, in hexadecimal digits, by OpenSSL's own program.
  package func question(_ digest: String, _ options: [String] = ["-sha256", "-cert"]) throws -> [UInt8] {
    let name = UUID().uuidString
    try openssl(["ts", "-query", "-digest", digest, "-out", name] + options)
    return [UInt8](try Data(contentsOf: folder.appending(path: name)))
  }

  private func reply(_ question: [UInt8], _ options: [String]) throws -> [UInt8] {
    let name = UUID().uuidString
    try Data(question).write(to: folder.appending(path: name))
    try openssl(["ts", "-reply", "-config", "openssl.cnf", "-section", "tsa", "-queryfile", name, "-out", name + ".answer"] + options)
    return [UInt8](try Data(contentsOf: folder.appending(path: name + ".answer")))
  }

  /// Any content as signed data (RFC 5652) in DER, by `openssl cms` with these options; files are those of the authority's folder.
  package func cms(_ content: [UInt8], _ options: [String]) throws -> [UInt8] {
    let name = UUID().uuidString
    try Data(content).write(to: folder.appending(path: name))
    try openssl(
      ["cms", "-sign", "-binary", "-nodetach", "-nosmimecap", "-md", "sha256", "-outform", "DER", "-in", name, "-out", name + ".cms"]
        + options)
    return [UInt8](try Data(contentsOf: folder.appending(path: name + ".cms")))
  }

  /// Listens on a free port of this machine; each connection gets one answer.
  package func serve(port: Int = 0) throws -> Server { try Server(folder, port: port) }

  package struct Failed: Error {
    package let arguments: [String]
    package let errors: String
  }

  /// Runs `openssl` in the authority's folder.
  package func openssl(_ arguments: [String]) throws {
    let result = try ChildProcess.run(["openssl"] + arguments, in: folder.path())
    guard result.status == 0 else { throw Failed(arguments: arguments, errors: result.errors) }
  }

  private func write(_ name: String, _ text: String) throws { try Data(text.utf8).write(to: folder.appending(path: name)) }

  private static func configuration(usage: String) -> String {
    """
    [req]
    distinguished_name = name
    [name]
    [root]
    basicConstraints = critical,CA:TRUE
    keyUsage = critical,keyCertSign,cRLSign
    subjectKeyIdentifier = hash
    [between]
    basicConstraints = critical,CA:TRUE
    keyUsage = critical,keyCertSign,cRLSign
    subjectKeyIdentifier = hash
    authorityKeyIdentifier = keyid
    [ca]
    default_ca = issuing
    [issuing]
    new_certs_dir = issued
    database = index
    serial = serials
    certificate = authority.pem
    private_key = authority-key.pem
    default_md = sha256
    policy = anything
    x509_extensions = signer
    [anything]
    commonName = supplied
    [signer]
    basicConstraints = critical,CA:FALSE
    keyUsage = critical,digitalSignature
    extendedKeyUsage = \(usage)
    subjectKeyIdentifier = hash
    authorityKeyIdentifier = keyid
    [tsa]

    """
  }

  /// An HTTP server in a process of its own (Python's standard library).
  package final class Server: Sendable {
    package let port: Int
    /// It ends when its standard input does, also when the tests die.
    private let process: ChildProcess

    package var url: String { "http://127.0.0.1:\(port)/tsa" }

    fileprivate init(_ folder: URL, port: Int) throws {
      let process = try ChildProcess(
        ["python3", "-c", Self.program, String(port)], in: folder.path(),
        input: .pipe, output: .pipe, errors: .nothing)
      let line = String(decoding: process.output?.availableData ?? Data(), as: UTF8.self)
      guard let port = Int(line.trimmingCharacters(in: .whitespacesAndNewlines)) else { throw CocoaError(.fileReadUnknown) }
      (self.port, self.process) = (port, process)
    }

    deinit { stop() }

    /// Ends it at once: a signal that asks may be ignored, as it is by whoever started the tests.
    package func stop() {
      process.signal(SIGKILL)
      process.wait()
    }

    /// Answers by path: `/tsa` as it should; the others as an authority, or whoever is in its place, should not.
    private static let program = #"""
      import http.server, os, subprocess, sys, threading

      class Handler(http.server.BaseHTTPRequestHandler):
          def do_POST(self):
              question = self.rfile.read(int(self.headers["Content-Length"]))
              assert self.headers["Content-Type"] == "application/timestamp-query"
              name = "served-%d" % threading.get_ident()
              with open(name, "wb") as file:
                  file.write(question)
              command = ["openssl", "ts", "-reply", "-config", "openssl.cnf", "-section", "tsa", "-queryfile", name]
              answer = subprocess.run(command, capture_output=True, check=True).stdout
              status, kind = 200, "application/timestamp-reply"
              if self.path == "/status":
                  status = 503
              if self.path == "/kind":
                  kind = "text/html"
              if self.path == "/large":
                  answer += bytes(1 << 20)
              if self.path == "/redirect":
                  status = 302
              self.send_response(status)
              if status == 302:
                  self.send_header("Location", "/tsa")
              self.send_header("Content-Type", kind)
              self.send_header("Content-Length", str(len(answer)))
              self.end_headers()
              self.wfile.write(answer)

          def log_message(self, *arguments):
              pass

      server = http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Handler)
      threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0)), daemon=True).start()
      print(server.server_port, flush=True)
      server.serve_forever()
      """#
  }
}
