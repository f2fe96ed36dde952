import Primitives
import Testing

@testable import Exchange

/// H-04, H-05: addresses that a partner's endpoint must not have, in all their spellings, beside those that it may.
@Suite struct PeerEndpointTests {
  static func code(_ text: String, _ rule: AddressRule = .partner) -> ErrorCode? {
    do {
      _ = try PeerEndpoint(text, rule: rule)
      return nil
    } catch {
      return error.code
    }
  }

  @Test(arguments: [
    "https://gateway.customs.example", "https://gateway.customs.example/", "https://gateway.customs.example:8443/causeway/v2/",
    "https://203.0.113.7:443",
    "https://10.20.30.40:8443", "https://192.168.7.7", "https://[2001:db8::7]:8443/a", "https://[fd12:3456::1]",
    "https://xn--fiqs8s.example", "https://a",
    "https://EXAMPLE.org", "https://1.2.3.example",
  ])
  func accepted(text: String) {
    #expect(Self.code(text) == nil)
  }

  @Test(arguments: [
    "https://127.0.0.1", "https://127.1.2.3:8443", "https://[::1]", "https://[0:0:0:0:0:0:0:1]:8443", "https://localhost",
    "https://LOCALHOST:1",
    "https://a.localhost", "https://169.254.169.254/latest/meta-data", "https://169.254.0.1", "https://[fe80::1]", "https://[febf::1]",
    "https://0.0.0.0",
    "https://0.1.2.3", "https://[::]", "https://[::ffff:127.0.0.1]", "https://[::ffff:7f00:1]", "https://[::ffff:a9fe:a9fe]",
    "https://[::7f00:1]",
    "https://[64:ff9b::a9fe:a9fe]", "https://[2002:a9fe:a9fe::1]", "https://224.0.0.1", "https://255.255.255.255", "https://240.0.0.1",
    "https://[ff02::1]",
    "https://100.100.100.200", "https://168.63.129.16", "https://[fd00:ec2::254]",
  ])
  func insideAddresses(text: String) {
    let expected: [ErrorCode] = text.contains(":127.0.0.1]") ? ["registry.endpoint_malformed"] : ["registry.endpoint_address"]
    #expect(Self.code(text).map(expected.contains) == true)
  }

  @Test(arguments: [
    "", "gateway.example", "http://gateway.example", "HTTPS://gateway.example", "file:///etc/passwd", "https:/gateway.example", "https://",
    "https:///path", "https://:443", "https://user@gateway.example", "https://user:secret@gateway.example",
    "https://gateway.example@127.0.0.1",
    "https://gateway.example\\@127.0.0.1", "https://gateway.example#@127.0.0.1", "https://gateway.example?x=1",
    "https://gateway.example/%0d%0aX: y",
    "https://gateway.example/a\r\nX: y", "https://gateway.example\n", "https://gateway.example/ a", "https://gateway.example/\u{0}",
    "https://gateway.example:0",
    "https://gateway.example:65536", "https://gateway.example:08443", "https://gateway.example:+1", "https://gateway.example:",
    "https://gateway.example:443:1",
    "https://2130706433", "https://0x7f000001", "https://0x7f.1", "https://127.1", "https://0177.0.0.1", "https://127.0.0.01",
    "https://1.2.3.4.5",
    "https://256.1.1.1", "https://127.0.0.1.", "https://gateway..example", "https://-a.example", "https://a_b.example", "https://[::1",
    "https://::1",
    "https://[::1%25eth0]", "https://[1::2::3]", "https://[12345::]", "https://[+1::]", "https://[1:2:3:4:5:6:7:8:9]", "https://例子.example",
    "https://１２７.0.0.1", "https://gateway.example/../admin", "https://gateway.example/a:b",
  ])
  func malformed(text: String) {
    #expect(Self.code(text) == "registry.endpoint_malformed")
    #expect(Self.code(text, .partnerOrLoopback) == "registry.endpoint_malformed")
  }

  @Test(arguments: ["https://127.0.0.1:8443", "https://[::1]:8443", "https://localhost:8443/x"])
  func loopbackInTestMode(text: String) {
    #expect(Self.code(text, .partnerOrLoopback) == nil)
    #expect(Self.code(text, .partner) == "registry.endpoint_address")
  }

  @Test(arguments: ["https://169.254.169.254", "https://[::ffff:7f00:1]", "https://0.0.0.0", "https://[fe80::1]"])
  func notEvenInTestMode(text: String) {
    #expect(Self.code(text, .partnerOrLoopback) == "registry.endpoint_address")
  }

  @Test func longAddresses() {
    #expect(Self.code("https://a.example/" + String(repeating: "a", count: 494)) == nil)
    #expect(Self.code("https://a.example/" + String(repeating: "a", count: 495)) == "registry.endpoint_malformed")
  }

  @Test func parts() throws {
    let endpoint = try PeerEndpoint("https://Gateway.Example:8443/causeway/", rule: .partner)
    #expect(endpoint.host == "gateway.example")
    #expect(endpoint.port == 8443)
    #expect(endpoint.url("/v1/messages") == "https://gateway.example:8443/causeway/v1/messages")
    #expect(try PeerEndpoint("https://[2001:db8::7]", rule: .partner).url("/v1") == "https://[2001:db8::7]:443/v1")
  }

  @Test func errorsDoNotRepeatTheAddress() {
    do {
      _ = try PeerEndpoint("https://user:secret@gateway.example", rule: .partner)
      Issue.record("accepted")
    } catch {
      #expect(!error.description.contains("secret"))
    }
  }
}
