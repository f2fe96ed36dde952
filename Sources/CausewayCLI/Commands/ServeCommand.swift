import ArgumentParser
import Gateway
import GatewayService
import JournalPostgres
import Logging
import Primitives
import ServiceLifecycle
import Trust
import UnixSignals

/// Runs one gateway until SIGTERM or SIGINT.
struct ServeCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(commandName: "serve", abstract: "Run a gateway.")

  @Option(help: "The gateway's configuration file.") var config: String
  @Option(help: "Least severity that is logged: trace, debug, info, notice, warning, error, critical.") var logLevel = "info"

  @Option(help: "Seconds after which a connection is closed on which nothing is asked.") var idleSeconds = Listeners.idleSeconds

  func validate() throws {
    guard (1...3600).contains(idleSeconds) else { throw ValidationError("A connection may be idle for 1 to 3600 seconds.") }
    guard Logger.Level(rawValue: logLevel) != nil else { throw ValidationError("There is no log level \(logLevel).") }
  }

  func run() async throws {
    try await Console.reportingErrors {
      let logger = JSONLog.logger(level: Logger.Level(rawValue: logLevel) ?? .info)
      let assembled = try await Composition.assemble(configurationAt: config, logger: logger)
      let (running, node) = (assembled.running, assembled.node)
      await node.compareHistory()
      // Listeners stop first, then the workers finish the step in hand, then the journal closes.
      let listening =
        assembled.listener.map {
          [ServiceGroupConfiguration.ServiceConfiguration(service: ListenService(listener: $0, bell: node.bell, logger: logger))]
        } ?? []
      let group = ServiceGroup(
        configuration: ServiceGroupConfiguration(
          services: [
            .init(service: JournalService(journal: assembled.journal)),
            .init(service: WorkService(running)),
            .init(service: try Listeners.partner(running, texts: .all, idleSeconds: idleSeconds, logger: logger)),
            .init(
              service: Listeners.inside(
                running, principals: node.configuration.principals, texts: .all, idleSeconds: idleSeconds, logger: logger)),
          ] + listening, gracefulShutdownSignals: [.sigterm, .sigint], logger: logger))
      logger.info(
        "gateway starts",
        metadata: [
          "gw.economy": "\(node.configuration.economy)", "gw.inside": "\(node.configuration.inside.port)",
          "gw.partner": "\(node.configuration.partner.port)", "gw.registry": "\(node.registry.version)",
        ])
      try await group.run()
    }
  }
}

/// Rings the bell of a gateway when another one on the same journal has committed.
private struct ListenService: Service {
  let listener: PostgresListener
  let bell: Bell
  let logger: Logger

  func run() async throws {
    await cancelWhenGracefulShutdown {
      while !Task.isCancelled {
        do throws(CausewayError) {
          if try await listener.wait(atMost: 500) { bell.ring() }
        } catch {
          // The workers look by themselves every half second.
          logger.warning("listening to other gateways failed", metadata: ["gw.code": "\(error.code)"])
          try? await Task.sleep(for: .seconds(1))
        }
      }
      await listener.close()
    }
  }
}
