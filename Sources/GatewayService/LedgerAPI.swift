import Gateway
import HTTPTypes
import Hummingbird
import Primitives

/// This gateway's ledger for its partners, read-only, as C2SP tlog-tiles below `/ledger`. It is answered also when the journal has stopped
/// writing.
struct LedgerAPI: Sendable {
  let running: RunningGateway
  let answers: Answers

  private var gateway: GatewayNode { running.node }

  func addRoutes(to router: Router<PartnerContext>) {
    router.get("/ledger/checkpoint") { request, context in
      try await answer(request, context) { _ in
        Answers.bytes(try await gateway.ledgerCheckpoint(), mediaType: "text/plain; charset=utf-8")
      }
    }
    router.get("/ledger/tile/**") { request, context in
      try await answer(request, context) { path in
        var response = Answers.bytes(try await gateway.ledgerTile(at: path), mediaType: "application/octet-stream")
        // A tile never changes, and a client verifies it before use.
        response.headers[.cacheControl] = "max-age=31536000, immutable"
        return response
      }
    }
  }

  /// Answers a registered partner with the resource at a path below `/ledger/`. A query names no resource: a cache that leaves it out would
  /// answer with something else (TrustAsia, 2026).
  private func answer(
    _ request: Request, _ context: PartnerContext, _ resource: (String) async throws -> Response
  ) async throws -> Response {
    do {
      _ = try gateway.identify(tlsCertificate: try await context.peerCertificate())
      guard request.uri.query == nil, request.uri.path.hasPrefix("/ledger/") else { throw CausewayError("receive.not_found") }
      return try await resource(String(request.uri.path.dropFirst("/ledger/".count)))
    } catch let error as CausewayError {
      return answers.problem(error)
    }
  }
}
