import Exchange
import JSONTree
import Primitives
import Testing
import Trust

@Suite struct EnvelopeHeaderTests {
  let world = World.shared

  func problems(_ change: (inout JSONObject) -> Void) throws -> [String] {
    var object = try #require(try JSONValue.parse(world.header().canonicalBytes).object)
    change(&object)
    do throws(CausewayError) {
      _ = try EnvelopeHeader.parse(try JSONValue.object(object).canonical())
      return []
    } catch {
      return error.problems.map { "\($0.code) \($0.pointer ?? "-")" }
    }
  }

  @Test func roundTrip() throws {
    for header in [world.header(), world.header(kind: .status, inReplyTo: world.header().messageID)] {
      let bytes = header.canonicalBytes
      #expect(try EnvelopeHeader.parse(bytes) == header)
      #expect(try JSONValue.parse(bytes).canonical() == bytes)
    }
  }

  /// In production a header has the form that it had before there were modes; the others have one spelling each.
  @Test func mode() throws {
    #expect(try JSONValue.parse(world.header().canonicalBytes)["mode"] == nil)
    #expect(try EnvelopeHeader.parse(world.header().canonicalBytes).mode == .production)
    for mode in [Corridor.Mode.test, .pilot] {
      let header = world.header(mode: mode)
      #expect(try JSONValue.parse(header.canonicalBytes)["mode"]?.string == mode.rawValue)
      #expect(try EnvelopeHeader.parse(header.canonicalBytes) == header)
    }
    for wrong: JSONValue in ["production", "TEST", "", nil, true] {
      #expect(try problems { $0["mode"] = wrong }.map { $0.hasSuffix(" /mode") } == [true])
    }
    #expect(try problems { $0["mode"] = "pilot" }.isEmpty)
  }

  @Test func holdsNoReference() {
    #expect(!String(decoding: world.header().canonicalBytes, as: UTF8.self).contains(World.ucr))
  }

  @Test func everyMemberIsRequiredButThree() throws {
    let names = try #require(try JSONValue.parse(world.header(inReplyTo: world.header().messageID).canonicalBytes).object).members.map(
      \.name)
    #expect(names.count == 17)
    for name in names where !["inReplyTo", "revision"].contains(name) {
      #expect(try problems { $0[name] = nil } == ["parse.json_member_missing /\(name)"])
    }
    #expect(try problems { $0["revision"] = nil }.isEmpty)
    #expect(
      try problems { object in
        guard var payload = object["payload"]?.object else { return }
        payload["fieldsRoot"] = nil
        object["payload"] = .object(payload)
      }.isEmpty)
  }

  @Test func namesEverythingThatIsWrongAtOnce() throws {
    let found = try problems { object in
      object["kind"] = "letter"
      object["sender"] = "C N"
      object["clearance"] = "00112233445566778899AABBCCDDEEFF"
      object["created"] = "2026-11-21T17:00:00.000+08:00"
      object["sequence"] = 0
      object["x-debug"] = true
      object["payload"] = ["mediaType": "xml", "size": -1, "sha256": "00", "extra": nil]
      object["policy"] = "CN-SG"
    }
    #expect(
      found == [
        "parse.json_member_value /kind", "parse.json_member_value /sender", "parse.json_member_value /clearance",
        "parse.json_member_value /created", "parse.json_member_value /sequence", "parse.json_member_value /payload/mediaType",
        "parse.json_member_value /payload/size", "parse.json_member_value /payload/sha256", "parse.json_member_unknown /payload",
        "parse.json_member_type /policy", "parse.json_member_unknown ",
      ])
  }

  @Test func expiresAfterItIsCreated() throws {
    #expect(try problems { $0["expires"] = $0["created"] } == ["parse.json_member_value /expires"])
    #expect(try problems { $0["expires"] = "2026-11-21T09:00:00.001Z" }.isEmpty)
  }

  @Test func otherVersionsAreNamedAsSuch() throws {
    #expect(
      try problems { object in
        object["version"] = 2
        object["anything"] = "else"
      } == ["verify.header_version /version"])
  }

  @Test(arguments: ["../SG", "SG\r\nX: y", "", "ＳＧ", "-SG", "S\u{0}G", "SG ", "a/../b"])
  func namesThatAreNoTokens(name: String) throws {
    #expect(!EnvelopeHeader.isToken(name))
    #expect(try problems { $0["recipient"] = .string(name) } == ["parse.json_member_value /recipient"])
  }

  @Test func namesThatRegistriesUse() {
    for name in ["SG", "CN-SG", "uncefact.xml", "cn.decmessage@2.1", "policies/cn-sg", "1"] { #expect(EnvelopeHeader.isToken(name)) }
  }

  @Test func oneSpellingOnly() throws {
    let bytes = world.header().canonicalBytes
    let value = try JSONValue.parse(bytes)
    #expect(throws: CausewayError("parse.json_not_canonical")) { try EnvelopeHeader.parse(value.serialized(pretty: true)) }
    #expect(throws: CausewayError("parse.json_not_canonical")) { try EnvelopeHeader.parse(bytes + [0x0A]) }
    #expect(throws: CausewayError("parse.json_duplicate_member")) {
      try EnvelopeHeader.parse(Array(#"{"sender":"SG","#.utf8) + bytes.dropFirst())
    }
    #expect(throws: CausewayError("verify.header_too_large")) { try EnvelopeHeader.parse([UInt8](repeating: 0x20, count: 9000)) }
    #expect(throws: CausewayError("parse.json_syntax")) { try EnvelopeHeader.parse([]) }
  }

  /// Every cut and many changed bytes give a header or a coded error, never a trap.
  @Test func mutilatedHeaders() throws {
    let bytes = world.header().canonicalBytes
    var survivors = 0
    for length in 0..<bytes.count { #expect(throws: CausewayError.self) { try EnvelopeHeader.parse(Array(bytes[..<length])) } }
    for position in bytes.indices {
      for byte in [0x00, 0x22, 0x2D, 0x31, 0x61, 0x7D, 0xC3] as [UInt8] where byte != bytes[position] {
        var changed = bytes
        changed[position] = byte
        if let header = try? EnvelopeHeader.parse(changed) {
          survivors += 1
          #expect(header.canonicalBytes == changed)
        }
      }
    }
    #expect(survivors > 0)
  }

  @Test func commitmentsOpenOnlyWithTheSalt() throws {
    let salt = UCRCommitment.Salt.random()
    let commitment = UCRCommitment(ucr: World.ucr, salt: salt)
    #expect(commitment == UCRCommitment(ucr: World.ucr, salt: salt))
    #expect(commitment != UCRCommitment(ucr: World.ucr, salt: .random()))
    #expect(commitment != UCRCommitment(ucr: World.ucr + " ", salt: salt))
    #expect(UCRCommitment(ucr: "caf\u{E9}", salt: salt) != UCRCommitment(ucr: "cafe\u{301}", salt: salt))
    #expect(!"\(salt)".contains(Hex.encode(salt.bytes.exposed)))
    #expect(UCRCommitment.Salt([1, 2, 3]) == nil)
    let known = UCRCommitment(ucr: "1SG", salt: World.salt)
    // Computed apart from this code: printf 'causeway/ucr/v1\n'; bytes 00…1f; printf 1SG; through sha256sum.
    #expect(known.digest.hex == "066f351d5652dd7fe2d3053b635431a877cd3e732cd40542700061b33725ffed")
  }
}
