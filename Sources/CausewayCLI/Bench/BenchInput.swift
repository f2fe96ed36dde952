import Primitives

/// A Chinese export declaration of a stated size, made from a shipped sample by leaving out or repeating what it holds.
struct BenchInput: Sendable {
  /// `10 KB`, `1 MB`.
  let name: String
  let bytes: [UInt8]
  /// What it consists of, for the reader of the figures.
  let content: String

  /// Path of the sample under the folder of profiles.
  static let sample = "cn.decmessage/5.0/samples/export-textiles-12-items.xml"

  /// Both sizes.
  ///
  /// - Throws: `bench.sample_form`.
  static func make(from sample: [UInt8]) throws(CausewayError) -> [BenchInput] {
    let parts = try SampleParts(String(decoding: sample, as: UTF8.self))
    return [parts.small(target: 10_000), parts.large(target: 1_000_000)]
  }
}

/// The sample taken apart: what stands before the goods items, the items, what stands between them and the containers, and the rest.
/// References to electronic documents at the end are left out.
private struct SampleParts {
  let head: String
  let items: [String]
  let rest: String

  init(_ text: String) throws(CausewayError) {
    let pieces = text.split(separator: "    <DecList>\n", omittingEmptySubsequences: false)
    guard pieces.count > 4, let last = pieces.last?.firstRange(of: "    </DecList>\n"), let tail = pieces.last?[last.upperBound...],
      let documents = tail.firstRange(of: "  <EdocRealation>")
    else { throw CausewayError("bench.sample_form") }
    head = String(pieces[0])
    items = pieces.dropFirst().map {
      "    <DecList>\n" + $0[..<($0.firstRange(of: "    </DecList>\n")?.lowerBound ?? $0.endIndex)] + "    </DecList>\n"
    }
    rest = tail[..<documents.lowerBound] + "</DecMessage>\n"
  }

  /// As many of the sample's items as come nearest to the size.
  func small(target: Int) -> BenchInput {
    let candidates = (1...items.count).map { count in (count, Array((head + items.prefix(count).joined() + rest).utf8)) }
    guard let (count, bytes) = candidates.min(by: { abs($0.1.count - target) < abs($1.1.count - target) }) else {
      preconditionFailure("a sample has items")
    }
    return BenchInput(name: "10 KB", bytes: bytes, content: "\(count) items, 3 containers")
  }

  /// The most items and containers that the format holds, inspection texts, and vehicles listed one by one up to the size.
  func large(target: Int) -> BenchInput {
    let (itemCount, containerCount) = (50, 500)
    let containers = (0..<containerCount).map(Self.container).joined()
    var filled = rest
    if let open = filled.firstRange(of: "  <DecContainers>\n"), let close = filled.firstRange(of: "  </DecContainers>\n") {
      filled.replaceSubrange(open.upperBound..<close.lowerBound, with: containers)
    }
    var bodies = (0..<itemCount).map { index in
      Self.texts.enumerated().reduce(Self.set("GNo", String(index + 1), in: items[index % items.count])) { item, text in
        Self.set(text.element.name, String(repeating: text.element.phrase, count: text.element.count), in: item)
      }
    }
    var vehicles = [[String]](repeating: [], count: itemCount)
    let frame = 260  // What the element around the vehicles of one item takes.
    var size = head.utf8.count + filled.utf8.count + bodies.reduce(0) { $0 + $1.utf8.count + frame }
    var number = 0
    while size < target {
      let vehicle = Self.vehicle(number)
      vehicles[number % itemCount].append(vehicle)
      size += vehicle.utf8.count
      number += 1
    }
    for index in bodies.indices where !vehicles[index].isEmpty {
      guard let place = bodies[index].firstRange(of: "      <MnufctrRegNo") else { continue }
      bodies[index].insert(contentsOf: Self.licence(index + 1, vehicles: vehicles[index]), at: place.lowerBound)
    }
    return BenchInput(
      name: "1 MB", bytes: Array((head + bodies.joined() + filled).utf8),
      content: "\(itemCount) items with inspection texts, \(containerCount) containers, \(number) vehicles")
  }

  /// Inspection texts, as long as the dictionary's elements take them.
  private static let texts: [(name: String, phrase: String, count: Int)] = [
    ("GoodsSpec", "针织，棉100%，每平方米180克；", 5), ("ProduceDate", "20260312,", 5), ("ProdBatchNo", "LOT2603120001;", 7),
  ]

  /// Gives an element that is there, with or without a text, another text.
  private static func set(_ name: String, _ value: String, in item: String) -> String {
    let element = "<\(name)>\(value)</\(name)>"
    if let empty = item.firstRange(of: "<\(name)/>") { return item.replacingSubrange(empty, with: element) }
    guard let open = item.firstRange(of: "<\(name)>"), let close = item.firstRange(of: "</\(name)>") else { return item }
    return item.replacingSubrange(open.lowerBound..<close.upperBound, with: element)
  }

  private static func container(_ index: Int) -> String {
    """
        <Container>
          <ContainerId>\(containerNumber(index))</ContainerId>
          <ContainerMd>\(index.isMultiple(of: 2) ? "11" : "21")</ContainerMd>
          <GoodsNo>\(index % 50 + 1)</GoodsNo>
          <LclFlag>0</LclFlag>
          <GoodsContaWt>\(4000 + index).00000</GoodsContaWt>
          <ContainerWt/>
        </Container>

    """
  }

  /// Owner code, six digits and the check digit of ISO 6346: letters count 10 to 38 without the multiples of 11, place n counts 2ⁿ.
  private static func containerNumber(_ index: Int) -> String {
    let digits = String(100_000 + index)
    let values = [13, 26, 29, 31] + digits.utf8.map { Int($0) - 48 }  // C, O, S and U.
    let sum = values.enumerated().reduce(0) { $0 + $1.element << $1.offset }
    return "COSU\(digits)\(sum % 11 % 10)"
  }

  private static func licence(_ item: Int, vehicles: [String]) -> String {
    """
          <DecGoodsLimits>
            <DecGoodsLimit>
              <GoodsNo>\(item)</GoodsNo>
              <LicTypeCode>411</LicTypeCode>
              <LicenceNo>2026031200\(100 + item)</LicenceNo>
    \(vehicles.joined())        </DecGoodsLimit>
          </DecGoodsLimits>

    """
  }

  private static func vehicle(_ number: Int) -> String {
    """
              <DecGoodsLimitVin>
                <LicenceNo>2026031200417</LicenceNo>
                <LicTypeCode>411</LicTypeCode>
                <VinNo>\(number + 1)</VinNo>
                <BillLadDate>20260312</BillLadDate>
                <QualityQgp>36个月</QualityQgp>
                <MotorNo>G4KH\(2_600_000 + number)</MotorNo>
                <VinCode>LSVAM4187C\(2_100_000 + number)</VinCode>
                <ChassisNo>LSVAM4187C\(2_100_000 + number)</ChassisNo>
                <InvoiceNum>1.00000</InvoiceNum>
                <ProdCnnm>小型轿车</ProdCnnm>
                <ProdEnnm>PASSENGER CAR</ProdEnnm>
                <ModelEn>YL-6450</ModelEn>
                <PricePerUnit>18500.0000</PricePerUnit>
                <InvoiceNo>YL-2026-0117</InvoiceNo>
              </DecGoodsLimitVin>

    """
  }
}

extension String {
  fileprivate func replacingSubrange(_ range: Range<String.Index>, with text: String) -> String {
    var copy = self
    copy.replaceSubrange(range, with: text)
    return copy
  }
}
