import Dispatch
import Glibc

/// Waits for Ctrl-C or SIGTERM.
enum Interrupt {
  static func wait() async {
    for number in [SIGINT, SIGTERM] { signal(number, SIG_IGN) }
    let sources = [SIGINT, SIGTERM].map { DispatchSource.makeSignalSource(signal: $0, queue: .global()) }
    let (stream, continuation) = AsyncStream.makeStream(of: Void.self)
    for source in sources {
      source.setEventHandler { continuation.yield() }
      source.resume()
    }
    for await _ in stream { break }
    for source in sources { source.cancel() }
  }
}
