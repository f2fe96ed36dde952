import Primitives
import Testing

@testable import Declarations

/// Damaged and random input: refused or accepted, never a crash, and what is accepted is stable.
@Suite struct HostileInputTests {
  /// A small reproducible generator (xorshift).
  struct Random: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
      state ^= state << 13
      state ^= state >> 7
      state ^= state << 17
      return state
    }
  }

  static let alphabet: [String] = [
    "0", "9", "1", ".", "-", "+", ":", "T", "Z", " ", "\n", "\r", "\t", "A", "é", "e\u{301}", "中", "𠀀", "\u{0}", "[", "]", ",", "\"", "#",
  ]

  @Test func canonicalFormsAreFixedPoints() {
    var random = Random(state: 0x9E37_79B9_7F4A_7C15)
    let types: [ElementType] = [.text(6), .id(6), .code(6), .decimal(digits: 8, scale: 3), .integer(4), .indicator, .date, .datetime]
    let seeds = ["2024-02-29", "2026-11-21T08:45:00+08:00", "-12.500", "007", "true", ""]
    for _ in 0..<20_000 {
      var scalars = Array((seeds.randomElement(using: &random) ?? "").unicodeScalars.map { String($0) })
      for _ in 0..<Int.random(in: 0...4, using: &random) {
        let position = Int.random(in: 0...scalars.count, using: &random)
        if Bool.random(using: &random), position < scalars.count { scalars.remove(at: position) }
        scalars.insert(Self.alphabet.randomElement(using: &random) ?? "", at: min(position, scalars.count))
      }
      let text = scalars.joined()
      for type in types {
        guard case .valid(let canonical) = type.check(text) else { continue }
        #expect(type.check(canonical) == .valid(canonical), "\(type) \(text.debugDescription)")
      }
    }
  }

  @Test func aDamagedTableIsReadOrRefused() throws {
    let good = Array("# source: x\n# version: 1\ncode,zh,en,valid_from,valid_to,note\nA,甲,\"a, \"\"b\"\"\",2020-01-01,,\nB,,,,,\n".utf8)
    #expect(try CodeList.load(csv: good, id: "l", file: "l.csv").entries.count == 2)
    var random = Random(state: 42)
    var accepted = 0
    for _ in 0..<5000 {
      var bytes = good
      for _ in 0..<Int.random(in: 1...3, using: &random) {
        let position = Int.random(in: 0..<bytes.count, using: &random)
        switch Int.random(in: 0..<3, using: &random) {
        case 0: bytes[position] = UInt8.random(in: 0...255, using: &random)
        case 1: bytes.remove(at: position)
        default: bytes.insert([0x22, 0x2C, 0x0A, 0x0D, 0x23, 0xFF].randomElement(using: &random) ?? 0, at: position)
        }
      }
      if let list = try? CodeList.load(csv: bytes, id: "l", file: "l.csv") {
        accepted += 1
        for entry in list.entries { #expect(list.entry(entry.code) == entry) }
      }
    }
    #expect(accepted > 0)
  }

  @Test func randomPathsAreParsedOrRefused() throws {
    let dictionary = try Repository.dictionary()
    var random = Random(state: 7)
    let pieces = [
      "GoodsItem", "Seal", "TransportEquipment", "[1]", "[", "]", ".", "Origin.CountryCode", "ID", "[99]", "[-1]", "[0x1]", "", "中",
      "Declaration.UCR",
    ]
    for _ in 0..<20_000 {
      let text = (0..<Int.random(in: 0...6, using: &random)).map { _ in pieces.randomElement(using: &random) ?? "" }.joined()
      guard let path = ElementPath(text, in: dictionary) else { continue }
      #expect(ElementPath(path.description(in: dictionary), in: dictionary) == path, "\(text)")
    }
  }

  @Test func aCodeIndexFindsAllItHoldsAndNothingElse() {
    var random = Random(state: 99)
    var index = CodeIndex(capacity: 3000)
    var codes: [String] = []
    while codes.count < 3000 {
      let code = String(
        (0..<Int.random(in: 0...9, using: &random)).map { _ in Character(Unicode.Scalar(UInt8.random(in: 0x30...0x5A, using: &random))) })
      if index.insert(code) { codes.append(code) }
    }
    for (position, code) in codes.enumerated() { #expect(index.position(of: code) == position) }
    #expect(index.position(of: "é") == nil)
    #expect(index.position(of: codes[0] + "\u{0}") == nil)
  }
}
