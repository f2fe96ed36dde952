import Foundation
import JSONTree
import Journal
import Primitives
import Testing

@testable import CausewayCLI

/// A marker in every element that the policy withholds, or that the format keeps at home, is in nothing that leaves the sender's
/// side or is kept for others to see: payload, envelope, receipt, ledgers, export, logs, the partner's whole folder.
@Suite(.serialized, .oneAtATime) struct MarkerTests {
  /// Block and element of the Chinese declaration, canonical element (nil: local to the format), a text of the right form.
  private static let withheld: [(block: String, tag: String, element: String?, marker: String)] = [
    ("DecFreeTxt", "DecNo", "Declarant.ID", "QXDECNO7731"), ("DecHead", "DeclareName", "Declarant.Name", "QX申报员标记7732"),
    ("DecFreeTxt", "DecBpNo", "Declarant.Telephone", "QX-021-7733-7733"),
    ("DecSign", "Sign", "Authentication.Signature", "QXsignature7734abcdefghijkl"),
    ("DecHead", "AgentCodeScc", "Agent.ID", "QXAGENTSCC7735"), ("DecHead", "AgentCode", "Agent.CustomsID", "QXAG7736"),
    ("DecHead", "DeclCiqCode", "Agent.InspectionID", "QXAI7737"), ("DecHead", "AgentName", "Agent.Name", "QX代理公司标记7738"),
    ("DecHead", "ContrNo", "Contract.ID", "QXCONTRACT7739"), ("DecHead", "OwnerCodeScc", "EndParty.ID", "QXOWNERSCC7740"),
    ("DecHead", "OwnerCode", "EndParty.CustomsID", "QXOWNER7741"), ("DecHead", "OwnerCiqCode", "EndParty.InspectionID", "QXOC7742"),
    ("DecHead", "OwnerName", "EndParty.Name", "QX生产单位标记7743"), ("DecHead", "TradeCode", "Exporter.CustomsID", "QXTRADE7744"),
    ("DecHead", "TradeCiqCode", "Exporter.InspectionID", "QXTC7745"), ("DecHead", "NoteS", "AdditionalInformation.Text", "QX备注标记7746"),
    ("DecList", "GModel", "Commodity.DeclarationElements", "0|0|QX申报要素标记7747"), ("DecList", "MnufctrRegNo", "Manufacturer.ID", "QXMNF7748"),
    ("DecList", "MnufctrRegName", "Manufacturer.Name", "QX生产企业标记7754"), ("DecList", "OrigPlaceCode", "Origin.RegionID", "QXORIG7755"),
    ("DecList", "GoodsAttr", "GoodsItem.AttributeCodes", "QXATTR7756"), ("DecList", "CiqCode", "Commodity.InspectionCode", "QXCIQ7757"),
    ("EdocRealation", "EdocID", "SupportingDocument.ID", "QXEDOC7758"),
    ("DecList", "DistrictCode", "ItemRegion.ID", "QX7A9"), ("DecList", "DestCode", "ItemRegion.SubdivisionID", "QX7750"),
    // Not named by the policy: default deny.
    ("DecHead", "GoodsPlace", "GoodsLocation.Name", "QX存放地点标记7751"), ("DecFreeTxt", "BonNo", "Warehouse.ID", "QXBOND7752"),
    ("DecHead", "OrgCode", "Inspection.OfficeID", "QXORG7753"),
    // Kept by the format itself.
    ("DecHead", "PreEntryId", nil, "QXPRE7760"), ("DecHead", "EdiRemark", nil, "QX报文备注7761"), ("DecHead", "TypistNo", nil, "QXTYPIST7762"),
    ("DecHead", "InputerName", nil, "QX录入员标记7763"), ("DecHead", "CopName", nil, "QX录入单位标记7764"), ("DecHead", "CopCode", nil, "QXCOP7765"),
    ("DecHead", "CorrelationNo", nil, "QXCORR7766"), ("DecHead", "BLNo", nil, "QXBL7767"), ("DecSign", "ICCode", nil, "QXICCARD7768"),
    ("DecSign", "OperName", nil, "QX操作员标记7769"), ("DecSign", "Certificate", nil, "QXCERT7770"), ("DecSign", "Note", nil, "QX签名备注7771"),
    ("DecList", "ExgNo", nil, "QXEXG7772"), ("DecList", "Stuff", nil, "QX成份标记7773"), ("EdocRealation", "EdocCopId", nil, "QX发票文件名7774.pdf"),
    ("EdocRealation", "EdocOwnerName", nil, "QX单证企业标记7775"), ("EdocRealation", "OpNote", nil, "QX操作说明标记7776"),
  ]

  private static func planted(number: Int) throws -> [UInt8] {
    var text = String(decoding: try World.declaration(number: number), as: UTF8.self)
    func plant(_ block: String, _ tag: String, _ value: String) throws {
      let start = try #require(text.range(of: "<\(block)>")).upperBound
      let found = try #require(
        text.range(of: "<\(tag)(/>|>[^<]*(&[a-z]+;[^<]*)*</\(tag)>)", options: .regularExpression, range: start..<text.endIndex),
        "\(block)/\(tag)")
      text.replaceSubrange(found, with: "<\(tag)>\(value)</\(tag)>")
    }
    for place in withheld { try plant(place.block, place.tag, place.marker) }
    for (block, tag) in [("DecHead", "MarkNo"), ("DecList", "DeclGoodsEname")] { try plant(block, tag, released) }
    return Array(text.utf8)
  }

  /// In elements that the policy lets through: what the search finds when it is there.
  private static let released = "QXRELEASED7799"

  /// Every element that the policy names as withheld and the format can hold has its marker; the one-digit duty code cannot hold one.
  @Test func everyWithheldElementHasAMarker() throws {
    let policy = try Files.text(World.repository + "schemas/policies/cn-sg-clearance.yaml")
    let mapping = try Files.text(World.repository + "schemas/profiles/cn.decmessage/5.0/mapping.yaml")
    let named = Set(policy.matches(of: /\{element: ([A-Za-z.]+), reason/).map { String($0.output.1) })
    let held = Set(mapping.matches(of: /element: ([A-Za-z0-9.]+)/).map { String($0.output.1) })
    #expect(named.count > 20)
    #expect(named.intersection(held).subtracting(Self.withheld.compactMap(\.element)) == ["GoodsItem.DutyModeCode"])
  }

  @Test func noMarkerLeavesTheSendersSide() async throws {
    let world = try World()
    defer { world.end() }
    try await world.startBoth()
    let document = try Self.planted(number: 1)
    let id = try await world.clear(document, key: "markers")
    // The same markers in a document that is refused, with one in a value that is wrong.
    let wrong = BadInputTests.replace("<PackNo>742<", "<PackNo>QXPACK7790<", try Self.planted(number: 2))
    let refused = try await world.china.declare(wrong, key: "markers-refused")
    let problems = try await world.china.translated(refused.message)
    #expect(problems["state"]?.string == "refused")
    try await world.quiet()

    var outside = try await Self.outside(world)
    outside.append(("problems shown", problems.serialized()))
    let exported = world.demo.folder + "/export"
    #expect(try World.run(["ledger", "export", "--config", world.cn.configuration, "--output", exported]).status == 0)
    // While it runs, with the write-ahead log of its database, and after it has ended.
    outside += try Self.files(under: world.sg.folder)
    for site in world.sites { world.process(site)?.stop() }
    outside += try Self.files(under: exported) + Self.files(under: world.sg.folder)
    outside.append(("log of CN", try Files.read(world.cn.folder + "/gateway.log")))
    #expect(outside.count > 30)
    for marker in Self.withheld.map(\.marker) + ["QXPACK7790"] {
      #expect(Self.hits(marker, outside).isEmpty, "\(marker)")
    }
    // The search finds what did leave: in the payload on both sides, pre-filled declaration included.
    let found = Self.hits(Self.released, outside)
    for place in ["wire of CN", "wire of SG", "local of SG"] {
      #expect(found.contains { $0.hasPrefix(place) }, "\(place) in \(found)")
    }
    // The files of the journals hold neither: they are sealed, on the sender's side, too.
    let disks = try world.sites.flatMap { try Self.files(under: $0.folder) }
    for marker in Self.withheld.map(\.marker) + ["QXPACK7790", Self.released] {
      #expect(Self.hits(marker, disks).isEmpty, "\(marker)")
    }
    // And what stayed is where it belongs.
    let kept = try await world.journal(world.cn) { reader throws(CausewayError) -> [UInt8] in
      guard let message = try reader.messages(MessageQuery(direction: .outbound, clearance: id, limit: 1)).first,
        let complement = try reader.payload(owner: message.id.text, kind: "complement")
      else { throw CausewayError("journal.not_found") }
      return complement.bytes
    }
    let missing = Self.withheld.map(\.marker).filter { Self.hits($0, [("complement", kept)]).isEmpty }
    #expect(missing.isEmpty, "kept in the complement: \(missing)")
  }

  /// Everything that travelled or may be shown to others, of both sides, decoded where it is encoded.
  private static func outside(_ world: World) async throws -> [(String, [UInt8])] {
    var found: [(String, [UInt8])] = []
    for site in world.sites {
      found += try await world.journal(site) { reader throws(CausewayError) in
        var found: [(String, [UInt8])] = []
        for message in try reader.messages(MessageQuery(limit: 1000)) {
          found.append(("header of \(site.economy)", message.header))
          found.append(("signature of \(site.economy)", message.signature))
          for part in String(decoding: message.receipt ?? [], as: UTF8.self).split(separator: ".") {
            found.append(("receipt of \(site.economy)", Base64.decode(part, .url) ?? []))
          }
          for kind in site.economy == "SG" ? ["wire", "local", "report", "supplement", "problems"] : ["wire", "problems"] {
            if let payload = try reader.payload(owner: message.id.text, kind: kind) {
              found.append(("\(kind) of \(site.economy)", payload.bytes))
            }
          }
        }
        try LedgerCommand.forEachEntry(reader) { found.append(("ledger of \(site.economy)", $0.bytes)) }
        return found
      }
    }
    return found
  }

  private static func files(under folder: String) throws -> [(String, [UInt8])] {
    let names = try #require(FileManager.default.enumerator(atPath: folder)).compactMap { $0 as? String }
    return try names.compactMap { name in
      var isFolder: ObjCBool = false
      guard FileManager.default.fileExists(atPath: folder + "/" + name, isDirectory: &isFolder), !isFolder.boolValue else { return nil }
      return (URL(filePath: name).lastPathComponent, try Files.read(folder + "/" + name))
    }
  }

  /// Where a text stands.
  private static func hits(_ marker: String, _ places: [(String, [UInt8])]) -> [String] {
    places.filter { Data($0.1).range(of: Data(marker.utf8)) != nil }.map(\.0)
  }
}
