import Gateway
import Hummingbird
import JSONTree
import Primitives

/// By what the gateway decides (docs/operations/rehearsal.md).
extension InsideAPI {
  func addRules(to api: RouterGroup<InsideContext>) {
    api.get("/rules") { _, context in
      _ = try context.principal(with: .read)
      return Answers.json(running.rules())
    }
    api.post("/rules/activations") { request, context in
      let principal = try context.principal(with: .activate)
      return Answers.json(try await running.activate(try await body(of: request), by: principal))
    }
  }
}
