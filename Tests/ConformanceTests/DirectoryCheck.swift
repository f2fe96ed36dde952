import Foundation

/// What a message breaks of the directory, by a reading of our own: order and occurrences of segments, mandatory segments and elements,
/// repetitions, lengths and kinds of characters, counts and references of the envelope. Plain, and by the rules alone.
struct DirectoryCheck {
  /// Repetitions of elements of components.
  typealias Segment = [[[String]]]

  let directory: UNDirectory
  private(set) var breaches: [String] = []
  private var segments: [Segment] = []
  private var decimals: [Character] = ["."]
  private var next = 0

  static func breaches(of bytes: [UInt8], _ directory: UNDirectory) -> [String] {
    var check = DirectoryCheck(directory: directory)
    check.run(bytes)
    return check.breaches
  }

  private init(directory: UNDirectory) { self.directory = directory }

  private mutating func run(_ bytes: [UInt8]) {
    segments = split(bytes)
    guard segments.count > 4, tag(0) == "UNB", tag(1) == "UNH" else { return breaches.append("no UNB and UNH") }
    if segments[1].dropFirst(2).first?.first?.prefix(4) != [directory.message.name, "D", "03B", "UN"] {
      breaches.append("UNH does not name \(directory.message.name) D.03B")
    }
    // UNH and UNT belong to the message's table.
    next = 1
    group(directory.message.parts)
    if next != segments.count - 1 || tag(segments.count - 1) != "UNZ" {
      return breaches.append("\(tag(next)) at \(next + 1) has no place there")
    }
    let unt = segments[next - 1]
    if unt[1...] != [[["\(next - 1)"]], segments[1][1]] { breaches.append("UNT does not agree") }
    if segments[next][1...] != [[["1"]], segments[0][5]] { breaches.append("UNZ does not agree") }
  }

  private func tag(_ index: Int) -> String { index < segments.count ? segments[index][0][0][0] : "" }

  /// Each part in its order, as often as it is there and may be.
  private mutating func group(_ parts: [UNDirectory.Part]) {
    for part in parts {
      let first = part.isGroup ? part.parts[0].name : part.name
      var times = 0
      while tag(next) == first, times < part.times {
        times += 1
        if part.isGroup {
          group(part.parts)
        } else {
          element(segments[next], directory.segments[first], isMandatory: part.isMandatory)
          next += 1
        }
      }
      if part.isMandatory, times == 0 { breaches.append("\(part.name) is not there before segment \(next + 1)") }
    }
  }

  private mutating func element(_ segment: Segment, _ positions: [UNDirectory.Position]?, isMandatory: Bool) {
    let tag = segment[0][0][0]
    // Service segments are not in the directory.
    guard let positions else {
      if !["UNH", "UNS", "UNT"].contains(tag) { breaches.append("\(tag) is not in the directory") }
      return
    }
    // A segment that is mandatory in its group stands there for the group, with or without elements.
    if segment.count == 1, !isMandatory { breaches.append("\(tag) is empty") }
    if segment.count > 1, segment.last == [[""]] { breaches.append("\(tag) ends with empty elements") }
    if segment.count - 1 > positions.count { breaches.append("\(tag) has \(segment.count - 1) elements") }
    for (index, position) in positions.enumerated() {
      let place = "\(tag) at \(next + 1), element \(index + 1) (\(position.id))"
      let repetitions = index + 1 < segment.count ? segment[index + 1] : [[""]]
      if repetitions.count > position.times { breaches.append("\(place) occurs \(repetitions.count) times") }
      if repetitions.count > 1, repetitions.last == [""] { breaches.append("\(place) ends with an empty repetition") }
      for components in repetitions {
        let isFilled = components != [""]
        if position.isMandatory, !isFilled { breaches.append("\(place) is not there") }
        guard isFilled else { continue }
        if components.last == "" { breaches.append("\(place) ends with empty components") }
        let parts = position.components.isEmpty ? [position] : position.components
        if components.count > parts.count { breaches.append("\(place) has \(components.count) components") }
        for (number, part) in parts.enumerated() {
          let text = number < components.count ? components[number] : ""
          if text.isEmpty {
            if part.isMandatory { breaches.append("\(place): \(part.id) is not there") }
          } else if !fits(text, part.format) {
            breaches.append("\(place): \(part.id) is not \(part.format)")
          }
        }
      }
    }
  }

  /// Sign and decimal mark of a number do not count (ISO 9735-1, 10).
  private func fits(_ text: String, _ format: String) -> Bool {
    let limit = Int(format.drop { !$0.isNumber }) ?? 0
    let kind = format.prefix { $0.isLetter }
    let digits = text.filter { $0 >= "0" && $0 <= "9" }.count
    let count: Int
    switch kind {
    case "n":
      let rest = text.hasPrefix("-") ? text.dropFirst() : text[...]
      let halves = rest.split(omittingEmptySubsequences: false) { decimals.contains($0) }
      guard digits > 0, halves.count <= 2, halves.allSatisfy({ $0.allSatisfy { $0 >= "0" && $0 <= "9" } }), halves.last != "" else {
        return false
      }
      count = digits
    case "a":
      guard digits == 0 else { return false }
      count = text.unicodeScalars.count
    default: count = text.unicodeScalars.count
    }
    return format.contains("..") ? count <= limit : count == limit
  }

  /// Segments, elements, repetitions and components.
  private mutating func split(_ bytes: [UInt8]) -> [Segment] {
    let isUTF8 = bytes.prefix(60).split(separator: 0x55).contains { $0.starts(with: "NOY".utf8) }
    var text = isUTF8 ? Array(String(decoding: bytes, as: UTF8.self).unicodeScalars) : bytes.map { Unicode.Scalar($0) }
    var (component, element, release, repetition, end): (Unicode.Scalar, Unicode.Scalar, Unicode.Scalar, Unicode.Scalar?, Unicode.Scalar) =
      (":", "+", "?", "*", "'")
    if text.starts(with: "UNA".unicodeScalars) {
      (component, element, release, end) = (text[3], text[4], text[6], text[8])
      decimals = [Character(text[5])]
      repetition = text[7] == " " ? nil : text[7]
      text.removeFirst(9)
    }
    // Version 4 has the repetition, and takes both decimal marks whatever UNA says.
    let syntax = text.prefix(40).split(separator: element).dropFirst().first
    let version = syntax?.split(separator: component, omittingEmptySubsequences: false).dropFirst().first?.first
    if version == "4" { decimals = [".", ","] } else { repetition = nil }
    var segments: [Segment] = []
    var segment: Segment = [[[""]]]
    var isReleased = false
    var isBetween = true
    for scalar in text {
      if isBetween, scalar == "\r" || scalar == "\n" { continue }
      isBetween = false
      let (e, r) = (segment.count - 1, segment[segment.count - 1].count - 1)
      if !isReleased, scalar == release {
        isReleased = true
        continue
      }
      if isReleased {
        segment[e][r][segment[e][r].count - 1].unicodeScalars.append(scalar)
      } else if scalar == end {
        segments.append(segment)
        (segment, isBetween) = ([[[""]]], true)
      } else if scalar == element {
        segment.append([[""]])
      } else if scalar == repetition {
        segment[e].append([""])
      } else if scalar == component {
        segment[e][r].append("")
      } else {
        segment[e][r][segment[e][r].count - 1].unicodeScalars.append(scalar)
      }
      isReleased = false
    }
    if segment != [[[""]]] { breaches.append("text stands behind the last segment") }
    return segments
  }
}
