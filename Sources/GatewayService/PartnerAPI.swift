import Exchange
package import Gateway
import HTTPTypes
package import Hummingbird
import NIOCore
import NIOSSL
package import Primitives

/// What the partner listener knows of a request: its channel, and with it the certificate that the TLS handshake proved.
package struct PartnerContext: RequestContext {
  package var coreContext: CoreRequestContextStorage
  let channel: any Channel

  package init(source: ApplicationRequestContextSource) {
    coreContext = .init(source: source)
    channel = source.channel
  }

  /// DER of the client certificate. Identity comes from here alone, never from a header.
  func peerCertificate() async throws -> [UInt8] {
    guard let certificate = try await channel.nioSSL_peerCertificate().get() else { throw CausewayError("verify.certificate_missing") }
    return try certificate.toDERBytes()
  }
}

/// What partner gateways speak (docs/protocol.md): a route that takes a signed envelope and answers with a signed receipt, and one that says what
/// this side holds of a corridor-day.
package struct PartnerAPI: Sendable {
  private let running: RunningGateway
  private let answers: Answers
  private let memory: BodyMemory

  private var gateway: GatewayNode { running.node }

  package init(gateway running: RunningGateway, texts: ErrorTexts) {
    self.running = running
    memory = BodyMemory(of: running.node)
    answers = Answers(texts: texts)
  }

  package func router() -> Router<PartnerContext> {
    let router = Router(context: PartnerContext.self)
    router.post("/v1/messages") { request, context in
      do {
        return try await receive(request, context)
      } catch let error as CausewayError {
        return answers.problem(error)
      }
    }
    WitnessAPI(running: running, answers: answers).addRoutes(to: router)
    LedgerAPI(running: running, answers: answers).addRoutes(to: router)
    router.post("/v1/reconciliation") { request, context in
      do {
        let gateway = gateway
        let peer = try gateway.identify(tlsCertificate: try await context.peerCertificate())
        let question = try await body(of: request, upTo: ReconciliationQuestion.limitBytes)
        return Answers.bytes(try await gateway.answer(reconciliation: question, from: peer), mediaType: "application/json")
      } catch let error as CausewayError {
        return answers.problem(error)
      }
    }
    return router
  }

  private func receive(_ request: Request, _ context: PartnerContext) async throws -> Response {
    let gateway = gateway
    // Who it is, before anything that was sent is looked at.
    let peer = try gateway.identify(tlsCertificate: try await context.peerCertificate())
    return try await memory.hold(request, for: peer.participant) {
      let length = request.announcedLength
      try gateway.admit(length, from: peer)
      let body = try await body(of: request, upTo: gateway.configuration.limits.bodyBytes)
      if length == nil { gateway.charge(body.count, to: peer) }
      let received = try ReceivedEnvelope(
        field: { name in HTTPField.Name(name).map { field in request.headers[values: field] } ?? [] }, body: body)
      let receipt = try await gateway.receive(received, from: peer)
      return Answers.bytes(Array(receipt.utf8), mediaType: "application/jose")
    }
  }

  private func body(of request: Request, upTo limit: Int) async throws -> [UInt8] {
    do {
      return Array(try await request.body.collect(upTo: limit).readableBytesView)
    } catch is NIOTooManyBytesError {
      throw CausewayError("receive.too_large")
    }
  }
}
