import Gateway
import Hummingbird
import JSONTree
import Primitives

/// What failed, and putting it right (docs/operations/replay.md).
extension InsideAPI {
  func addReplays(to api: RouterGroup<InsideContext>) {
    api.get("/failures") { request, context in
      _ = try context.principal(with: .read)
      let query = request.uri.queryParameters.map { (String($0.key), String($0.value)) }
      return Answers.json(try await gateway.failures(try FailureFilter(query: query)))
    }
    api.post("/replays") { request, context in
      let principal = try context.principal(with: .operate)
      let replay = try await gateway.replay(try await body(of: request), by: principal)
      return Answers.json(replay, status: replay["dryRun"]?.bool == true ? .ok : .accepted)
    }
    api.get("/replays") { _, context in
      _ = try context.principal(with: .read)
      return Answers.json(try await gateway.replays())
    }
    api.get("/replays/{id}") { request, context in
      _ = try context.principal(with: .read)
      return Answers.json(
        try await gateway.replay(context.parameters.require("id"), waitSeconds: request.waitSeconds, seen: request.seen))
    }
    for control in GatewayNode.ReplayControl.allCases {
      api.post("/replays/{id}/\(control.rawValue)") { _, context in
        let principal = try context.principal(with: .operate)
        return Answers.json(try await gateway.control(replay: context.parameters.require("id"), control, by: principal))
      }
    }
    addEdits(to: api)
  }

  private func addEdits(to api: RouterGroup<InsideContext>) {
    api.post("/messages/{id}/edits") { request, context in
      let principal = try context.principal(with: .operate)
      let reason = request.uri.queryParameters["reason"].map(String.init) ?? ""
      let document = try await body(of: request)
      return Answers.json(
        try await gateway.proposeEdit(of: context.parameters.require("id"), document, reason: reason, by: principal), status: .created)
    }
    api.get("/messages/{id}/edits") { _, context in
      _ = try context.principal(with: .operate)
      return Answers.json(try await gateway.edit(of: context.parameters.require("id")))
    }
    api.post("/messages/{id}/edits/approval") { request, context in
      let principal = try context.principal(with: .operate)
      let body = try await body(of: request)
      return Answers.json(try await gateway.approveEdit(of: context.parameters.require("id"), body, by: principal), status: .accepted)
    }
  }
}
