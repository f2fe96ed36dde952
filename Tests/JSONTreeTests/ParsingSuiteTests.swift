import Foundation
import JSONTree
import Primitives
import TestSupport
import Testing

/// The files of JSONTestSuite: y_ must be read, n_ must be refused, i_ are left to the reader.
@Suite(.enabled(if: SharedData.has("vectors"), "not run: ../shared is absent"))
struct ParsingSuiteTests {
  /// Unpacks the archive of the suite into a folder of its own and reads it.
  static func files() throws -> [(name: String, bytes: [UInt8])] {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("json-parsing-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let tar = try ChildProcess.run([
      "tar", "xzf", SharedData.folder.appendingPathComponent("vectors/json-parsing/test_parsing.tar.gz").path, "-C", folder.path,
    ])
    try #require(tar.status == 0, "\(tar)")
    let inner = folder.appendingPathComponent("test_parsing")
    return try FileManager.default.contentsOfDirectory(atPath: inner.path).sorted().map { name in
      (name, try Array(Data(contentsOf: inner.appendingPathComponent(name))))
    }
  }

  static func outcome(_ bytes: [UInt8], limits: JSONLimits = .standard) -> ErrorCode? {
    do {
      _ = try JSONValue.parse(bytes, limits: limits)
      return nil
    } catch {
      return error.code
    }
  }

  @Test func acceptsAndRefusesAsTheSuiteSays() throws {
    let files = try Self.files()
    var differing: Set<String> = []
    var counts: [Substring: Int] = [:]
    for file in files {
      let kind = file.name.prefix(2)
      counts[kind, default: 0] += 1
      let isAccepted = Self.outcome(file.bytes) == nil
      if kind == "y_" && !isAccepted || kind == "n_" && isAccepted { differing.insert(file.name) }
    }
    #expect(counts == ["y_": 95, "n_": 188, "i_": 35])
    #expect(differing == Set(VectorExceptions.json.keys))
    for file in files where differing.contains(file.name) { #expect(Self.outcome(file.bytes) == "parse.json_duplicate_member") }
  }

  /// Everything the suite leaves open is refused, each for its own reason.
  @Test func refusesWhatIsLeftOpen() throws {
    for file in try Self.files() where file.name.hasPrefix("i_") {
      let code = Self.outcome(file.bytes)
      let expected: [ErrorCode] =
        switch file.name {
        case _ where file.name.hasPrefix("i_number"): ["parse.json_number_unsafe"]
        case "i_structure_500_nested_arrays.json": ["parse.json_depth"]
        case "i_structure_UTF-8_BOM_empty_object.json": ["parse.json_bom"]
        case "i_string_utf16BE_no_BOM.json", "i_string_utf16LE_no_BOM.json": ["parse.json_encoding"]
        default: ["parse.json_surrogate", "parse.json_encoding"]
        }
      #expect(code.map(expected.contains) == true, "\(file.name): \(code?.rawValue ?? "accepted")")
    }
    let deep = try #require(try Self.files().first { $0.name == "i_structure_500_nested_arrays.json" })
    #expect(Self.outcome(deep.bytes, limits: JSONLimits(depth: 500)) == nil)
  }

  /// What was read and written again reads the same, and the canonical form is a fixed point.
  @Test func roundTrips() throws {
    for file in try Self.files() where file.name.hasPrefix("y_") {
      guard let value = try? JSONValue.parse(file.bytes) else { continue }
      #expect(try JSONValue.parse(value.serialized()) == value, "\(file.name)")
      #expect(try JSONValue.parse(value.serialized(pretty: true)) == value, "\(file.name)")
      let canonical = try value.canonical()
      #expect(try JSONValue.parseCanonical(canonical).canonical() == canonical, "\(file.name)")
    }
  }

  /// Files on which readers are known to disagree: what is accepted keeps its text.
  @Test func transformFiles() throws {
    let folder = "vectors/json-parsing/test_transform"
    let accepted = [
      "number_1.0", "number_1e6", "number_1000000000000000", "object_key_nfc_nfd", "object_key_nfd_nfc", "string_with_escaped_NULL",
    ]
    for name in accepted {
      let bytes = try SharedData.bytes("\(folder)/\(name).json")
      let tight = bytes.filter { ![0x20, 0x0A, 0x0D, 0x09].contains($0) }
      #expect(try JSONValue.parse(bytes).serialized() == tight, "\(name)")
    }
    let refused: [String: ErrorCode] = [
      "number_1.000000000000000005": "parse.json_number_unsafe", "number_10000000000000000999": "parse.json_number_unsafe",
      "number_9223372036854775807": "parse.json_number_unsafe", "number_9223372036854775808": "parse.json_number_unsafe",
      "number_-9223372036854775808": "parse.json_number_unsafe", "number_-9223372036854775809": "parse.json_number_unsafe",
      "number_1e-999": "parse.json_number_unsafe",
      "object_same_key_same_value": "parse.json_duplicate_member", "object_same_key_different_values": "parse.json_duplicate_member",
      "object_same_key_unclear_values": "parse.json_duplicate_member",
      "string_1_escaped_invalid_codepoint": "parse.json_surrogate", "string_2_escaped_invalid_codepoints": "parse.json_surrogate",
      "string_3_escaped_invalid_codepoints": "parse.json_surrogate", "string_1_invalid_codepoint": "parse.json_encoding",
      "string_2_invalid_codepoints": "parse.json_encoding", "string_3_invalid_codepoints": "parse.json_encoding",
    ]
    for (name, code) in refused {
      #expect(Self.outcome(try SharedData.bytes("\(folder)/\(name).json")) == code, "\(name)")
    }
    let names = SharedData.files(folder, extension: "json").map { $0.dropFirst(folder.count + 1).dropLast(5) }
    #expect(Set(names) == Set((accepted + refused.keys).map { $0[...] }))
  }
}
