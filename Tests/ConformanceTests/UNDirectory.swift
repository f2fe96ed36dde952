import Foundation
import TestSupport
import Testing

/// A message, its segments and composites of the UN/EDIFACT directory D.03B, read from the texts that UNECE publishes, by columns. It shares
/// nothing with the reader, the writer and the profile that it judges.
struct UNDirectory: Sendable {
  /// A position of a segment: a data element or a composite, as often as it may occur.
  struct Position: Equatable, Sendable {
    var id: String
    var isMandatory: Bool
    var times: Int
    /// Representation of a data element, such as `an..35`; empty: a composite.
    var format: String
    var components: [Position]
  }

  /// A segment or segment group of the message.
  struct Part: Sendable {
    var name: String
    var isGroup: Bool
    var isMandatory: Bool
    var times: Int
    var parts: [Part]
  }

  private(set) var segments: [String: [Position]] = [:]
  private(set) var message: Part

  static let archive = Repository.shared.appending(path: "vectors/edifact/unece-d03b/d03b.zip")
  static let isThere: Bool = {
    let found = FileManager.default.fileExists(atPath: archive.path) && FileManager.default.isExecutableFile(atPath: "/usr/bin/unzip")
    if !found { Repository.note("../shared or unzip is absent") }
    return found
  }()
  static let cusdec = Result { try UNDirectory("CUSDEC") }
  static let cusres = Result { try UNDirectory("CUSRES") }

  /// - Parameter name: the message.
  init(_ name: String) throws {
    message = Part(name: name, isGroup: true, isMandatory: true, times: 1, parts: [])
    let folder = FileManager.default.temporaryDirectory.appending(path: "causeway-directory-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    func text(_ inner: String, _ file: String) throws -> [String] {
      try Self.unzip(Self.archive, inner, into: folder)
      try Self.unzip(folder.appending(path: inner), file, into: folder)
      let text = String(decoding: try Data(contentsOf: folder.appending(path: file)), as: UTF8.self)
      return text.replacing("\r\n", with: "\n").split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    }
    segments = Self.segments(try text("EDSD.ZIP", "EDSD.03B"))
    message.parts = Self.parts(try text("EDMD.ZIP", "\(name)_D.03B"))
  }

  private static func unzip(_ archive: URL, _ file: String, into folder: URL) throws {
    try #require(try ChildProcess.run(["/usr/bin/unzip", "-q", "-o", archive.path, file, "-d", folder.path]).status == 0)
  }

  /// Text of columns, without the blanks around it.
  private static func column(_ line: [Character], _ range: Range<Int>) -> String {
    guard line.count > range.lowerBound else { return "" }
    return String(line[range.lowerBound..<min(range.upperBound, line.count)]).trimmingCharacters(in: .whitespaces)
  }

  /// Status in column 55, occurrences behind it, representation from column 62; a long name takes two lines, and these stand in the second.
  private static func segments(_ lines: [String]) -> [String: [Position]] {
    var segments: [String: [Position]] = [:]
    var tag = ""
    var isHeadNext = false
    var begun: (id: String, isComponent: Bool)?
    for line in lines.map(Array.init) {
      let number = column(line, 0..<3)
      let id = column(line, 7..<11)
      if line.starts(with: Array("----------")) {
        isHeadNext = true
        continue
      }
      if isHeadNext, id.count == 3, id.allSatisfy({ $0.isASCII && $0.isUppercase }), column(line, 10..<12).isEmpty {
        (tag, isHeadNext, begun) = (id, false, nil)
        segments[tag] = []
        continue
      }
      if id.count == 4, id.dropFirst().allSatisfy(\.isNumber), column(line, 11..<12).isEmpty { begun = (id, number.isEmpty) }
      let status = column(line, 54..<57)
      guard let current = begun, ["M", "C"].contains(status) else { continue }
      let format = column(line, 61..<80).replacing(" ", with: "")
      let position = Position(
        id: current.id, isMandatory: status == "M", times: Int(column(line, 57..<61)) ?? 1, format: format, components: [])
      var positions = segments[tag] ?? []
      if current.isComponent, !positions.isEmpty {
        positions[positions.count - 1].components.append(position)
      } else {
        positions.append(position)
      }
      segments[tag] = positions
      begun = nil
    }
    return segments
  }

  /// Tag in column 7, status in column 53, occurrences from column 57; each `+` of a segment's line ends a group.
  private static func parts(_ lines: [String]) -> [Part] {
    let start = lines.lastIndex { $0.contains("Segment table") } ?? 0
    var open: [Part] = [Part(name: "", isGroup: true, isMandatory: true, times: 1, parts: [])]
    for line in lines[start...].map(Array.init) where column(line, 0..<4).count == 4 && column(line, 0..<4).allSatisfy(\.isNumber) {
      let tail = column(line, 57..<100)
      let times = Int(tail.prefix { $0.isNumber }) ?? 0
      let isMandatory = column(line, 53..<54) == "M"
      if let name = String(line).firstMatch(of: #/Segment group (\d+)/#) {
        open.append(Part(name: "SG\(name.1)", isGroup: true, isMandatory: isMandatory, times: times, parts: []))
        continue
      }
      open[open.count - 1].parts.append(
        Part(name: column(line, 7..<10), isGroup: false, isMandatory: isMandatory, times: times, parts: []))
      for _ in tail.filter({ $0 == "+" }) {
        let group = open.removeLast()
        open[open.count - 1].parts.append(group)
      }
    }
    return open[0].parts
  }
}
