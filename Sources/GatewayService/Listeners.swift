package import Gateway
import Hummingbird
import HummingbirdCore
import HummingbirdTLS
package import Logging
import NIOCore
import NIOSSL
package import Primitives
package import ServiceLifecycle

/// The two servers of a gateway, as services of one group: inside (bearer tokens) and partner (TLS 1.3, client certificates required).
package enum Listeners {
  /// Most connections at a time; later ones wait in the kernel's queue, so that a flood cannot take the memory.
  static let connections = 2_000

  /// How long a connection may stand without a whole request or a part of a body, if it is not said otherwise: else whoever says nothing would
  /// keep a place for ever. Longer than partners keep connections to use them again (a minute).
  package static let idleSeconds = 90

  package static func inside(
    _ gateway: RunningGateway, principals: Principals, texts: ErrorTexts, idleSeconds: Int = idleSeconds, logger: Logger
  ) -> some Service {
    let address = gateway.node.configuration.inside
    return Application(
      router: InsideAPI(gateway: gateway, principals: principals, texts: texts).router(), server: server(idleSeconds),
      configuration: configuration(address), logger: logger)
  }

  /// - Throws: `key.unreadable` when a certificate or key of the configuration cannot be read.
  package static func partner(
    _ gateway: RunningGateway, texts: ErrorTexts, idleSeconds: Int = idleSeconds, logger: Logger
  ) throws -> some Service {
    let address = gateway.node.configuration.partner
    return Application(
      router: PartnerAPI(gateway: gateway, texts: texts).router(),
      server: try .tls(server(idleSeconds), tlsConfiguration: try tls(gateway.node.configuration.keys)),
      configuration: configuration(address), logger: logger)
  }

  private static func server(_ idleSeconds: Int) -> HTTPServerBuilder {
    .http1(configuration: .init(idleTimeout: .seconds(Int64(idleSeconds))))
  }

  private static func configuration(_ address: GatewayConfiguration.Listener) -> ApplicationConfiguration {
    ApplicationConfiguration(
      address: .hostname(address.host, port: address.port), serverName: nil, backlog: 1024,
      availableConnectionsDelegate: MaximumAvailableConnections(connections))
  }

  private static func tls(_ keys: GatewayConfiguration.KeyFiles) throws -> TLSConfiguration {
    do {
      var tls = TLSConfiguration.makeServerConfiguration(
        certificateChain: try NIOSSLCertificate.fromPEMFile(keys.tlsCertificate).map { .certificate($0) },
        privateKey: .privateKey(try NIOSSLPrivateKey(file: keys.tlsKey, format: .pem)))
      tls.minimumTLSVersion = .tlsv13
      // Requires and verifies a client certificate; who it belongs to is then looked up in the registry.
      tls.certificateVerification = .noHostnameVerification
      tls.trustRoots = .file(keys.partnerAuthorities)
      tls.sendCANameList = true
      // A partner that keeps a connection to use it again does not look at it meanwhile, and would not answer a farewell: nothing is waited for.
      tls.shutdownTimeout = .milliseconds(100)
      return tls
    } catch {
      throw CausewayError("key.unreadable", underlying: String(describing: error))
    }
  }
}
