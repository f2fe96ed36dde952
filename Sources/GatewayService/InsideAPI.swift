package import Gateway
import HTTPTypes
package import Hummingbird
import JSONTree
import NIOCore
package import Primitives

/// The HTTP API that an economy's own single window speaks (docs/inside-api.md). Bearer tokens; JSON; nothing is parsed before the
/// caller is known.
package struct InsideAPI: Sendable {
  let running: RunningGateway
  private let principals: Principals
  private let answers: Answers
  private let memory: BodyMemory

  /// As it works now: taken once for each thing that is done.
  var gateway: GatewayNode { running.node }

  package init(gateway running: RunningGateway, principals: Principals, texts: ErrorTexts) {
    self.running = running
    memory = BodyMemory(of: running.node)
    self.principals = principals
    answers = Answers(texts: texts)
  }

  package func router() -> Router<InsideContext> {
    let router = Router(context: InsideContext.self)
    router.get("/health") { _, _ in Answers.json(await gateway.health()) }
    router.get("/metrics") { _, _ in
      Answers.bytes(Array(await gateway.metricsText().utf8), mediaType: "text/plain; version=0.0.4")
    }
    let api = router.group("/v1").add(middleware: AccessControl(principals: principals, answers: answers)).add(
      middleware: BodyControl(memory: memory))
    addDeclarations(to: api)
    addClearances(to: api)
    addInbox(to: api)
    addWorkItems(to: api)
    addReplays(to: api)
    addRules(to: api)
    addCompliance(to: api)
    return router
  }

  private func addDeclarations(to api: RouterGroup<InsideContext>) {
    api.post("/declarations") { request, context in
      let principal = try context.principal(with: .submit)
      return try await accept(request, clearance: nil, by: principal)
    }
    api.post("/clearances/{id}/amendments") { request, context in
      let principal = try context.principal(with: .submit)
      return try await accept(request, clearance: context.parameters.require("id"), by: principal)
    }
    api.get("/messages/{id}") { request, context in
      _ = try context.principal(with: .read)
      let id = try context.parameters.require("id")
      let message = try await gateway.message(id, waitSeconds: request.waitSeconds)
      var answer = Answers.json(answers.explained(message))
      if request.accepts(Answers.edifact), message["documents"]?.array?.contains(.string("contrl")) == true {
        answer = Answers.bytes(try await gateway.document(of: id, kind: "contrl").bytes, mediaType: Answers.edifact)
      }
      answer.headers[.vary] = "Accept"
      return answer
    }
    api.get("/messages/{id}/documents/{kind}") { _, context in
      _ = try context.principal(with: .read)
      let document = try await gateway.document(of: context.parameters.require("id"), kind: context.parameters.require("kind"))
      return Answers.bytes(document.bytes, mediaType: document.mediaType)
    }
  }

  private func addClearances(to api: RouterGroup<InsideContext>) {
    api.get("/clearances") { _, context in
      _ = try context.principal(with: .read)
      return Answers.json(try await gateway.clearances())
    }
    api.get("/clearances/{id}") { request, context in
      _ = try context.principal(with: .read)
      return Answers.json(
        try await gateway.clearance(context.parameters.require("id"), waitSeconds: request.waitSeconds, seen: request.seen))
    }
    api.post("/clearances/{id}/withdrawal") { _, context in
      let principal = try context.principal(with: .submit)
      return Answers.json(try await gateway.withdraw(context.parameters.require("id"), by: principal), status: .accepted)
    }
    api.get("/clearances/{id}/supplement") { _, context in
      _ = try context.principal(with: .read)
      return Answers.json(try await gateway.supplement(of: context.parameters.require("id")))
    }
    api.post("/clearances/{id}/supplement") { request, context in
      let principal = try context.principal(with: .submit)
      let body = try await body(of: request)
      return Answers.json(
        try await gateway.answerSupplement(of: context.parameters.require("id"), with: body, by: principal), status: .accepted)
    }
    api.post("/clearances/{id}/status") { request, context in
      let principal = try context.principal(with: .customs)
      let body = try await body(of: request)
      let id = try context.parameters.require("id")
      guard let profile = request.uri.queryParameters["profile"].map(String.init) else {
        return Answers.json(try await gateway.report(body, on: id, by: principal), status: .accepted)
      }
      return Answers.json(try await gateway.report(body, in: profile, on: id, by: principal), status: .accepted)
    }
  }

  private func addInbox(to api: RouterGroup<InsideContext>) {
    api.get("/inbox") { request, context in
      let principal = try context.principal(with: .inbox)
      return Answers.json(try await gateway.inbox(waitSeconds: request.waitSeconds, by: principal))
    }
    api.post("/inbox/{sequence}/acknowledgement") { _, context in
      let principal = try context.principal(with: .inbox)
      guard let sequence = Int(try context.parameters.require("sequence")) else { throw CausewayError("receive.not_found") }
      try await gateway.acknowledge(sequence, by: principal)
      return Response(status: .noContent)
    }
  }

  private func addWorkItems(to api: RouterGroup<InsideContext>) {
    api.post("/reconciliations") { request, context in
      let principal = try context.principal(with: .operate)
      let query = request.uri.queryParameters
      return Answers.json(
        try await gateway.reconcile(
          corridor: query["corridor"].map(String.init) ?? "", day: query["day"].map(String.init) ?? "", by: principal.name))
    }
    api.get("/work-items") { request, context in
      _ = try context.principal(with: .read)
      let query = request.uri.queryParameters
      return Answers.json(
        try await gateway.workItems(
          corridor: query["corridor"].map(String.init), day: query["day"].map(String.init), state: query["state"].map(String.init),
          after: query["after"].flatMap { Int64($0) }))
    }
    api.post("/work-items/{id}/resolution") { request, context in
      let principal = try context.principal(with: .operate)
      let body = try await body(of: request)
      return Answers.json(try await gateway.resolve(workItem: context.parameters.require("id"), body, by: principal))
    }
  }

  private func addCompliance(to api: RouterGroup<InsideContext>) {
    api.post("/clearances/{id}/erasure") { request, context in
      let principal = try context.principal(with: .compliance)
      let body = try await body(of: request)
      return Answers.json(try await gateway.erase(body, of: context.parameters.require("id"), by: principal))
    }
    api.post("/clearances/{id}/hold") { request, context in
      let principal = try context.principal(with: .compliance)
      let body = try await body(of: request)
      return Answers.json(try await gateway.setHold(body, on: context.parameters.require("id"), by: principal))
    }
    api.post("/clearances/{id}/hold/release") { request, context in
      let principal = try context.principal(with: .compliance)
      let body = try await body(of: request)
      return Answers.json(try await gateway.releaseHold(body, on: context.parameters.require("id"), by: principal))
    }
    api.get("/holds") { _, context in
      _ = try context.principal(with: .compliance)
      return Answers.json(try await gateway.holds())
    }
  }

  func body(of request: Request) async throws -> [UInt8] {
    let buffer = try await request.body.collect(upTo: gateway.configuration.limits.bodyBytes)
    return Array(buffer.readableBytesView)
  }

  private func accept(_ request: Request, clearance: String?, by principal: Principal) async throws -> Response {
    let query = request.uri.queryParameters
    let submission = Submission(
      body: try await body(of: request), profile: query["profile"].map(String.init), corridor: query["corridor"].map(String.init),
      ucr: query["ucr"].map(String.init), clearanceID: clearance, idempotencyKey: request.headers[.idempotencyKey])
    return Answers.json(try await gateway.submit(submission, by: principal).json, status: .accepted)
  }
}

extension HTTPField.Name {
  static let idempotencyKey = HTTPField.Name("Idempotency-Key")!
}

extension Request {
  /// `?wait=seconds`: how long a read may wait for something new. 0…30.
  var waitSeconds: Int { uri.queryParameters["wait"].flatMap { Int($0) }.map { min(max($0, 0), 30) } ?? 0 }
  /// Whether the caller asks for a media type by its name. Ranges are not names.
  func accepts(_ mediaType: String) -> Bool {
    let ranges = headers[values: .accept].flatMap { $0.utf8.split(separator: 0x2C) }
    return ranges.contains { range in
      let name = range.prefix { $0 != 0x3B }.filter { $0 > 0x20 }
      return String(decoding: name, as: UTF8.self).lowercased() == mediaType.lowercased()
    }
  }

  /// `?seen=n`: the number of milestones that the caller has seen; a read with `wait` answers when there are more.
  var seen: Int? { uri.queryParameters["seen"].flatMap { Int($0) } }
}
