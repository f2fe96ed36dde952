package import Gateway
package import Journal
import Primitives
import ServiceLifecycle

/// The workers of a gateway as a service: on shutdown they finish the step in hand.
package struct WorkService: Service {
  private let gateway: RunningGateway

  package init(_ gateway: RunningGateway) { self.gateway = gateway }

  package func run() async throws {
    let result = await cancelWhenGracefulShutdown { await outcome() }
    try result.get()
  }

  private func outcome() async -> Result<Void, CausewayError> {
    do throws(CausewayError) {
      return .success(try await gateway.work())
    } catch {
      return .failure(error)
    }
  }
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
