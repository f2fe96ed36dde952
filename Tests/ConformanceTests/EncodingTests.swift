import Formats
import Foundation
import Primitives
import Testing

@testable import Translation

/// Bytes and texts as real senders make them: byte order marks, GB18030, stray bytes, empty elements, angle brackets in a text, older names.
@Suite struct EncodingTests {
  private func chinese(_ name: String) throws -> [UInt8] { try Sample(profile: "cn.decmessage", name: name).bytes() }

  @Test func aByteOrderMarkChangesNothing() throws {
    let plain = try chinese("export-textiles-12-items.xml")
    let marked = try chinese("export-textiles-12-items.bom.xml")
    #expect(marked == [0xEF, 0xBB, 0xBF] + plain)
    let translator = try Repository.translator()
    #expect(
      try translator.valid(plain, "cn.decmessage").document.differences(from: translator.valid(marked, "cn.decmessage").document) == [])
  }

  /// The published sample begins with a stray `4`.
  @Test(arguments: ["4", " ", "\n", "\u{FEFF}\u{FEFF}"])
  func aStrayByteBeforeTheDeclarationIsRefused(_ stray: String) throws {
    let plain = try chinese("export-minimal.xml")
    #expect(
      problems { _ = try Repository.translator().valid(Array(stray.utf8) + plain, "cn.decmessage") }.first?.code.rawValue.hasPrefix(
        "parse.") ?? false)
    #expect(problems { _ = try Repository.translator().valid(plain, "cn.decmessage") } == [])
  }

  @Test func gb18030KeepsEveryCharacter() throws {
    let bytes = try chinese("export-electronics.gb18030.xml")
    #expect(String(validating: bytes, as: UTF8.self) == nil)
    let translator = try Repository.translator()
    let valid = try translator.valid(bytes, "cn.decmessage")
    let hub = try translator.translate(bytes, "cn.decmessage", "uncefact.xml")
    let inHub = String(decoding: try hub.bytes(), as: UTF8.self)
    // Four bytes in GB18030, outside the Basic Multilingual Plane.
    let rare = valid.values.values.filter { $0.unicodeScalars.contains { $0.value > 0xFFFF } }
    #expect(!rare.isEmpty)
    for text in rare.flatMap({ $0.unicodeScalars }).filter({ $0.value > 0xFFFF }) { #expect(inHub.unicodeScalars.contains(text)) }
    let back = try translator.translate(try hub.bytes(), "uncefact.xml", "cn.decmessage", complement: hub.complement)
    #expect(valid.document.differences(from: back.document) == [])
  }

  @Test func bytesMustBeInTheDeclaredEncoding() throws {
    let bytes = try chinese("export-electronics.gb18030.xml")
    let declared = Array("GB18030".utf8)
    let at = try #require(bytes.firstRange(of: declared))
    var lying = bytes
    lying.replaceSubrange(at, with: Array("UTF-8".utf8))
    #expect(problems { _ = try Repository.translator().valid(lying, "cn.decmessage") }.first?.code.rawValue.hasPrefix("parse.") ?? false)
  }

  @Test func singaporeTakesNoGB18030() throws {
    let text = String(decoding: try Sample(profile: "sg.tradenet", name: "in-payment-textiles.xml").bytes(), as: UTF8.self)
    let translator = try Repository.translator()
    #expect(problems { _ = try translator.valid(Array(text.utf8), "sg.tradenet") } == [])
    let declared = text.replacingOccurrences(of: "encoding=\"UTF-8\"", with: "encoding=\"GB18030\"")
    #expect(declared != text)
    #expect(problems { _ = try translator.valid(Array(declared.utf8), "sg.tradenet") }.first?.code.rawValue.hasPrefix("parse.") ?? false)
  }

  /// Chinese text has no place in a message of upper-case ASCII: it is asked for, not replaced by question marks.
  @Test func otherScriptsAreAskedFor() throws {
    let message = try ChineseMessage.export().item("DeclGoodsEname", "棉制T恤衫")
    let draft = try message.translated(to: "sg.tradenet")
    #expect(draft.asked("/GoodsDescription[1]")?.reason == .notASCII)
    let written = String(decoding: try draft.bytes(), as: UTF8.self)
    #expect(
      written.utf8.allSatisfy { $0 < 0x80 } && written.filter { $0 == "?" }.count == 2,
      "the declaration has two question marks, nothing else")
    let latin = try message.item("DeclGoodsEname", "Cotton T-shirts").translated(to: "sg.tradenet")
    #expect(latin.asked("/GoodsDescription[1]") == nil)
    #expect(latin.text("InboundMessage", "InPayment", "Item", "GoodsDescription") == "COTTON T-SHIRTS")
    #expect(latin.entries(from: "/DeclGoodsEname").contains { $0.action == .lossy && $0.reason == .upperCased })
  }

  // MARK: Empty elements

  @Test func emptyElementsAreKept() throws {
    let message = try ChineseMessage.export().head("LicenseNo", "").head("ManualNo", "").item("SecondQty", "").item("GModel", "")
    let original = try Repository.translator().valid(message.bytes, "cn.decmessage").document
    for hub in ["uncefact.xml", "uncefact.json"] {
      let out = try message.translated(to: hub)
      let back = try Repository.translator().translate(try out.bytes(), hub, "cn.decmessage", complement: out.complement)
      #expect(original.differences(from: back.document) == [])
      let node = try #require(back.document.find("DecHead", "LicenseNo"))
      #expect(back.document.text(node) ?? "" == "")
      // Absent is not empty: what was not there does not appear.
      #expect(back.document.find("DecHead", "ContrNo") == nil)
      #expect(out.entries(from: "/LicenseNo").contains { $0.reason == .empty })
    }
  }

  @Test func anEmptyElementDoesNotFillARequiredPlace() throws {
    let found = try ChineseMessage.export().head("TrafMode", "").problems()
    #expect(found.map(\.code) == ["validate.missing"] && found.first?.pointer == "/DecMessage/DecHead/TrafMode")
    #expect(try ChineseMessage.export().head("TrafName", "").problems() == [])
  }

  // MARK: Texts with angle brackets and pipes

  @Test(arguments: [
    "<![CDATA[<14>I2017-0166475]]>", "&lt;14&gt;I2017-0166475", "&#60;14&#x3E;I2017-0166475", "<![CDATA[<14>]]>I2017-0166475",
  ])
  func aCertificateNamesItsAgreementInAngleBrackets(_ written: String) throws {
    let message = try certificate(written)
    let values = try message.read()
    #expect(values["CertificateOfOrigin[1].AgreementCode"] == "14" && values["CertificateOfOrigin[1].ID"] == "I2017-0166475")
    let hub = try message.translated(to: "uncefact.xml")
    let back = try Repository.translator().translate(try hub.bytes(), "uncefact.xml", "cn.decmessage", complement: hub.complement)
    #expect(back.text("DecLicenseDocus", "LicenseDocu", "CertCode") == "<14>I2017-0166475")
    #expect(String(decoding: try back.bytes(), as: UTF8.self).contains("&lt;14"))
  }

  @Test(arguments: ["I2017-0166475", "14>I2017", "&lt;14I2017"])
  func aCertificateWithoutAgreementIsANumber(_ written: String) throws {
    let values = try certificate(written).read()
    #expect(values["CertificateOfOrigin[1].AgreementCode"] == nil)
    #expect(values["CertificateOfOrigin[1].ID"] == written.replacingOccurrences(of: "&lt;", with: "<"))
  }

  private func certificate(_ written: String) throws -> ChineseMessage {
    let block = "<DecLicenseDocus><LicenseDocu><DocuCode>Y</DocuCode><CertCode>\(written)</CertCode></LicenseDocu></DecLicenseDocus>"
    return try ChineseMessage.export().appending(block, before: "<DecSign>")
  }

  @Test func declarationElementsKeepTheirEmptyPlaces() throws {
    let model = "4|3|用于平板电脑|逻辑|已封装|ON牌|NL27WZU04DTT1G|无批号|量产|||非加密"
    let hub = try ChineseMessage.export().item("GModel", model).translated(to: "uncefact.xml")
    let back = try Repository.translator().translate(try hub.bytes(), "uncefact.xml", "cn.decmessage")
    #expect(back.text("DecLists", "DecList", "GModel") == model)
  }

  // MARK: Older versions

  @Test(arguments: ["20180703", "2018-07-03", "2018-07-03 00-00-00", "2018-07-03 00:00:00", "20180703 01:01:01"])
  func datesInOneMessage(_ date: String) throws {
    #expect(try ChineseMessage.export().head("IEDate", date).read()["Declaration.DepartureDate"] == "2018-07-03")
  }

  @Test(arguments: ["2018-02-30", "03/07/2018", "2018073", "2018-7-3"])
  func whatIsNoDateIsRefused(_ date: String) throws {
    #expect(try ChineseMessage.export().head("IEDate", date).problems().map(\.code) == ["validate.not_date"])
  }

  @Test(arguments: [
    ("TradeCodeScc", "TradeCoScc", "91310115MA1K4T2789"), ("CiqEntyPortCode", "EntyPortCode", "311002"), ("FreightMark", "FeeMark", "3"),
  ])
  func oldNamesAreRead(_ old: String, _ new: String, _ value: String) throws {
    #expect(try ChineseMessage.export().head(old, value).read() == ChineseMessage.export().head(new, value).read())
    let hub = try ChineseMessage.export().head(old, value).translated(to: "uncefact.xml")
    let back = try Repository.translator().translate(try hub.bytes(), "uncefact.xml", "cn.decmessage", complement: hub.complement)
    #expect(back.text("DecHead", old) == value && back.text("DecHead", new) == nil)
  }

  @Test func bothNamespacesAreRead() throws {
    let text = try ChineseMessage.export().text
    let old = text.replacingOccurrences(of: "chinaport.gov.cn/dec\"", with: "chinaport.gov.cn/dec_3_1\"")
    let foreign = text.replacingOccurrences(of: "chinaport.gov.cn/dec\"", with: "chinaport.gov.cn/other\"")
    #expect(old != text && foreign != text)
    let translator = try Repository.translator()
    #expect(problems { _ = try translator.valid(Array(old.utf8), "cn.decmessage") } == [])
    #expect(!problems { _ = try translator.valid(Array(foreign.utf8), "cn.decmessage") }.isEmpty)
    let prefixed = text.replacingOccurrences(of: "<DecMessage Version=\"5.0\" xmlns=", with: "<x:DecMessage Version=\"5.0\" xmlns:x=")
    #expect(!problems { _ = try translator.valid(Array(prefixed.utf8), "cn.decmessage") }.isEmpty)
  }
}
