import CCurl
import Dispatch
import Glibc
import Primitives

/// What stays the same for all connections to one other end.
struct PeerSettings: Sendable {
  /// How both ends show who they are.
  struct Mutual: Sendable {
    /// In libcurl's form: `sha256//` and the base64 of an SPKI's SHA-256, joined by `;`.
    let pins: String
    let identity: PeerIdentity
  }

  let rule: AddressRule
  let limits: PeerLimits
  /// nil: whom nobody has to know, since the answer is signed by itself; then also plain HTTP, and over TLS the system's authorities.
  let mutual: Mutual?
}

struct PeerRequest: Sendable {
  let method: String
  let url: String
  let fields: [(name: String, value: String)]
  let body: [UInt8]?
}

/// Owner of one libcurl handle, which keeps one connection.
///
/// Sendable by hand: after `init` the handle is used only on `queue`, which runs one thing at a time.
final class PeerConnection: @unchecked Sendable {
  private let queue = DispatchQueue(label: "causeway.peer")
  private let handle: UnsafeMutableRawPointer
  private let settings: PeerSettings

  private static let isReady: Bool = curl_global_init(Int(CURL_GLOBAL_DEFAULT)) == CURLE_OK

  /// - Throws: `deliver.transfer` when libcurl lacks something that is needed here.
  init(_ settings: PeerSettings) throws(CausewayError) {
    guard Self.isReady, let handle = curl_easy_init() else { throw CausewayError("deliver.transfer") }
    self.handle = handle
    self.settings = settings
    do {
      try configure()
    } catch {
      curl_easy_cleanup(handle)
      throw error
    }
  }

  deinit { curl_easy_cleanup(handle) }

  private func configure() throws(CausewayError) {
    let limits = settings.limits
    let (version, protocols) = settings.mutual == nil ? (CURL_SSLVERSION_TLSv1_2, "http,https") : (CURL_SSLVERSION_TLSv1_3, "https")
    let longs: [(CURLoption, Int)] = [
      (CURLOPT_NOSIGNAL, 1), (CURLOPT_FOLLOWLOCATION, 0), (CURLOPT_MAXREDIRS, 0), (CURLOPT_SSL_VERIFYPEER, 1), (CURLOPT_SSL_VERIFYHOST, 2),
      (CURLOPT_SSLVERSION, Int(version)), (CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_1_1)),
      (CURLOPT_CONNECTTIMEOUT_MS, limits.connectMilliseconds), (CURLOPT_TIMEOUT_MS, limits.totalMilliseconds), (CURLOPT_MAXCONNECTS, 1),
      (CURLOPT_TCP_NODELAY, 1), (CURLOPT_NETRC, Int(CURL_NETRC_IGNORED.rawValue)), (CURLOPT_SSL_SESSIONID_CACHE, 0),
      (CURLOPT_MAXAGE_CONN, limits.idleSeconds), (CURLOPT_MAXFILESIZE, limits.responseBytes),
    ]
    // An empty proxy also switches off the one that the environment may name.
    let strings: [(CURLoption, String)] = [
      (CURLOPT_PROTOCOLS_STR, protocols), (CURLOPT_REDIR_PROTOCOLS_STR, protocols), (CURLOPT_PROXY, ""), (CURLOPT_NOPROXY, "*"),
    ]
    for (option, value) in longs { try check(causeway_curl_set_long(handle, option, value)) }
    for (option, value) in strings { try check(causeway_curl_set_string(handle, option, value)) }
    if let mutual = settings.mutual { try configure(mutual) }
  }

  private func configure(_ mutual: PeerSettings.Mutual) throws(CausewayError) {
    let strings: [(CURLoption, String)] = [
      (CURLOPT_PINNEDPUBLICKEY, mutual.pins), (CURLOPT_SSLCERTTYPE, "PEM"), (CURLOPT_SSLKEYTYPE, "PEM"),
    ]
    let blobs: [(CURLoption, String)] = [
      (CURLOPT_CAINFO_BLOB, mutual.identity.authorities), (CURLOPT_SSLCERT_BLOB, mutual.identity.certificateChain),
      (CURLOPT_SSLKEY_BLOB, mutual.identity.key.exposed),
    ]
    for (option, value) in strings { try check(causeway_curl_set_string(handle, option, value)) }
    for (option, value) in blobs {
      let bytes = Array(value.utf8)
      try check(causeway_curl_set_blob(handle, option, bytes, bytes.count))
    }
    // No authority of the system is believed beside ours.
    try check(causeway_curl_set_string(handle, CURLOPT_CAPATH, nil))
  }

  private func check(_ code: CURLcode) throws(CausewayError) {
    guard code == CURLE_OK else { throw CausewayError("deliver.transfer", underlying: Self.text(code)) }
  }

  /// One exchange. Cancelling the task ends it within about a second.
  func exchange(_ request: PeerRequest) async -> Result<PeerResponse, CausewayError> {
    let isCancelled = CancellationFlag()
    return await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        queue.async { continuation.resume(returning: self.perform(request, isCancelled)) }
      }
    } onCancel: {
      isCancelled.set()
    }
  }

  /// Blocks. On `queue` only.
  private func perform(_ request: PeerRequest, _ isCancelled: CancellationFlag) -> Result<PeerResponse, CausewayError> {
    if isCancelled.isSet { return .failure(CausewayError("deliver.cancelled")) }
    let exchange = Exchange(rule: settings.rule, limit: settings.limits.responseBytes, isCancelled: isCancelled)
    var list: UnsafeMutablePointer<curl_slist>?
    defer { curl_slist_free_all(list) }
    // No waiting for "100 Continue", and no answer in a compression that could grow beyond the limit.
    for line in ["Expect:", "Accept-Encoding: identity"] + request.fields.map({ "\($0.name): \($0.value)" }) {
      list = curl_slist_append(list, line) ?? list
    }
    let code = withExtendedLifetime(exchange) { run(request, list, Unmanaged.passUnretained(exchange).toOpaque()) }
    // What belongs to this exchange ends with it; libcurl keeps no pointer to it.
    _ = causeway_curl_set_pointer(handle, CURLOPT_HTTPHEADER, nil)
    _ = causeway_curl_set_callbacks(handle, nil, Exchange.takeBody, Exchange.takeField, Exchange.progress, Exchange.open)
    if let failure = exchange.failure { return .failure(failure) }
    guard code == CURLE_OK else { return .failure(failure(code)) }
    var status = 0
    _ = causeway_curl_get_long(handle, CURLINFO_RESPONSE_CODE, &status)
    return .success(PeerResponse(status: status, fields: exchange.fields, body: exchange.body))
  }

  private func run(_ request: PeerRequest, _ list: UnsafeMutablePointer<curl_slist>?, _ context: UnsafeMutableRawPointer) -> CURLcode {
    var code = causeway_curl_set_string(handle, CURLOPT_URL, request.url)
    if code == CURLE_OK { code = causeway_curl_set_pointer(handle, CURLOPT_HTTPHEADER, list) }
    if code == CURLE_OK {
      code = causeway_curl_set_callbacks(handle, context, Exchange.takeBody, Exchange.takeField, Exchange.progress, Exchange.open)
    }
    guard code == CURLE_OK else { return code }
    guard let body = request.body else {
      code = causeway_curl_set_long(handle, CURLOPT_HTTPGET, 1)
      if code == CURLE_OK { code = causeway_curl_set_string(handle, CURLOPT_CUSTOMREQUEST, request.method) }
      return code == CURLE_OK ? curl_easy_perform(handle) : code
    }
    return body.withUnsafeBufferPointer { buffer in
      var code = causeway_curl_set_long(handle, CURLOPT_POST, 1)
      if code == CURLE_OK { code = causeway_curl_set_string(handle, CURLOPT_CUSTOMREQUEST, request.method) }
      if code == CURLE_OK { code = causeway_curl_set_size(handle, CURLOPT_POSTFIELDSIZE_LARGE, curl_off_t(buffer.count)) }
      // libcurl reads the body where it is; it lives as long as this closure. An empty one still needs an address.
      let address = buffer.baseAddress.map { UnsafeMutableRawPointer(mutating: $0) } ?? context
      if code == CURLE_OK { code = causeway_curl_set_pointer(handle, CURLOPT_POSTFIELDS, address) }
      defer { _ = causeway_curl_set_pointer(handle, CURLOPT_POSTFIELDS, nil) }
      return code == CURLE_OK ? curl_easy_perform(handle) : code
    }
  }

  private func failure(_ code: CURLcode) -> CausewayError {
    let reason: ErrorCode =
      switch code {
      case CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_CONNECT: "deliver.unreachable"
      case CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_PINNEDPUBKEYNOTMATCH, CURLE_SSL_ISSUER_ERROR: "deliver.peer_identity"
      case CURLE_SSL_CONNECT_ERROR, CURLE_SSL_CERTPROBLEM: "deliver.tls"
      case CURLE_OPERATION_TIMEDOUT: "deliver.timeout"
      case CURLE_FILESIZE_EXCEEDED: "deliver.response_too_large"
      default: "deliver.transfer"
      }
    let facts = reason == "deliver.response_too_large" ? ["limit": String(settings.limits.responseBytes)] : [:]
    return CausewayError(reason, facts: facts, underlying: Self.text(code))
  }

  private static func text(_ code: CURLcode) -> String { "curl \(code.rawValue): \(String(cString: curl_easy_strerror(code)))" }
}

/// What libcurl's callbacks see of one exchange. They run on the thread of `perform`, so nothing else touches it meanwhile.
private final class Exchange {
  let rule: AddressRule
  let limit: Int
  let isCancelled: CancellationFlag
  var fields: [(name: String, value: String)] = []
  var body: [UInt8] = []
  var fieldBytes = 0
  /// Why a callback ended the exchange.
  var failure: CausewayError?

  init(rule: AddressRule, limit: Int, isCancelled: CancellationFlag) {
    self.rule = rule
    self.limit = limit
    self.isCancelled = isCancelled
  }

  private static func from(_ context: UnsafeMutableRawPointer?) -> Exchange? {
    context.map { Unmanaged<Exchange>.fromOpaque($0).takeUnretainedValue() }
  }

  /// A returned number other than the number of bytes makes libcurl stop.
  static let takeBody: causeway_curl_data = { bytes, _, count, context in
    guard let exchange = from(context), let bytes else { return 0 }
    guard exchange.body.count + count <= exchange.limit else {
      exchange.failure = CausewayError("deliver.response_too_large", facts: ["limit": String(exchange.limit)])
      return 0
    }
    exchange.body.append(contentsOf: UnsafeRawBufferPointer(start: bytes, count: count))
    return count
  }

  static let takeField: causeway_curl_data = { bytes, _, count, context in
    guard let exchange = from(context), let bytes else { return 0 }
    exchange.fieldBytes += count
    guard exchange.fieldBytes <= PeerLimits.fieldBytes else {
      exchange.failure = CausewayError("deliver.response_too_large", facts: ["limit": String(PeerLimits.fieldBytes)])
      return 0
    }
    let line = UnsafeRawBufferPointer(start: bytes, count: count)
    if line.starts(with: "HTTP/".utf8) {
      // A status line: fields of an interim answer do not count.
      exchange.fields = []
    } else if let colon = line.firstIndex(of: 0x3A) {
      let name = String(decoding: line[..<colon], as: UTF8.self).lowercased()
      let isSpace = { (byte: UInt8) in byte == 0x20 || byte == 0x09 || byte == 0x0D || byte == 0x0A }
      let value = line[(colon + 1)...].drop(while: isSpace)
      let end = value.lastIndex { !isSpace($0) }.map { $0 + 1 } ?? value.startIndex
      exchange.fields.append((name, String(decoding: value[..<end], as: UTF8.self)))
    }
    return count
  }

  static let progress: causeway_curl_progress = { context, _, _, _, _ in
    guard let exchange = from(context), exchange.isCancelled.isSet else { return 0 }
    exchange.failure = CausewayError("deliver.cancelled")
    return 1
  }

  /// Opens the socket only when the address that the name stands for at this moment is allowed; so a name that changes its address
  /// after registration does not lead inside.
  static let open: causeway_curl_open = { context, _, address in
    guard let exchange = from(context), let address else { return causeway_CURL_SOCKET_BAD }
    let family = address.pointee.family
    // Copied, because libcurl's structure declares only the start of the address.
    var storage = sockaddr_storage()
    let length = min(Int(address.pointee.addrlen), MemoryLayout<sockaddr_storage>.size)
    let offset = MemoryLayout<curl_sockaddr>.offset(of: \.addr) ?? 0
    withUnsafeMutableBytes(of: &storage) {
      $0.copyMemory(from: UnsafeRawBufferPointer(start: UnsafeRawPointer(address) + offset, count: length))
    }
    let bytes: [UInt8]? = withUnsafeBytes(of: &storage) { storage in
      switch family {
      case AF_INET where length >= MemoryLayout<sockaddr_in>.size:
        return Array(storage[(MemoryLayout<sockaddr_in>.offset(of: \.sin_addr) ?? 4)...].prefix(4))
      case AF_INET6 where length >= MemoryLayout<sockaddr_in6>.size:
        return Array(storage[(MemoryLayout<sockaddr_in6>.offset(of: \.sin6_addr) ?? 8)...].prefix(16))
      default: return nil
      }
    }
    guard let bytes, NetworkAddress(bytes: bytes).isAllowed(by: exchange.rule) else {
      exchange.failure = CausewayError("deliver.address_refused")
      return causeway_CURL_SOCKET_BAD
    }
    // A name may stand for several addresses: one that is allowed makes up for one that was not.
    exchange.failure = nil
    return socket(family, address.pointee.socktype | causeway_SOCK_CLOEXEC, address.pointee.protocol)
  }
}
