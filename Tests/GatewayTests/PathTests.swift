import Exchange
import JSONTree
import Journal
import Primitives
import Testing

@testable import Gateway

@Suite struct PathTests {
  @Test func oneDeclarationClearsOnBothSides() async throws {
    let world = try await World()
    let declared = try await world.declare()
    #expect(try await world.message(declared.messageID, at: "CN").state == "sealed")
    try await world.run()
    let id = declared.clearanceID
    #expect(try await world.message(declared.messageID, at: "CN").state == "delivered")
    #expect(try await world.clearance(id, at: "SG").import?.status == .supplementRequested)
    try await world.report("lodged", on: id, at: "SG")
    try await world.report("accepted", on: id, at: "CN", ",\"registrationId\":\"222520260000000001\"")
    try await world.report("accepted", on: id, at: "SG")
    try await world.report("released", on: id, at: "CN")
    try await world.report("released", on: id, at: "SG")
    try await world.run()
    for economy in ["CN", "SG"] {
      let clearance = try await world.clearance(id, at: economy)
      #expect(clearance.outcome == .cleared)
      #expect(clearance.export.registrationID == "222520260000000001")
      #expect(try await world.isSound(economy))
    }
  }
}
