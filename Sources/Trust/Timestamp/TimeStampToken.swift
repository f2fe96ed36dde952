import COpenSSL
package import Primitives

/// A time-stamp token, read and not verified: what an authority is said to have stated.
///
/// Read strictly as DER, so that one token has one form. ``verify(stamping:authorities:)`` says whether to believe it.
/// - SeeAlso: RFC 3161 §2.4.2.
package struct TimeStampToken: Hashable, Sendable {
  /// The `ContentInfo`. Length: at most ``limitBytes``.
  package let der: [UInt8]
  /// SHA-256 of what is stamped.
  package let imprint: Digest
  /// `genTime`, rounded up to milliseconds.
  package let time: Instant
  /// How far ``time`` may be off at most, rounded up to milliseconds; nil when the token does not say it.
  package let accuracyMilliseconds: Int64?
  /// As ``Certificate/serial``.
  package let serial: String
  /// Object identifier of the authority's policy, dotted.
  package let policy: String
  /// As ``serial``; nil when there is none.
  let nonce: String?

  /// What is stamped was there at this time, as far as the token says how exact its own is.
  package var latest: Instant { time.adding(milliseconds: accuracyMilliseconds ?? 0) }

  package static let limitBytes = 64 << 10
  /// The end of the year 9999, as far as ``Instant`` goes.
  private static let lastInstant = Instant(milliseconds: 253_402_300_799_999)

  /// - Throws: `timestamp.malformed` (fact `reason`) also for an imprint that is not SHA-256, and for a critical extension.
  package init(der: [UInt8]) throws(CausewayError) {
    let content = try TimeStampContent(der: der)
    let info = content.info
    guard TS_TST_INFO_get_version(info) == 1 else { throw Self.malformed("version") }
    guard TS_TST_INFO_get_ext_by_critical(info, 1, -1) < 0 else { throw Self.malformed("critical extension") }
    let stated = TS_TST_INFO_get_msg_imprint(info)
    guard let algorithm = TS_MSG_IMPRINT_get_algo(stated), OBJ_obj2nid(algorithm.pointee.algorithm) == NID_sha256,
      Self.hasNoParameters(algorithm), let imprint = Digest(Self.bytes(TS_MSG_IMPRINT_get_msg(stated)))
    else { throw Self.malformed("imprint") }
    guard let time = Self.instant(Self.bytes(TS_TST_INFO_get_time(info))) else { throw Self.malformed("time") }
    guard let serial = Self.hexadecimal(TS_TST_INFO_get_serial(info)), let policy = Self.dotted(TS_TST_INFO_get_policy_id(info)) else {
      throw Self.malformed("serial")
    }
    self.der = der
    self.imprint = imprint
    self.time = time
    self.serial = serial
    self.policy = policy
    accuracyMilliseconds = try TS_TST_INFO_get_accuracy(info).map(Self.milliseconds)
    nonce = TS_TST_INFO_get_nonce(info).flatMap(Self.hexadecimal)
    guard latest <= Self.lastInstant else { throw Self.malformed("time") }
    OpenSSL.discardErrors()
  }

  static func malformed(_ reason: String) -> CausewayError {
    OpenSSL.discardErrors()
    return CausewayError("timestamp.malformed", facts: ["reason": reason])
  }

  /// `YYYYMMDDhhmmss[.f…]Z` (RFC 3161 §2.4.2), with at most nine digits behind the point.
  private static func instant(_ text: [UInt8]) -> Instant? {
    guard text.last == 0x5A else { return nil }
    let parts = text.dropLast().split(separator: 0x2E, maxSplits: 1, omittingEmptySubsequences: false)
    let fraction = parts.count == 2 ? Array(parts[1]) : []
    guard parts[0].count == 14, parts.count == 1 || (1...9).contains(fraction.count), fraction.last != 0x30,
      (Array(parts[0]) + fraction).allSatisfy({ (0x30...0x39).contains($0) })
    else { return nil }
    func number(_ digits: some Sequence<UInt8>) -> Int64 { digits.reduce(0) { $0 * 10 + Int64($1 - 0x30) } }
    let fields = Array(parts[0])
    let (hour, minute, second) = (number(fields[8..<10]), number(fields[10..<12]), number(fields[12..<14]))
    guard hour < 24, minute < 60, second < 60,
      let days = CivilDate.toDays(year: number(fields[..<4]), month: number(fields[4..<6]), day: number(fields[6..<8]))
    else { return nil }
    let nanoseconds = number(fraction + Array(repeating: 0x30, count: 9 - fraction.count))
    let milliseconds = (((days * 24 + hour) * 60 + minute) * 60 + second) * 1000
    return Instant(milliseconds: milliseconds + (nanoseconds + 999_999) / 1_000_000)
  }

  private static func milliseconds(_ accuracy: OpaquePointer) throws(CausewayError) -> Int64 {
    func number(_ value: UnsafePointer<ASN1_INTEGER>?, _ range: ClosedRange<Int64>) throws(CausewayError) -> Int64 {
      guard let value else { return 0 }
      var number: Int64 = 0
      guard ASN1_INTEGER_get_int64(&number, value) == 1, range.contains(number) else { throw malformed("accuracy") }
      return number
    }
    let seconds = try number(TS_ACCURACY_get_seconds(accuracy), 0...31_536_000)
    let millis = try number(TS_ACCURACY_get_millis(accuracy), 1...999)
    let micros = try number(TS_ACCURACY_get_micros(accuracy), 1...999)
    return seconds * 1000 + millis + (micros > 0 ? 1 : 0)
  }

  static func bytes(_ string: UnsafePointer<ASN1_STRING>?) -> [UInt8] {
    guard let string, let start = ASN1_STRING_get0_data(string) else { return [] }
    return Array(UnsafeBufferPointer(start: start, count: Int(ASN1_STRING_length(string))))
  }

  static func hexadecimal(_ number: UnsafePointer<ASN1_INTEGER>?) -> String? {
    guard let value = ASN1_INTEGER_to_BN(number, nil) else { return nil }
    defer { BN_free(value) }
    guard let text = BN_bn2hex(value) else { return nil }
    defer { CRYPTO_free(text, nil, 0) }
    return String(cString: text).lowercased()
  }

  private static func dotted(_ object: OpaquePointer?) -> String? {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: 256) { buffer in
      let length = OBJ_obj2txt(buffer.baseAddress, 256, object, 1)
      return length > 0 && length < 256 ? String(cString: buffer.baseAddress!) : nil
    }
  }

  /// Whether an algorithm's parameters are absent or NULL, as they are for digests and for all signatures that are taken here.
  static func hasNoParameters(_ algorithm: UnsafePointer<X509_ALGOR>) -> Bool {
    var type: Int32 = 0
    X509_ALGOR_get0(nil, &type, nil, algorithm)
    return type == V_ASN1_UNDEF || type == V_ASN1_NULL
  }
}

/// Owner of OpenSSL's view of a token: the signed data and the `TSTInfo` in it.
final class TimeStampContent {
  let token: UnsafeMutablePointer<PKCS7>
  let info: OpaquePointer

  /// - Throws: `timestamp.malformed`.
  init(der: [UInt8]) throws(CausewayError) {
    guard der.count <= TimeStampToken.limitBytes else { throw TimeStampToken.malformed("size") }
    let token = der.withUnsafeBufferPointer { buffer in
      var cursor = buffer.baseAddress
      return d2i_PKCS7(nil, &cursor, buffer.count)
    }
    guard let token else { throw TimeStampToken.malformed("token") }
    do throws(CausewayError) {
      // One form for one token, and nothing behind it.
      guard OpenSSL.der({ i2d_PKCS7(token, $0) }) == der else { throw TimeStampToken.malformed("not DER") }
      info = try Self.info(in: token)
    } catch {
      PKCS7_free(token)
      throw error
    }
    self.token = token
  }

  deinit {
    TS_TST_INFO_free(info)
    PKCS7_free(token)
  }

  private static func info(in token: UnsafeMutablePointer<PKCS7>) throws(CausewayError) -> OpaquePointer {
    guard OBJ_obj2nid(token.pointee.type) == NID_pkcs7_signed, let signed = token.pointee.d.sign, let content = signed.pointee.contents,
      OBJ_obj2nid(content.pointee.type) == NID_id_smime_ct_TSTInfo, let value = content.pointee.d.other,
      value.pointee.type == V_ASN1_OCTET_STRING
    else { throw TimeStampToken.malformed("content") }
    let bytes = TimeStampToken.bytes(value.pointee.value.octet_string)
    var consumed = 0
    let info = bytes.withUnsafeBufferPointer { buffer in
      var cursor = buffer.baseAddress
      let info = d2i_TS_TST_INFO(nil, &cursor, buffer.count)
      if let cursor, let start = buffer.baseAddress { consumed = cursor - start }
      return info
    }
    guard let info else { throw TimeStampToken.malformed("content") }
    guard consumed == bytes.count else {
      TS_TST_INFO_free(info)
      throw TimeStampToken.malformed("trailing bytes")
    }
    return info
  }
}
