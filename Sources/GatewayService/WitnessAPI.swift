import Exchange
import Gateway
import Hummingbird
import Ledger
import NIOCore
import Primitives

/// The witness of a gateway on the partner listener (C2SP tlog-witness): submission and monitoring prefix `/witness`.
struct WitnessAPI: Sendable {
  let running: RunningGateway
  let answers: Answers

  private var gateway: GatewayNode { running.node }

  func addRoutes(to router: Router<PartnerContext>) {
    router.post("/witness/add-checkpoint") { request, context in
      try await answering(context) { participant in
        let buffer: ByteBuffer
        do {
          buffer = try await request.body.collect(upTo: WitnessRequest.largestByteCount)
        } catch is NIOTooManyBytesError {
          return Self.text("", .contentTooLarge)
        }
        return Self.response(try await gateway.addCheckpoint(Array(buffer.readableBytesView), from: participant))
      }
    }
    router.get("/witness/{log}/checkpoint") { _, context in
      try await answering(context) { _ in
        guard let note = try await gateway.witnessedCheckpoint(originDigest: try context.parameters.require("log")) else {
          return Self.text("", .notFound)
        }
        return Answers.bytes(note, mediaType: "text/plain; charset=utf-8")
      }
    }
  }

  /// Only participants are answered.
  private func answering(_ context: PartnerContext, _ body: (String) async throws -> Response) async throws -> Response {
    do {
      return try await body(try gateway.identify(tlsCertificate: try await context.peerCertificate()).participant)
    } catch let error as CausewayError {
      return answers.problem(error)
    }
  }

  private static func response(_ answer: WitnessAnswer) -> Response {
    switch answer {
    case .cosigned(let lines): text(String(decoding: lines, as: UTF8.self), .ok)
    case .malformed: text("", .badRequest)
    case .forbidden: text("", .forbidden)
    case .unknownLog: text("", .notFound)
    case .conflict(let size): Answers.bytes(Array("\(size)\n".utf8), mediaType: "text/x.tlog.size", status: .conflict)
    case .inconsistent: text("", .unprocessableContent)
    }
  }

  private static func text(_ text: String, _ status: HTTPResponse.Status) -> Response {
    Answers.bytes(Array(text.utf8), mediaType: "text/plain; charset=utf-8", status: status)
  }
}
