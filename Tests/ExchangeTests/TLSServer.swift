import Foundation
import Primitives
import TestSupport
import Trust

/// A small HTTPS server in a process of its own (Python's standard library), for the client to talk to.
///
/// It asks for a client certificate, and writes one line into its journal for each connection and request.
final class TLSServer: Sendable {
  let port: Int
  private let folder: URL
  /// It ends when its standard input does, also when the tests die.
  private let process: ChildProcess

  static let isAvailable: Bool = {
    let isThere = (try? ChildProcess.run(["python3", "-c", "import ssl"]).status) == 0
    if !isThere { print("not run: python3 is absent") }
    return isThere
  }()

  init(certificate: Certificate, key: PrivateKey, clientAuthority: Certificate, maximumTLS12: Bool = false) throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("peer-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    func write(_ name: String, _ text: String) throws -> String {
      let file = folder.appendingPathComponent(name)
      try Data(text.utf8).write(to: file)
      return file.path
    }
    let command = [
      "python3", try write("server.py", Self.program), try write("certificate.pem", certificate.pem),
      try write("key.pem", key.pem().exposed),
      try write("clients.pem", clientAuthority.pem), try write("journal", ""), maximumTLS12 ? "1.2" : "1.3",
    ]
    let process = try ChildProcess(command, input: .pipe, output: .pipe, errors: .nothing)
    let line = String(decoding: process.output?.availableData ?? Data(), as: UTF8.self)
    guard let port = Int(line.trimmingCharacters(in: .whitespacesAndNewlines)) else { throw CocoaError(.fileReadUnknown) }
    self.port = port
    self.folder = folder
    self.process = process
  }

  deinit {
    process.closeInput()
    process.wait()
    try? FileManager.default.removeItem(at: folder)
  }

  /// `connection` or `METHOD path`, in order.
  var journal: [String] {
    let text = (try? String(contentsOf: folder.appendingPathComponent("journal"), encoding: .utf8)) ?? ""
    return text.split(separator: "\n").map(String.init)
  }

  private static let program = #"""
    import http.server, os, ssl, sys, threading, time
    certificate, key, clients, journal, newest = sys.argv[1:6]
    lock = threading.Lock()

    def note(line):
        with lock, open(journal, "a") as file:
            file.write(line + "\n")

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = 300

        def setup(self):
            super().setup()
            note("connection")

        def log_message(self, *arguments):
            pass

        def answer(self, status, body=b"", **fields):
            self.send_response(status)
            for name, value in fields.items():
                self.send_header(name.replace("_", "-"), value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_GET(self):
            note(self.command + " " + self.path)
            if self.path == "/redirect":
                self.answer(302, Location="/elsewhere")
            elif self.path == "/outside":
                self.answer(302, Location="file:///etc/passwd")
            elif self.path == "/large":
                self.answer(200, b"x" * 2_000_000)
            elif self.path == "/exact":
                self.answer(200, b"x" * 1_000_000)
            elif self.path == "/endless":
                self.send_response(200)
                self.send_header("Connection", "close")
                self.end_headers()
                try:
                    while True:
                        self.wfile.write(b"x" * 65536)
                except OSError:
                    self.close_connection = True
            elif self.path == "/fields":
                self.send_response(200)
                for number in range(90):
                    self.send_header("X-%d" % number, "y" * 60000)
                self.send_header("Content-Length", "0")
                self.end_headers()
            elif self.path == "/slow":
                time.sleep(20)
                self.answer(200)
            elif self.path == "/busy":
                self.answer(503, b"{}", Content_Type="application/problem+json", Retry_After="7")
            elif self.path == "/twice":
                self.answer(200, b"a.b.c", Content_Type="application/jose", content_type="text/html")
            else:
                self.answer(200, b"ok")

        def do_POST(self):
            note(self.command + " " + self.path)
            body = self.rfile.read(int(self.headers["Content-Length"]))
            names = ["Causeway-Envelope", "Causeway-Signature", "Causeway-Subject-Salt", "Causeway-Fields-Salt", "Content-Type", "Expect",
                     "Accept-Encoding"]
            text = "\n".join("%s=%s" % (name, self.headers.get_all(name)) for name in names)
            self.answer(200, text.encode() + b"\n" + body, Content_Type="application/jose")

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    context.load_verify_locations(clients)
    context.verify_mode = ssl.CERT_REQUIRED
    if newest == "1.2":
        context.maximum_version = ssl.TLSVersion.TLSv1_2

    class Server(http.server.ThreadingHTTPServer):
        daemon_threads = True

        def finish_request(self, request, client):
            # The handshake runs on the connection's own thread.
            try:
                request.settimeout(10)
                wrapped = context.wrap_socket(request, server_side=True)
            except (OSError, ssl.SSLError):
                return
            wrapped.settimeout(None)
            try:
                self.RequestHandlerClass(wrapped, client, self)
            except OSError:
                pass
            finally:
                wrapped.close()

        def handle_error(self, request, client):
            pass

    server = Server(("127.0.0.1", 0), Handler)
    print(server.server_address[1], flush=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    sys.stdin.read()
    os._exit(0)
    """#
}
