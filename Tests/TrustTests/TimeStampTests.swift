import Foundation
import Primitives
import TestSupport
import Testing

@testable import Trust

/// Time-stamps by OpenSSL's own authority, and what somebody in its place could do.
@Suite struct TimeStampTests {
  private static let digest = SHA256.hash(Array("a checkpoint".utf8))

  /// The authority of most tests; made once.
  private static let usual: TimeStampAuthority = {
    do { return try TimeStampAuthority() } catch { fatalError("the test authority cannot be made: \(error)") }
  }()
  private static let token: [UInt8] = {
    do { return try usual.token(usual.question(digest.hex)) } catch { fatalError("the test token cannot be made: \(error)") }
  }()

  private func authorities(_ authority: TimeStampAuthority = usual) throws -> [Certificate] {
    [try Certificate(pem: authority.authority)]
  }

  private func verify(_ token: [UInt8], _ authority: TimeStampAuthority = usual) throws -> TimeStamp {
    try TimeStampToken(der: token).verify(stamping: Self.digest, authorities: try authorities(authority))
  }

  /// Why there is no time-stamp; nil when there is one.
  private func code(_ body: @autoclosure () throws -> TimeStamp) throws -> ErrorCode? {
    do {
      _ = try body()
      return nil
    } catch let error as CausewayError {
      return error.code
    }
  }

  private static var now: Instant { Instant(milliseconds: Int64(Date.now.timeIntervalSince1970 * 1000)) }

  // MARK: - What is accepted

  @Test(arguments: [TimeStampAuthority.Key.p256, .rsa2048], ["sha1", "sha256", "sha512"])
  func anAnswerIsVerified(_ key: TimeStampAuthority.Key, _ certificateDigest: String) throws {
    let authority = try TimeStampAuthority(key: key, settings: ["ess_cert_id_alg": certificateDigest])
    let request = TimeStampRequest(stamping: Self.digest)
    let answer = try authority.answer(request.der)
    let token = try request.verify(answer, authorities: try authorities(authority)).token
    #expect(token.imprint == Self.digest && token.policy == "1.3.6.1.4.1.99999.1" && token.serial == "02")
    #expect(token.accuracyMilliseconds == 1500 && token.latest == token.time.adding(milliseconds: 1500))
    #expect(abs(token.time.milliseconds - Self.now.milliseconds) < 60_000)
    // The token by itself, as it is kept.
    #expect(try verify(token.der, authority).token == token)
    // Among other authorities, and in their order.
    let several = try authorities() + authorities(authority)
    #expect(try TimeStampToken(der: token.der).verify(stamping: Self.digest, authorities: several).token == token)
  }

  @Test func timesAreExactAndNeverTooEarly() throws {
    let authority = try TimeStampAuthority(settings: ["clock_precision_digits": "6", "accuracy": "microsecs:1", "signer_digest": "sha384"])
    let token = try TimeStampToken(der: try authority.token(try authority.question(Self.digest.hex)))
    #expect(token.accuracyMilliseconds == 1)
    #expect(abs(token.time.milliseconds - Self.now.milliseconds) < 60_000)
    #expect(try verify(token.der, authority).token == token)
    let silent = try TimeStampAuthority(settings: ["accuracy": ""])
    let other = try verify(try silent.token(try silent.question(Self.digest.hex)), silent).token
    #expect(other.accuracyMilliseconds == nil && other.latest == other.time)
  }

  /// The authority's name, its place in an order, and certificates between it and its root.
  @Test func whatAuthoritiesMayAddIsTaken() throws {
    let more = ["tsa_name": "yes", "ordering": "yes", "ess_cert_id_chain": "yes"]
    let authority = try TimeStampAuthority(isIssuedByIntermediate: true, settings: more)
    let token = try authority.token(try authority.question(Self.digest.hex))
    #expect(try code(try verify(token, authority)) == nil)
    // The one between may be the one that is believed.
    let between = try Certificate(pem: try authority.intermediate)
    #expect(try TimeStampToken(der: token).verify(stamping: Self.digest, authorities: [between]).token.der == token)
    // Another name than that of the signer; and without the certificate between.
    let info = try #require(try DER(token).at(1, 0, 2, 1, 0)).content
    let along = ["-certfile", "intermediate.pem"]
    #expect(try code(try verify(try authority.signed(info, along), authority)) == nil, "the twin")
    let name = try #require(info.firstRange(of: Array("Test TSA".utf8)))
    var other = info
    other[name.upperBound - 1] ^= 1
    #expect(try code(try verify(try authority.signed(other, along), authority)) == "timestamp.signature")
    #expect(try code(try verify(try authority.signed(info), authority)) == "timestamp.signature")
  }

  /// Certificates are judged at the token's time: that the signer's has expired since takes nothing from it.
  @Test func aTokenOutlivesItsSigner() throws {
    let authority = try TimeStampAuthority(period: (from: "20210101000000Z", to: "20220101000000Z"))
    let info = try #require(try DER(Self.token).at(1, 0, 2, 1, 0)).content
    func refused(_ time: String) throws -> ErrorCode? {
      let dated = try #require(try DER(info).replacing(DER(0x18, Array(time.utf8)), at: [4])).bytes
      return try code(try verify(try authority.signed(dated), authority))
    }
    #expect(try refused("20210601120000Z") == nil)
    #expect(try refused("20210601120000.25Z") == nil)
    #expect(try refused("20201231235959Z") == "timestamp.signature")
    #expect(try refused("20220101000001Z") == "timestamp.signature")
    for time in [
      "20210601120000", "20210601120000+0000", "20210601120060Z", "20210631120000Z", "20210601120000.Z", "99991231235959.9999Z",
      "20210601120000.250Z",
    ] {
      #expect(try refused(time) == "timestamp.malformed", "\(time)")
    }
  }

  // MARK: - What is refused

  @Test func anAnswerToAnotherQuestionIsNone() throws {
    let (request, other) = (TimeStampRequest(stamping: Self.digest), TimeStampRequest(stamping: SHA256.hash([1])))
    #expect(request.der != TimeStampRequest(stamping: Self.digest).der, "each question has a nonce of its own")
    func refused(_ answer: [UInt8], _ question: TimeStampRequest = request) throws -> ErrorCode? {
      let authorities = try authorities()
      return try code(try question.verify(answer, authorities: authorities))
    }
    let answer = try Self.usual.answer(request.der)
    #expect(try refused(answer) == nil)
    #expect(try refused(answer, TimeStampRequest(stamping: Self.digest)) == "timestamp.nonce")
    #expect(
      try refused(try Self.usual.answer(Self.usual.question(Self.digest.hex, ["-sha256", "-cert", "-no_nonce"]))) == "timestamp.nonce")
    #expect(try refused(try Self.usual.answer(other.der)) == "timestamp.nonce")
    #expect(try refused(answer + [0]) == "timestamp.malformed")
    #expect(try refused(Self.token) == "timestamp.malformed", "a token is no answer")
    #expect(try refused([]) == "timestamp.malformed")
    #expect(try refused(Array(repeating: 0x30, count: TimeStampToken.limitBytes + 1)) == "timestamp.malformed")
    for length in stride(from: 0, to: answer.count, by: 7) { #expect(try refused(Array(answer.prefix(length))) == "timestamp.malformed") }
    // The authority says no; and it says yes, and gives nothing.
    let strange = try TimeStampAuthority(settings: ["digests": "sha384"])
    #expect(try refused(try strange.answer(request.der)) == "timestamp.rejected")
    #expect(try refused([0x30, 0x05, 0x30, 0x03, 0x02, 0x01, 0x00]) == "timestamp.malformed")
    #expect(try refused([0x30, 0x05, 0x30, 0x03, 0x02, 0x01, 0x02]) == "timestamp.rejected")
    // A no that comes with a token.
    let granted = try #require(answer.firstRange(of: [0x30, 0x03, 0x02, 0x01, 0x00]))
    var denied = answer
    denied[granted.upperBound - 1] = 2
    #expect(try refused(denied) == "timestamp.malformed")
  }

  @Test func aTokenOfSomethingElseIsNone() throws {
    let token = try TimeStampToken(der: Self.token)
    #expect(throws: CausewayError("timestamp.imprint")) {
      try token.verify(stamping: SHA256.hash([2]), authorities: try authorities())
    }
    let longer = try Self.usual.token(Self.usual.question(String(repeating: "ab", count: 48), ["-sha384", "-cert"]))
    #expect(throws: CausewayError("timestamp.malformed", facts: ["reason": "imprint"])) { try TimeStampToken(der: longer) }
  }

  @Test func onlyGivenAuthoritiesAreBelieved() throws {
    #expect(try code(try verify(Self.token)) == nil)
    let others = try TimeStampAuthority()
    // Of the same names.
    #expect(try code(try verify(Self.token, others)) == "timestamp.signature")
    let none = try TimeStampToken(der: Self.token)
    #expect(try code(try none.verify(stamping: Self.digest, authorities: [])) == "timestamp.signature")
    // What comes with the token is no authority.
    let bare = try Self.usual.token(Self.usual.question(Self.digest.hex, ["-sha256"]))
    #expect(try code(try verify(bare)) == "timestamp.signature", "without the signer's certificate")
  }

  /// OpenSSL's own authority refuses to sign with most of these; its program for CMS does not.
  @Test(arguments: ["timeStamping", "critical,timeStamping,codeSigning", "critical,codeSigning", "critical,anyExtendedKeyUsage"])
  func onlyCertificatesForTimeStampsSign(_ usage: String) throws {
    let (bad, good) = (try TimeStampAuthority(usage: usage), try TimeStampAuthority())
    // Made after both, so that both have a certificate at its time.
    let info = try #require(try DER(try good.token(try good.question(Self.digest.hex))).at(1, 0, 2, 1, 0)).content
    #expect(try code(try verify(try good.signed(info), good)) == nil, "the twin")
    #expect(try code(try verify(try bad.signed(info), bad)) == "timestamp.signature")
  }

  @Test func weakDigestsAreRefused() throws {
    let authority = try TimeStampAuthority(key: .rsa2048, settings: ["signer_digest": "sha1"])
    let token = try authority.token(try authority.question(Self.digest.hex))
    #expect(try code(try verify(token, authority)) == "timestamp.malformed")
  }

  /// Signatures that are valid CMS, of the right key, and no time-stamp (attacks.md C-01, C-02).
  @Test func forgedFormsAreRefused() throws {
    let authority = Self.usual
    let info = try #require(try DER(Self.token).at(1, 0, 2, 1, 0)).content
    func refused(_ token: [UInt8]) throws -> ErrorCode? { try code(try verify(token, authority)) }
    #expect(try refused(try authority.signed(info)) == nil, "the twin")
    #expect(try refused(try authority.signed(info, ["-noattr"], isESS: false)) == "timestamp.malformed", "without signed attributes")
    #expect(try refused(try authority.signed(info, [], isESS: false)) == "timestamp.signature", "without the certificate's digest")
    #expect(
      try refused(try authority.signed(info, ["-signer", "authority.pem", "-inkey", "authority-key.pem"])) == "timestamp.malformed", "two")
    #expect(try refused(try authority.signed(info, type: "pkcs7-data")) == "timestamp.malformed", "another type of content")
    #expect(try refused(try authority.signed(info + [0])) == "timestamp.malformed", "bytes behind the content")
    #expect(try refused(try authority.signed([])) == "timestamp.malformed")
    // The forgery of draft-vangeest-lamps-cms-euf-cma-signeddata: the signed attributes as content, with the same signature and none.
    let token = try DER(Self.token)
    let attributes = try #require(token.at(1, 0, 4, 0, 3))
    let content = DER(0x04, DER(0x31, attributes.content).bytes)
    let moved = try #require(token.replacing(content, at: [1, 0, 2, 1, 0])?.removing(at: [1, 0, 4, 0, 3]))
    #expect(try refused(moved.bytes) == "timestamp.malformed")
    #expect(try refused(try #require(token.removing(at: [1, 0, 2, 1])).bytes) == "timestamp.malformed", "detached")
    // The attributes stay, and the content is another.
    var later = info
    let time = try #require(info.firstRange(of: Array("20".utf8)))
    later[time.upperBound] ^= 1
    #expect(try refused(try #require(token.replacing(DER(0x04, later), at: [1, 0, 2, 1, 0])).bytes) == "timestamp.signature")
    // No signer; the signer twice; an unsigned attribute; a revocation list of the sender's choice.
    let signer = try #require(token.at(1, 0, 4, 0))
    #expect(try refused(try #require(token.replacing(DER(0x31, []), at: [1, 0, 4])).bytes) == "timestamp.malformed")
    #expect(
      try refused(try #require(token.replacing(DER(0x31, signer.bytes + signer.bytes), at: [1, 0, 4])).bytes) == "timestamp.malformed")
    let unsigned = DER(0xA1, try #require(attributes.at(1)).bytes)
    #expect(
      try refused(try #require(token.replacing(DER(0x30, signer.content + unsigned.bytes), at: [1, 0, 4, 0])).bytes)
        == "timestamp.malformed")
    // The same bytes are accepted when they are put together as they were.
    #expect(try refused(try #require(token.replacing(signer, at: [1, 0, 4, 0])).bytes) == nil)
  }

  @Test func everyByteCounts() throws {
    var missed: [Int] = []
    for index in Self.token.indices {
      for bit in 0..<8 {
        var altered = Self.token
        altered[index] ^= 1 << UInt8(bit)
        if try code(try verify(altered)) == nil { missed.append(index) }
      }
    }
    #expect(missed == [])
    for length in Self.token.indices {
      #expect(try code(try verify(Array(Self.token.prefix(length)))) == "timestamp.malformed")
    }
    #expect(try code(try verify(Self.token + [0])) == "timestamp.malformed")
    #expect(try code(try verify(Self.token + Self.token)) == "timestamp.malformed")
  }

  /// A certificate that comes along and that nobody needs is not signed with the rest. Whatever it says, the time-stamp says the same.
  @Test func certificatesThatComeAlongChangeNothing() throws {
    let authority = try TimeStampAuthority(settings: ["certs": "authority.pem"])
    let good = try verify(try authority.token(try authority.question(Self.digest.hex)), authority).token
    var accepted: Set<Int> = []
    for index in good.der.indices {
      var altered = good.der
      altered[index] ^= 1 << UInt8(index % 8)
      guard let other = try? verify(altered, authority).token else { continue }
      accepted.insert(index)
      #expect(other.time == good.time && other.latest == good.latest && other.serial == good.serial && other.policy == good.policy)
    }
    let along = try #require(good.der.firstRange(of: try Certificate(pem: authority.authority).der))
    #expect(!accepted.isEmpty && accepted.allSatisfy(along.contains))
  }
}

extension TimeStampAuthority {
  /// Content signed by the signer's key as CMS.
  fileprivate func signed(
    _ content: [UInt8], _ options: [String] = [], type: String = "id-smime-ct-TSTInfo", isESS: Bool = true
  ) throws -> [UInt8] {
    try cms(content, ["-signer", "signer.pem", "-inkey", "signer-key.pem", "-econtent_type", type] + (isESS ? ["-cades"] : []) + options)
  }
}

/// One DER value, to be taken apart and put together.
private struct DER {
  let tag: UInt8
  let content: [UInt8]

  init(_ tag: UInt8, _ content: [UInt8]) {
    self.tag = tag
    self.content = content
  }

  struct Malformed: Error {}

  init(_ bytes: [UInt8]) throws {
    guard let value = Self.values(bytes).first else { throw Malformed() }
    self = value
  }

  private static func values(_ bytes: [UInt8]) -> [DER] {
    var (values, rest) = ([DER](), bytes[...])
    while rest.count > 1 {
      let (tag, first) = (rest.removeFirst(), Int(rest.removeFirst()))
      let length = first < 0x80 ? first : rest.prefix(first & 0x7F).reduce(0) { $0 << 8 | Int($1) }
      if first >= 0x80 { rest = rest.dropFirst(first & 0x7F) }
      values.append(DER(tag, Array(rest.prefix(length))))
      rest = rest.dropFirst(length)
    }
    return values
  }

  var bytes: [UInt8] {
    let size = content.count
    let length: [UInt8] =
      size < 0x80 ? [UInt8(size)] : size < 0x100 ? [0x81, UInt8(size)] : [0x82, UInt8(size >> 8), UInt8(size & 0xFF)]
    return [tag] + length + content
  }

  private var members: [DER] { Self.values(content) }

  /// The value in the first of … in this one.
  func at(_ path: Int...) -> DER? { at(path[...]) }

  private func at(_ path: ArraySlice<Int>) -> DER? {
    guard let step = path.first else { return self }
    let members = members
    return members.indices.contains(step) ? members[step].at(path.dropFirst()) : nil
  }

  func replacing(_ value: DER, at path: [Int]) -> DER? { edited(path[...]) { _ in [value] } }
  func removing(at path: [Int]) -> DER? { edited(path[...]) { _ in [] } }

  private func edited(_ path: ArraySlice<Int>, _ edit: (DER) -> [DER]) -> DER? {
    guard let step = path.first else { return edit(self).first }
    var members = members
    guard members.indices.contains(step) else { return nil }
    if path.count == 1 {
      members.replaceSubrange(step...step, with: edit(members[step]))
    } else {
      guard let inner = members[step].edited(path.dropFirst(), edit) else { return nil }
      members[step] = inner
    }
    return DER(tag, members.flatMap(\.bytes))
  }
}
