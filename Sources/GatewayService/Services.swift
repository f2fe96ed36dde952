package import Gateway
package import Journal
import ServiceLifecycle

/// The workers of a gateway as a service: on shutdown they finish the step in hand.
package struct WorkService: Service {
  private let node: GatewayNode

  package init(node: GatewayNode) { self.node = node }

  package func run() async throws { await cancelWhenGracefulShutdown { await node.work() } }
}

/// Keeps the journal open until everything else has stopped. First in its group, so last to stop.
package struct JournalService: Service {
  private let journal: Journal

  package init(journal: Journal) { self.journal = journal }

  package func run() async throws {
    try? await gracefulShutdown()
    await journal.close()
  }
}
