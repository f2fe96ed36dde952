/// A named moment on the way of a message, between two durable states.
///
/// Tests stop the process at each of them in turn; production passes a probe that does nothing.
package enum StepPoint: String, Sendable, CaseIterable {
  case outboundReceived = "outbound.received"
  case outboundTranslated = "outbound.translated"
  case outboundSealed = "outbound.sealed"
  case outboundRecorded = "outbound.recorded"
  case outboundDelivered = "outbound.delivered"
  case outboundReceipted = "outbound.receipted"
  case inboundVerified = "inbound.verified"
  case inboundRecorded = "inbound.recorded"
  case inboundTranslated = "inbound.translated"
  case inboundHandedOver = "inbound.handed_over"
  case supplementAnswered = "supplement.answered"
  case statusReported = "status.reported"
}

package typealias StepProbe = @Sendable (StepPoint) -> Void
