import Gateway
import Hummingbird
import Primitives
import Synchronization

/// How many bytes of request bodies a listener holds in memory at a time. Who would go beyond it is told to come again before a byte is read.
///
/// A body counts from before it is read until its answer is made, with its announced length; one that announces none counts as the largest there is.
/// Nobody holds more than half of it, so that one caller with many large bodies does not shut out the others.
final class BodyMemory: Sendable {
  private struct State {
    var held = 0
    var byHolder: [ByteString: Int] = [:]
  }

  private let limit: Int
  private let longestBody: Int
  private let metrics: Metrics
  private let state = Mutex(State())

  /// - Parameters:
  ///   - limit: bytes of all bodies together.
  ///   - longestBody: bytes of one, at most half of `limit`.
  init(limit: Int, longestBody: Int, metrics: Metrics) {
    self.limit = limit
    self.longestBody = longestBody
    self.metrics = metrics
  }

  convenience init(of gateway: GatewayNode) {
    let limits = gateway.configuration.limits
    self.init(limit: limits.bodiesBytes, longestBody: limits.bodyBytes, metrics: gateway.metrics)
  }

  var held: Int { state.withLock { $0.held } }

  /// Runs `body` while the request's body may be in memory.
  ///
  /// - Throws: `receive.busy` when there is no room; what `body` throws.
  func hold<Result>(_ request: Request, for holder: String, _ body: () async throws -> Result) async throws -> Result {
    // No more is read of one than the longest there may be.
    let size = min(request.announcedLength ?? longestBody, longestBody)
    guard take(size, for: ByteString(holder)) else {
      metrics.count("gateway_busy_refusals_total")
      throw CausewayError("receive.busy", facts: [CausewayError.retryAfter: "1"])
    }
    defer { give(size, of: ByteString(holder)) }
    return try await body()
  }

  func take(_ size: Int, for holder: ByteString) -> Bool {
    state.withLock { state in
      let own = state.byHolder[holder] ?? 0
      guard state.held + size <= limit, own + size <= limit / 2 else { return false }
      state.held += size
      state.byHolder[holder] = own + size
      return true
    }
  }

  func give(_ size: Int, of holder: ByteString) {
    state.withLock { state in
      state.held -= size
      let left = (state.byHolder[holder] ?? 0) - size
      state.byHolder[holder] = left > 0 ? left : nil
    }
  }
}

/// Holds the memory of the bodies of the inside API, by caller. Behind ``AccessControl``.
struct BodyControl: RouterMiddleware {
  let memory: BodyMemory

  func handle(
    _ request: Request, context: InsideContext, next: (Request, InsideContext) async throws -> Response
  ) async throws -> Response {
    guard request.method != .get, let principal = context.principal else { return try await next(request, context) }
    return try await memory.hold(request, for: principal.name) { try await next(request, context) }
  }
}

extension Request {
  /// The length of the body, if the caller says it.
  var announcedLength: Int? {
    guard headers[.transferEncoding] == nil else { return nil }
    return headers[.contentLength].flatMap { Int($0) }.flatMap { $0 >= 0 ? $0 : nil }
  }
}
