import Primitives
import Testing

@testable import Trust

/// RFC 7512, strictly: what is not understood is refused, and no error shows a value.
@Suite struct PKCS11URITests {
  private static let query = "?module-path=/m.so&pin-source=file:/p"

  @Test func attributesAreDecoded() throws {
    let text =
      "pkcs11:model=M;manufacturer=A%20B%26c;token=The%20token;serial=%3B%3d;object=a&b%25;id=%00%ff%2F;type=secret-key"
      + "?pin-source=file:///run/pin%20file&module-path=/usr/lib/a?b/m.so"
    let uri = try PKCS11URI(parsing: text)
    #expect(uri.token.label == Array("The token".utf8) && uri.token.model == Array("M".utf8) && uri.token.serial == Array(";=".utf8))
    #expect(uri.token.manufacturer == Array("A B&c".utf8) && uri.object == Array("a&b%".utf8) && uri.id == [0, 0xFF, 0x2F])
    #expect(uri.pinPath == "/run/pin file" && uri.modulePath == "/usr/lib/a?b/m.so")
  }

  @Test func theShortestForm() throws {
    for scheme in ["pkcs11:", "PKCS11:"] {
      let uri = try PKCS11URI(parsing: scheme + "token=t;object=o" + Self.query)
      #expect(uri.token.manufacturer == nil && uri.token.model == nil && uri.token.serial == nil && uri.id == nil)
      #expect(uri.modulePath == "/m.so" && uri.pinPath == "/p")
    }
    let longest = "pkcs11:token=t;object=" + String(repeating: "o", count: 4096 - 22 - Self.query.utf8.count) + Self.query
    #expect(longest.utf8.count == 4096)
    #expect(try PKCS11URI(parsing: longest).object.count == 4096 - 22 - Self.query.utf8.count)
  }

  /// Each with the part that the error names.
  @Test(
    arguments: [
      ("pkcs11:", "="), ("pkcs11:token=t", "object"), ("pkcs11:object=o{Q}", "token"), ("pkcs11:token=t{Q}", "object"),
      ("pkcs11:token=t;object=o", "module-path"), ("pkcs11:token=t;object=o?", "="),
      ("pkcs11:token=t;object=o?module-path=/m", "pin-source"), ("pkcs11:token=t;object=o?pin-source=file:/p", "module-path"),
      ("pkcs11:token=t;object=o;{Q}", "="), ("pkcs11:;token=t;object=o{Q}", "="),
      ("pkcs11:token=t;object=o{Q}&", "="), ("pkcs11:token=t;token=t;object=o{Q}", "token"),
      ("pkcs11:token=t;object=o{Q}&module-path=/m", "module-path"), ("pkcs11:token=;object=o{Q}", "token"),
      ("pkcs11:token=t;object=o;id={Q}", "id"), ("pkcs11:token=t;object=o;type=private{Q}", "type"),
      ("pkcs11:token=t;object=o;slot-id=1{Q}", "slot-id"), ("pkcs11:token=t;object=o;library-version=1{Q}", "library-version"),
      ("pkcs11:token=t;object=o;x-vendor=1{Q}", "x-vendor"), ("pkcs11:token=t;object=o{Q}&module-name=m", "module-name"),
      ("pkcs11:token=t;object=o;pin-source=file:/p{Q}", "pin-source"), ("pkcs11:token=t;object=o;module-path=/m{Q}", "module-path"),
      ("pkcs11:token=t;object=o?token=t&module-path=/m&pin-source=file:/p", "token"), ("pkcs11:Token=t;object=o{Q}", "="),
      ("pkcs11:token=%;object=o{Q}", "token"), ("pkcs11:token=%4;object=o{Q}", "token"),
      ("pkcs11:token=%4g;object=o{Q}", "token"), ("pkcs11:token=%+4;object=o{Q}", "token"),
      ("pkcs11:token=% 4;object=o{Q}", "token"), ("pkcs11:token=a b;object=o{Q}", "token"),
      ("pkcs11:token=a/b;object=o{Q}", "token"), ("pkcs11:token=é;object=o{Q}", "token"),
      ("pkcs11:token=t;object=o#f{Q}", "object"), ("pkcs11:token=t;object=o{Q}#f", "pin-source"),
      ("pkcs11:token=t;object=\"o\"{Q}", "object"), ("pkcs11:token=t\n;object=o{Q}", "token"),
      ("pkcs11:token=t;object=o?module-path=m.so&pin-source=file:/p", "module-path"),
      ("pkcs11:token=t;object=o?module-path=//m.so&pin-source=file:/p", "module-path"),
      ("pkcs11:token=t;object=o?module-path=/m%00.so&pin-source=file:/p", "module-path"),
      ("pkcs11:token=t;object=o?module-path=/m%ff.so&pin-source=file:/p", "module-path"),
      ("pkcs11:token=t;object=o?module-path=/m&pin-source=/p", "pin-source"),
      ("pkcs11:token=t;object=o?module-path=/m&pin-source=%7c/bin/pin", "pin-source"),
      ("pkcs11:token=t;object=o?module-path=/m&pin-source=|/bin/pin", "pin-source"),
      ("pkcs11:token=t;object=o?module-path=/m&pin-source=file:p", "pin-source"),
      ("pkcs11:token=t;object=o?module-path=/m&pin-source=file://host/p", "pin-source"),
      ("pkcs11:token=t;object=o?module-path=/m&pin-source=file:////p", "pin-source"),
      ("pkcs11:token=t;object=o?module-path=/m&pin-source=file:/a%2520b", "pin-source"),
      ("pkcs11:token=t;object=o?module-path=/m&pin-source=file:/p%00", "pin-source"),
      ("pkcs11:token=t;object=o?module-path=/m&pin-source=http:/p", "pin-source"),
      // What might be a PIN in the wrong place is not shown.
      ("pkcs11:token=t;object=o;4711{Q}", "="), ("pkcs11:token=t;object=o;4711=x{Q}", "="),
      ("pkcs11:token=t;object=o;averyverylongnameofanattribute=x{Q}", "="), ("/path", "pkcs11:"), ("", "pkcs11:"),
    ]) func everythingElseIsRefused(_ text: String, _ part: String)
  {
    #expect {
      try PKCS11URI(parsing: text.replacing("{Q}", with: Self.query))
    } throws: { error in
      guard let error = error as? CausewayError else { return false }
      return error.code == "key.hsm_uri" && error.problems[0].facts == ["part": part]
    }
  }

  @Test func tooLong() {
    let text = "pkcs11:token=t;object=" + String(repeating: "o", count: 4097 - 22 - Self.query.utf8.count) + Self.query
    #expect(text.utf8.count == 4097)
    #expect(throws: CausewayError("key.hsm_uri")) { try PKCS11URI(parsing: text) }
  }

  @Test(arguments: ["pkcs11:token=t;object=o;pin-value=4711?module-path=/m", "pkcs11:token=t;object=o?module-path=/m&pin-value=4711"])
  func aPINInTheURIIsRefusedAndNotShown(_ text: String) {
    #expect {
      try PKCS11URI(parsing: text)
    } throws: { error in
      guard let error = error as? CausewayError else { return false }
      return error.code == "key.hsm_pin_value" && !error.description.contains("4711")
    }
  }

  /// No text makes it trap, and what it takes it takes for what it says.
  @Test func changedTexts() throws {
    let text = Array("pkcs11:token=t%41;object=o;id=%01?module-path=/m.so&pin-source=file:/p".utf8)
    for index in text.indices {
      for byte in UInt8.min...UInt8.max {
        var changed = text
        changed[index] = byte
        guard let string = String(validating: changed, as: UTF8.self), let uri = try? PKCS11URI(parsing: string) else { continue }
        #expect(uri.modulePath.utf8.first == UInt8(ascii: "/") && uri.pinPath.utf8.first == UInt8(ascii: "/"))
        #expect(!uri.token.label.isEmpty && !uri.object.isEmpty)
      }
      _ = try? PKCS11URI(parsing: String(decoding: text[..<index], as: UTF8.self))
    }
  }

  @Test func whatIsNoURIIsAPath() throws {
    for text in ["storage-key.pem", "pkcs11", "pkcs11/key", "./pkcs11:token=t"] {
      guard case .file(let path) = try StorageKeyLocation(text, path: { "/etc/" + $0 }) else {
        Issue.record("\(text)")
        continue
      }
      #expect(path == "/etc/" + text)
    }
    guard case .module(let uri) = try StorageKeyLocation("pkcs11:token=t;object=o" + Self.query, path: { _ in "" }) else {
      return #expect(Bool(false))
    }
    #expect(uri.object == [0x6F])
    #expect(throws: CausewayError("key.hsm_uri")) { try StorageKeyLocation("pkcs11:") }
  }
}
