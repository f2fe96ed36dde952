/// The four messages of one clearance in the model. The exporter's gateway sends the first three, the importer's gateway the last.
enum ModelMessage: Int {
  /// Sequence 1, revision 1.
  case declaration
  /// Sequence 2, revision 2.
  case amendment
  /// The content of the amendment once more, under another id, sequence 3: what a person sends when the amendment came back.
  case resent
  /// Sequence 1 of the other direction: the import side has released.
  case released

  static let all: [ModelMessage] = [.declaration, .amendment, .resent, .released]
  static let exported: [ModelMessage] = [.declaration, .amendment, .resent]
  static let expiring: [ModelMessage] = [.declaration, .amendment]

  var sequence: Int { self == .released ? 1 : rawValue &+ 1 }
}

/// A delivery as the outbox holds it, in three bits.
enum ModelDelivery: Int {
  case absent, waiting, triedOnce, givenUp, accepted, refused, givenUpForItsAge, asksOnce

  var isWaiting: Bool { self == .waiting || self == .triedOnce || self == .asksOnce }
  var isGivenUp: Bool { self == .givenUp || self == .givenUpForItsAge }
}

/// One clearance on both gateways and what of it is in the network, in 64 bits. What a crash leaves is durable; the hands and slots are not.
struct ModelCase: Hashable {
  var bits: UInt64 = 0

  /// An import side, in two bits.
  enum ImportSide: Int {
    case none, released1, released2, refused
  }

  private func get(_ place: UInt64, _ width: UInt64) -> Int { Int(bits &>> place & (1 &<< width &- 1)) }
  private mutating func set(_ place: UInt64, _ width: UInt64, _ value: Int) {
    let mask: UInt64 = (1 &<< width &- 1) &<< place
    bits = bits & ~mask | UInt64(value) &<< place & mask
  }
  private func flag(_ place: UInt64) -> Bool { bits &>> place & 1 == 1 }
  private mutating func set(_ place: UInt64, _ value: Bool) { set(place, 1, value ? 1 : 0) }

  // The exporter's gateway.

  /// Its clearance: revision, what stood before a proposal, the import side as told, the other side's last number. Six bits.
  var exporter: Int {
    get { get(0, 6) }
    set { set(0, 6, newValue) }
  }
  /// The message of which an answer is awaited, plus one; 0: none. Lost in a crash.
  var exporterHand: Int {
    get { get(6, 2) }
    set { set(6, 2, newValue) }
  }
  /// 0, or 1: the partner's message has arrived, 2: it is recorded and its receipt has not left. Lost in a crash.
  var exporterSlot: Int {
    get { get(8, 2) }
    set { set(8, 2, newValue) }
  }

  // The importer's gateway.

  /// Whether it has a clearance; its revision, its import side, the other side's last number. Six bits.
  var importer: Int {
    get { get(10, 6) }
    set { set(10, 6, newValue) }
  }
  var importerHand: Bool {
    get { flag(16) }
    set { set(16, newValue) }
  }
  /// 0, or 1…3: that message has arrived, 4…6: it is recorded and its receipt has not left. Lost in a crash.
  var importerSlot: Int {
    get { get(17, 3) }
    set { set(17, 3, newValue) }
  }

  /// Durable, at the sender.
  func delivery(_ message: ModelMessage) -> ModelDelivery { ModelDelivery(rawValue: get(20 &+ 3 &* UInt64(message.rawValue), 3))! }
  mutating func set(_ message: ModelMessage, _ delivery: ModelDelivery) { set(20 &+ 3 &* UInt64(message.rawValue), 3, delivery.rawValue) }

  /// Durable, at the receiver: nil, or whether it was accepted.
  func record(_ message: ModelMessage) -> Bool? {
    switch get(32 &+ 2 &* UInt64(message.rawValue), 2) {
    case 0: nil
    case 1: true
    default: false
    }
  }
  mutating func record(_ message: ModelMessage, _ isAccepted: Bool) { set(32 &+ 2 &* UInt64(message.rawValue), 2, isAccepted ? 1 : 2) }

  /// Whether copies of it are in the network: once sent, a message may arrive at any later time, and again and again.
  func isSent(_ message: ModelMessage) -> Bool { flag(40 &+ UInt64(message.rawValue)) }
  mutating func send(_ message: ModelMessage) { set(40 &+ UInt64(message.rawValue), true) }

  /// Whether such a receipt is in the network.
  func hasReceipt(_ message: ModelMessage, _ isAccepted: Bool) -> Bool { flag(44 &+ 2 &* UInt64(message.rawValue) &+ (isAccepted ? 0 : 1)) }
  mutating func issue(_ message: ModelMessage, _ isAccepted: Bool) {
    set(44 &+ 2 &* UInt64(message.rawValue) &+ (isAccepted ? 0 : 1), true)
  }

  /// The reason for which the importer's gateway refuses amendments is gone.
  var isReady: Bool {
    get { flag(52) }
    set { set(52, newValue) }
  }
  /// The time to live of the declaration, or of the amendment, is over.
  func isExpired(_ message: ModelMessage) -> Bool { message.rawValue < 2 && flag(53 &+ UInt64(message.rawValue)) }
  mutating func expire(_ message: ModelMessage) { set(53 &+ UInt64(message.rawValue), true) }

  mutating func crashExporter() {
    exporterHand = 0
    exporterSlot = 0
  }

  mutating func crashImporter() {
    importerHand = false
    importerSlot = 0
  }
}

/// Both clearances, and what they share: the exporter's circuit breaker for the partner, and whether the network has become quiet.
struct ModelState: Hashable {
  var first = ModelCase()
  var second = ModelCase()

  /// Index in `ModelRules.breakers`. Lost in a crash. In bits that no clearance uses.
  var breaker: Int {
    get { Int(second.bits &>> 56 & 15) }
    set { second.bits = second.bits & ~(15 &<< 56) | UInt64(newValue) &<< 56 }
  }
  /// 0: anything may happen. From 1: nothing is lost any more, and a person replays what was given up; counts how often.
  var quiet: Int {
    get { Int(second.bits &>> 60 & 7) }
    set { second.bits = second.bits & ~(7 &<< 60) | UInt64(newValue) &<< 60 }
  }

  subscript(_ index: Int) -> ModelCase {
    get { index == 0 ? first : second }
    set { if index == 0 { first = newValue } else { second = newValue } }
  }

  func hash(into hasher: inout Hasher) { hasher.combine(first.bits &* 0x9E37_79B9_7F4A_7C15 ^ second.bits) }
}

/// What happens in one step.
struct ModelAction {
  enum Kind: String {
    case submit = "is sealed and owed"
    case send = "is sent"
    case timeout = "gets no answer in time"
    case early = "is answered: not yet"
    case unusable = "gets a receipt that names another message"
    case giveUp = "cannot go as things are"
    case settle = "gets its receipt"
    case arrive = "arrives"
    case commit = "is dealt with, durably"
    case answer = "is receipted"
    case replay = "is replayed by a person"
    case expire = "expires"
    case clear = "is cleared by the importer's customs"
    case ready = "would no longer be refused"
    case crashExporter = "the exporter's gateway crashes"
    case crashImporter = "the importer's gateway crashes"
    case becomeQuiet = "the network becomes quiet"
  }

  let kind: Kind
  var message: ModelMessage?
  var index = 0

  var text: String {
    guard let message else { return kind == .clear ? "clearance \(index + 1) \(kind.rawValue)" : kind.rawValue }
    return "clearance \(index + 1): \(message) \(kind.rawValue)"
  }
}
