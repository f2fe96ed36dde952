import Primitives
import Testing

@Suite struct ByteSinkTests {
  @Test func piecesOfEveryKindStandOneBehindTheOtherHoweverMuchItGrows() {
    var pieces = ByteSink(capacity: 0)
    var expected: [UInt8] = []
    pieces.append(string: "零,")
    let piece = pieces.piece(from: 0)
    pieces.append("rest")
    var sink = ByteSink(capacity: 0)
    for round in 0..<200 {
      sink.append(0x5B)
      sink.append("literal ")
      sink.append(string: "текст ")
      sink.append([1, 2, 3])
      sink.append([9, 8, 7, 6], 1..<3)
      sink.append(piece, of: pieces)
      sink.append(decimal: round * 1001)
      expected += [0x5B] + "literal текст ".utf8 + [1, 2, 3, 8, 7] + "零,\(round * 1001)".utf8
    }
    #expect(sink.count == expected.count)
    #expect(sink.finish() == expected)
    #expect(pieces.finish() == Array("零,rest".utf8))
  }

  @Test func aStretchOfItsOwnIsAddedOnceMoreAlsoWhileItGrows() {
    var sink = ByteSink(capacity: 64)
    sink.append(string: String(repeating: "ab", count: 20))
    let piece = sink.piece(from: 2)
    sink.append(again: piece)
    sink.append(again: piece)
    #expect(sink.finish() == Array(String(repeating: "ab", count: 20 + 19 + 19).utf8))
  }

  @Test func whatWasMovedIsNotThereTwice() {
    var sink = ByteSink(capacity: 64)
    var bytes: [UInt8] = [0]
    sink.append([1, 2])
    sink.move(to: &bytes)
    sink.move(to: &bytes)
    sink.append(3)
    sink.move(to: &bytes)
    #expect(bytes == [0, 1, 2, 3])
    #expect(sink.finish().isEmpty)
  }

  @Test func nothingAddedIsNoBytes() {
    var sink = ByteSink(capacity: 1)
    sink.append([])
    sink.append(string: "")
    sink.append([1, 2], 1..<1)
    #expect(sink.finish().isEmpty)
  }
}
