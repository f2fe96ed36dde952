import Gateway
package import Hummingbird
import NIOCore
import Primitives

/// What the inside API knows of a request: who makes it.
package struct InsideContext: RequestContext {
  package var coreContext: CoreRequestContextStorage
  /// Set by ``AccessControl`` before any route runs.
  var principal: Principal?

  package init(source: ApplicationRequestContextSource) { coreContext = .init(source: source) }

  /// The authenticated caller, if it has the role.
  ///
  /// - Throws: `receive.role_missing`.
  func principal(with role: Role) throws(CausewayError) -> Principal {
    guard let principal, principal.roles.contains(role) else { throw CausewayError("receive.role_missing", facts: ["role": role.rawValue]) }
    return principal
  }
}

/// Lets nobody in without a known bearer token, before a byte of the body is read.
struct AccessControl: RouterMiddleware {
  let principals: Principals
  let answers: Answers

  func handle(
    _ request: Request, context: InsideContext, next: (Request, InsideContext) async throws -> Response
  ) async throws -> Response {
    guard let header = request.headers[.authorization], header.hasPrefix("Bearer "),
      let principal = principals.principal(token: String(header.dropFirst("Bearer ".count)))
    else {
      var response = answers.problem("receive.token_unknown")
      response.headers[.wwwAuthenticate] = "Bearer"
      return response
    }
    var context = context
    context.principal = principal
    do {
      return try await next(request, context)
    } catch let error as CausewayError {
      return answers.problem(error)
    } catch is NIOTooManyBytesError {
      return answers.problem("receive.too_large")
    }
  }
}
