import CLibXML2
import Declarations
import Glibc
import Primitives

/// The translation of a Chinese export declaration into a Singapore import draft as an XSLT 1.0 stylesheet: what a team without Causeway would
/// write. It makes the same document, and nothing of what goes with it: no report, no supplement request, no guards.
///
/// libxslt is opened when the program runs: nothing but this comparison needs it.
final class RawXSLT {
  private typealias Parse = @convention(c) (xmlDocPtr?) -> OpaquePointer?
  private typealias Apply = @convention(c) (OpaquePointer?, xmlDocPtr?, UnsafeMutablePointer<UnsafePointer<CChar>?>?) -> xmlDocPtr?
  private typealias Free = @convention(c) (OpaquePointer?) -> Void

  private let stylesheet: OpaquePointer
  private let apply: Apply
  private let free: Free

  /// - Returns: nil when the machine has no libxslt.
  /// - Throws: `bench.raw_call`.
  init?(_ codes: CodeLibrary) throws(CausewayError) {
    guard let library = dlopen("libxslt.so.1", RTLD_NOW) else { return nil }
    func function<Function>(_ name: String, as type: Function.Type) throws(CausewayError) -> Function {
      guard let address = dlsym(library, name) else { throw CausewayError("bench.raw_call", facts: ["call": name]) }
      return unsafeBitCast(address, to: type)
    }
    apply = try function("xsltApplyStylesheet", as: Apply.self)
    free = try function("xsltFreeStylesheet", as: Free.self)
    let parse = try function("xsltParseStylesheetDoc", as: Parse.self)
    let text = Array(Self.text(codes).utf8)
    let tree = text.withUnsafeBytes { raw in
      xmlReadMemory(raw.baseAddress?.assumingMemoryBound(to: CChar.self), Int32(raw.count), nil, nil, Int32(XML_PARSE_NONET.rawValue))
    }
    // The stylesheet owns the tree from here on.
    guard let made = parse(tree) else { throw CausewayError("bench.raw_call", facts: ["call": "xsltParseStylesheetDoc"]) }
    stylesheet = made
  }

  deinit { free(stylesheet) }

  func transform(_ tree: RawXML.Tree) throws(CausewayError) -> RawXML.Tree {
    guard let result = apply(stylesheet, tree.pointer, nil) else {
      throw CausewayError("bench.raw_call", facts: ["call": "xsltApplyStylesheet"])
    }
    return RawXML.Tree(owning: result)
  }

  // MARK: The stylesheet

  /// A code table as one text, ` CHN=CN SGP=SG `: looking something up is two string functions, the fastest way that XSLT 1.0 has.
  private static func table(_ codes: CodeLibrary, _ first: String, _ second: String? = nil) -> String {
    let back = second.flatMap { codes.conversion($0) }
    let pairs = (codes.conversion(first)?.rows ?? []).compactMap { row -> String? in
      guard case .mapped(let code, _)? = codes.conversion(first)?.forward(row.from) else { return nil }
      guard let back else { return "\(row.from)=\(code)" }
      guard case .mapped(let own, _) = back.reverse(code) else { return nil }
      return "\(row.from)=\(own)"
    }
    return " " + pairs.joined(separator: " ") + " "
  }

  private static func text(_ codes: CodeLibrary) -> String {
    func look(_ table: String, _ value: String) -> String {
      "substring-before(substring-after($\(table), concat(' ', \(value), '=')), ' ')"
    }
    return """
      <xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform" xmlns:d="http://www.chinaport.gov.cn/dec"
        exclude-result-prefixes="d" xmlns="urn:crimsonlogic:tn:schema:xsd:TradenetDeclaration"
        xmlns:ipt="urn:crimsonlogic:tn:schema:xsd:InPayment" xmlns:cbc="urn:crimsonlogic:tn:schema:xsd:CommonBasicComponents-2"
        xmlns:cac="urn:crimsonlogic:tn:schema:xsd:CommonAggregateComponents-2">
      <xsl:variable name="countries" select="'\(table(codes, "cn-country-to-iso"))'"/>
      <xsl:variable name="modes" select="'\(table(codes, "cn-transport-mode-to-rec19", "sg-transport-mode-to-rec19"))'"/>
      <xsl:variable name="units" select="'\(table(codes, "cn-unit-to-rec20", "sg-unit-to-rec20"))'"/>
      <xsl:variable name="ports" select="'\(table(codes, "cn-domestic-port-to-unlocode"))'"/>
      <xsl:variable name="terms" select="'\(table(codes, "cn-transmode-to-incoterms"))'"/>
      <xsl:variable name="lengths" select="'\(
        table(codes, "cn-container-spec-to-equipment-size", "sg-equipment-length-to-equipment-size"))'"/>
      <xsl:variable name="loads" select="'\(table(codes, "cn-lcl-flag-to-equipment-fullness", "sg-equipment-load-to-equipment-fullness"))'"/>
      <xsl:variable name="lower" select="'abcdefghijklmnopqrstuvwxyz'"/>
      <xsl:variable name="upper" select="'ABCDEFGHIJKLMNOPQRSTUVWXYZ'"/>
      <xsl:template match="/d:DecMessage">
        <xsl:variable name="head" select="d:DecHead"/>
        <TradenetDeclaration>
          <cbc:MessageVersion>041</cbc:MessageVersion>
          <cbc:TotalNumberOfDeclaration>1</cbc:TotalNumberOfDeclaration>
          <InboundMessage><ipt:InPayment>
            <ipt:Header><cac:UniqueReferenceNumber/><cbc:CommonAccessReference>IPTDEC</cbc:CommonAccessReference><cbc:DeclarationType>GST</cbc:DeclarationType></ipt:Header>
            <ipt:Cargo>
              <cbc:CargoPackingType><xsl:choose><xsl:when test="d:DecContainers/d:Container">9</xsl:when><xsl:otherwise>5</xsl:otherwise></xsl:choose></cbc:CargoPackingType>
              <cac:ReleaseLocation/><cac:ReceiptLocation/>
              <xsl:for-each select="d:DecContainers/d:Container">
                <cac:TransportEquipment>
                  <cbc:SequenceNumeric><xsl:value-of select="position()"/></cbc:SequenceNumeric>
                  <cbc:EquipmentID><xsl:value-of select="normalize-space(d:ContainerId)"/></cbc:EquipmentID>
                  <cbc:SizeTypeCode><xsl:value-of select="concat(\(look("loads", "d:LclFlag")), \(look("lengths", "d:ContainerMd")))"/></cbc:SizeTypeCode>
                </cac:TransportEquipment>
              </xsl:for-each>
            </ipt:Cargo>
            <ipt:Transport>
              <cac:InwardTransport>
                <cac:TransportMeans>
                  <cac:TransportMode>
                    <cbc:ModeCode><xsl:value-of select="\(look("modes", "$head/d:TrafMode"))"/></cbc:ModeCode>
                    <xsl:call-template name="text"><xsl:with-param name="name" select="'cbc:ConveyanceReferenceNumber'"/><xsl:with-param name="value" select="d:DecFreeTxt/d:VoyNo"/></xsl:call-template>
                    <xsl:call-template name="text"><xsl:with-param name="name" select="'cbc:TransportIdentifier'"/><xsl:with-param name="value" select="$head/d:TrafName"/></xsl:call-template>
                  </cac:TransportMode>
                  <xsl:call-template name="text"><xsl:with-param name="name" select="'cbc:MAWBOUCROBLNumber'"/><xsl:with-param name="value" select="$head/d:BillNo"/></xsl:call-template>
                </cac:TransportMeans>
                <cbc:LoadingPort><xsl:value-of select="\(look("ports", "$head/d:EntyPortCode"))"/></cbc:LoadingPort>
              </cac:InwardTransport>
            </ipt:Transport>
            <ipt:Party>
              <cac:DeclarantParty><cac:PersonInformation/></cac:DeclarantParty>
              <cac:DeclaringAgentParty><cac:PartyIdentification/><cac:PartyName/></cac:DeclaringAgentParty>
              <cac:ImporterParty>
                <cac:PartyIdentification/>
                <cac:PartyName><xsl:call-template name="text"><xsl:with-param name="name" select="'cbc:Name'"/><xsl:with-param name="value" select="$head/d:OverseasConsigneeEname"/></xsl:call-template></cac:PartyName>
              </cac:ImporterParty>
            </ipt:Party>
            <cac:Invoice>
              <cac:SupplierManufacturerParty><xsl:call-template name="text"><xsl:with-param name="name" select="'cbc:Name'"/><xsl:with-param name="value" select="$head/d:DomesticConsigneeEname"/></xsl:call-template></cac:SupplierManufacturerParty>
              <cbc:UnitPriceTermType><xsl:value-of select="\(look("terms", "$head/d:TransMode"))"/></cbc:UnitPriceTermType>
              <cac:TotalInvoiceValue><cbc:Amount currencyID="{d:DecLists/d:DecList/d:TradeCurr}"><xsl:value-of select="format-number(sum(d:DecLists/d:DecList/d:DeclTotal), '0.00')"/></cbc:Amount></cac:TotalInvoiceValue>
              <xsl:if test="$head/d:FeeMark = '3'">
                <cac:FreightCharge><cbc:Amount currencyID="{$head/d:FeeCurr}"><xsl:value-of select="format-number($head/d:FeeRate, '0.00')"/></cbc:Amount></cac:FreightCharge>
              </xsl:if>
              <xsl:if test="$head/d:InsurMark = '1'">
                <cac:InsuranceCharge><cbc:ChargePercent><xsl:value-of select="format-number($head/d:InsurRate, '0.000')"/></cbc:ChargePercent></cac:InsuranceCharge>
              </xsl:if>
            </cac:Invoice>
            <xsl:for-each select="d:DecLists/d:DecList">
              <ipt:Item>
                <cbc:ItemSequenceNumeric><xsl:value-of select="d:GNo"/></cbc:ItemSequenceNumeric>
                <xsl:call-template name="text"><xsl:with-param name="name" select="'cbc:GoodsDescription'"/><xsl:with-param name="value" select="d:DeclGoodsEname"/></xsl:call-template>
                <cac:ItemQuantity><cbc:HarmonizedSystemQuantity unitCode="{\(look("units", "d:FirstUnit"))}"><xsl:value-of select="number(d:FirstQty)"/></cbc:HarmonizedSystemQuantity></cac:ItemQuantity>
                <cbc:OriginCountry><xsl:value-of select="\(look("countries", "d:DestinationCountry"))"/></cbc:OriginCountry>
                <cac:TransactionValue/>
                <xsl:call-template name="text"><xsl:with-param name="name" select="'cbc:BrandName'"/><xsl:with-param name="value" select="d:GoodsBrand"/></xsl:call-template>
                <xsl:call-template name="text"><xsl:with-param name="name" select="'cbc:ModelDescription'"/><xsl:with-param name="value" select="d:GoodsModel"/></xsl:call-template>
                <cac:Tariff><cac:GoodsAndServicesTax/></cac:Tariff>
              </ipt:Item>
            </xsl:for-each>
            <ipt:Summary>
              <cbc:NumberOfItems><xsl:value-of select="count(d:DecLists/d:DecList)"/></cbc:NumberOfItems>
              <cbc:TotalOuterPack><xsl:value-of select="number($head/d:PackNo)"/></cbc:TotalOuterPack>
              <cbc:TotalGrossWeight unitCode="KGM"><xsl:value-of select="number($head/d:GrossWet)"/></cbc:TotalGrossWeight>
            </ipt:Summary>
          </ipt:InPayment></InboundMessage>
        </TradenetDeclaration>
      </xsl:template>
      <!-- Upper-case text when it is ASCII; nothing otherwise. -->
      <xsl:template name="text">
        <xsl:param name="name"/><xsl:param name="value"/>
        <xsl:variable name="raised" select="translate(normalize-space($value), $lower, $upper)"/>
        <xsl:if test="$raised != '' and translate($raised, concat($upper, '0123456789 .,;:!?&quot;&amp;()*+/-=%#@&lt;&gt;_', &quot;&apos;&quot;), '') = ''">
          <xsl:element name="{$name}"><xsl:value-of select="$raised"/></xsl:element>
        </xsl:if>
      </xsl:template>
      </xsl:stylesheet>
      """
  }
}
