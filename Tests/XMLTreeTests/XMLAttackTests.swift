import AttackCases
import Primitives
import Testing

@testable import XMLTree

/// Hostile documents. Each comes with a twin that differs in the attack alone and is accepted.
@Suite struct XMLAttackTests {
  @Test(arguments: AttackCase.xml) func isRefusedAndItsTwinTaken(_ test: AttackCase) {
    #expect(test.attack != test.twin)
    #expect(test.answer(to: test.attack)?.code == test.code)
    #expect(test.answer(to: test.twin) == nil)
  }

  @Test func limitsOfSizeAndCount() throws {
    var limits = XMLLimits()
    limits.bytes = 20
    #expect(throws: CausewayError("parse.too_large")) {
      try XMLTree.parse(Array("<d>\(String(repeating: "x", count: 14))</d>".utf8), limits: limits)
    }
    #expect(throws: Never.self) { try XMLTree.parse(Array("<d>\(String(repeating: "x", count: 13))</d>".utf8), limits: limits) }
    limits = XMLLimits()
    limits.nodes = 5
    #expect(throws: CausewayError("parse.nodes")) { try XMLTree.parse(Array("<d a='' b=''><e/><e/><!----></d>".utf8), limits: limits) }
    #expect(throws: Never.self) { try XMLTree.parse(Array("<d a='' b=''><e/><e/></d>".utf8), limits: limits) }
    limits = XMLLimits()
    limits.text = 4
    for text in ["12345", "<![CDATA[12345]]>", "<!--12345-->"] {
      #expect(throws: CausewayError("parse.text_length")) { try XMLTree.parse(Array("<d>\(text)</d>".utf8), limits: limits) }
    }
    for text in ["1234", "<![CDATA[1234]]>", "<!--1234-->"] {
      #expect(throws: Never.self) { try XMLTree.parse(Array("<d>\(text)</d>".utf8), limits: limits) }
    }
  }

  // MARK: Where

  @Test func refusalsNameLineAndColumn() {
    func place(_ text: String) -> (Int?, String?)? {
      do throws(CausewayError) {
        _ = try XMLTree.parse(Array(text.utf8))
        return nil
      } catch {
        return (error.problems[0].line, error.problems[0].facts["column"])
      }
    }
    #expect(place("<d>\n  <e>&x;</e></d>")! == (2, "6"))
    #expect(place("<d>\n中文\u{1}</d>")! == (2, "3"))
    #expect(place("4<?xml version='1.0'?><d/>")! == (1, "1"))
    #expect(place("<a>\n<b>\n</a>")?.0 == 3)
    #expect(place("\u{FEFF}<a>\n&#0;</a>")! == (2, "1"))
  }

  /// What is refused is never quoted: neither in the facts nor in the text for the log.
  @Test func refusalsHoldNothingOfTheDocument() {
    for test in AttackCase.xml where test.code != nil {
      let secret = "secretvalue"
      let attack = test.attack + Array("<\(secret) \(secret)=\"\(secret)\">\(secret)".utf8)
      let error = #expect(throws: CausewayError.self) { try XMLTree.parse(attack) }
      #expect(error.map { String(describing: $0).contains(secret) } == false)
    }
  }
}
