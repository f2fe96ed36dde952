import Foundation
import JSONTree
import Primitives
import TestSupport
import Testing
import Trust

/// A signed registry holds to `schemas/registry.schema.json`.
@Suite struct RegistrySchemaTests {
  @Test func aSignedRegistry() throws {
    let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    let schema = try JSONSchema([UInt8](try Data(contentsOf: root.appending(path: "schemas/registry.schema.json"))))
    let pki = try TestPKI()
    var content = pki.content
    content.participants[0].serviceWindows = [try #require(ServiceWindow(days: [.monday], start: 1439, end: 1440))]
    let good = try JSONValue.parse(try Registry.sign(content, key: pki.registryKey))
    #expect(try schema.errors(in: good) == [])
    var bad = try #require(good.object)
    bad["signature"] = "a.b.c"
    #expect(try schema.errors(in: .object(bad)) == ["/signature pattern"])
    bad = try #require(good.object)
    bad["registry"] = [:]
    #expect(try schema.errors(in: .object(bad)).count == 4)
  }
}
