import JSONTree
import Primitives
import Testing
import Trust

/// x509-limbo: chains that RFC 5280 has an opinion on. Peer names are the TLS library's business and are not looked at here.
@Suite(.enabled(if: SharedVectors.arePresent, "not run: ../shared is absent"))
struct LimboTests {
  /// Where we differ, and why.
  static let differences: [String: String] = [
    "refused rfc5280::validity::notafter-exact": "OpenSSL takes the last second as over",
    "refused rfc5280::validity::notafter-fractional": "OpenSSL takes the last second as over",
    "refused rfc5280::ca-as-leaf": "an authority's certificate is for issuing only",
    "refused rfc5280::no-keyusage": "the digital signature bit must be stated",
    "refused rfc5280::eku::ee-without-eku": "use for TLS must be stated",
    "refused rfc5280::root-and-intermediate-swapped": "the anchor must vouch for the path, not stand inside it",
    "refused pathlen::validation-ignores-pathlen-in-leaf": "a path length makes no sense without the CA flag",
    "accepted rfc5280::pc::ica-noncritical-pc": "no policies are asked for, so constraints on them are not looked at",
    "accepted rfc5280::san::underscore-dns": "names are not looked at here",
    "accepted rfc5280::san::ip-in-dns": "names are not looked at here",
    "accepted pathlen::max-chain-depth-0-exhausted": "the depth is ours, not the test's",
    "accepted pathlen::max-chain-depth-1-exhausted": "the depth is ours, not the test's",
  ]

  @Test func pathsAsExpected() throws {
    let now = TestPKI.now
    var accepted = 0
    var refused = 0
    var differing: Set<String> = []
    for test in try #require(SharedVectors.json("x509/limbo/limbo-basics.json")["testcases"]?.array) {
      let name = try #require(test["id"]?.string)
      let time = test["validation_time"]?.string.flatMap { Instant(rfc3339: $0) } ?? now
      func certificates(_ member: String) throws -> [Certificate] {
        try (test[member]?.array ?? []).map { try Certificate(pem: $0.string ?? "") }
      }
      let isAccepted: Bool
      do {
        let leaf = try Certificate(pem: test["peer_certificate"]?.string ?? "")
        let verifier = CertificateVerifier(anchors: try certificates("trusted_certs"))
        try verifier.verify(leaf, intermediates: try certificates("untrusted_intermediates"), for: .tlsServer, at: time)
        isAccepted = true
      } catch {
        isAccepted = false
      }
      if isAccepted { accepted += 1 } else { refused += 1 }
      if isAccepted != (test["expected_result"]?.string == "SUCCESS") { differing.insert((isAccepted ? "accepted " : "refused ") + name) }
    }
    #expect(differing == Set(Self.differences.keys))
    #expect(accepted > 0 && refused > 0)
  }
}
