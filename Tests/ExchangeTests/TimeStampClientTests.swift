import Foundation
import Primitives
import TestSupport
import Testing
import Trust

@testable import Exchange

/// The client of a time-stamp authority against a server of its own; what the answers are worth is the matter of TrustTests.
@Suite struct TimeStampClientTests {
  @Test func asksOverPlainHTTP() async throws {
    let authority = try TimeStampAuthority()
    let server = try authority.serve()
    let base = "http://127.0.0.1:\(server.port)"
    let request = TimeStampRequest(stamping: SHA256.hash([1]))
    let client = try TimeStampClient(url: base + "/tsa")
    for _ in 0..<2 {
      let answer = try await client.ask(request.der)
      #expect(try request.verify(answer, authorities: [try Certificate(pem: authority.authority)]).token.imprint == request.imprint)
    }
    func reason(_ path: String) async throws -> String? {
      do throws(CausewayError) {
        _ = try await TimeStampClient(url: base + path).ask(request.der)
        return nil
      } catch {
        #expect(error.code == "timestamp.no_answer")
        return error.problems[0].facts["reason"]
      }
    }
    #expect(try await reason("/tsa") == nil)
    #expect(try await reason("/status") == "status 503")
    #expect(try await reason("/redirect") == "status 302", "not followed")
    #expect(try await reason("/kind") == "media type")
    #expect(try await reason("/large") == "deliver.response_too_large")
    server.stop()
    #expect(try await reason("/tsa") == "deliver.unreachable")
  }

  @Test func refusesOtherAddresses() {
    for url in ["", "tsa.example", "file:///etc/passwd", "http://", "http://a@b/", "http://a/\u{0A}", "http://ä/", "http://a\\b/"] {
      #expect(throws: CausewayError("timestamp.url"), "\(url)") { try TimeStampClient(url: url) }
    }
  }
}
