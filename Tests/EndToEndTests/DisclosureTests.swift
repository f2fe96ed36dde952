import Foundation
import JSONTree
import Primitives
import Testing

@testable import CausewayCLI

/// Selective disclosure with the commands, by both sides of a real exchange.
@Suite(.serialized, .oneAtATime, .runningWorld) struct DisclosureTests {
  @Test func eitherSideDisclosesAndAnybodyVerifies() async throws {
    let world = try World.running
    let ids = try await world.china.declare(try World.declaration(number: 600), key: "disclose")
    try await world.singapore.waitFor(ids.clearance, "import", "supplement_requested")
    try await world.quiet()
    let verifier = World.verifier
    for site in world.sites {
      let file = "\(world.demo.folder)/\(site.economy).disclosure"
      let arguments = ["disclose", "--config", site.configuration, "--message", ids.message, "--output", file, "--elements"]
      let disclosed = try World.run(arguments + ["Commodity.HS6@2,Declaration.LRN"])
      #expect(disclosed.status == 0, "\(disclosed.errors)")
      let key = try #require(disclosed.output.firstMatch(of: /--key '([^']+)'/)).output.1
      let verify = ["disclosure", "--key", String(key)]
      let verified = try World.tool(verifier, verify + [file])
      #expect(verified.status == 0)
      #expect(verified.output.contains("shown Declaration.LRN \"E2E000000000000600\"\n"))
      #expect(verified.output.contains("withheld Commodity.HS6 11 of 12 mandatory\n"))
      let text = String(decoding: try Files.read(file), as: UTF8.self)
      #expect(!verified.output.contains("MERLIN") && !text.contains("MERLIN"))
      // What the recipient asked for and did not get, a wrong key, an altered file.
      #expect(try World.tool(verifier, verify + ["--require", "Declaration.LRN", file]).status == 0)
      let short = try World.tool(verifier, verify + ["--require", "Declaration.LRN,Commodity.HS6", file])
      #expect(short.status == 65 && short.output.contains("ledger.disclosure_withheld Commodity.HS6 count=11"))
      #expect(try World.tool(verifier, ["disclosure", "--key", String(key.dropLast(4) + "AAAA"), file]).status != 0)
      var bytes = try Files.read(file)
      bytes[bytes.count / 2] ^= 1
      try Files.write(bytes, to: file + ".altered")
      #expect(try World.tool(verifier, verify + [file + ".altered"]).status == 65)
      #expect(try World.tool(verifier, verify + [file + ".absent"]).status == 66)
      for usage in [[], verify, verify + ["--key", String(key), file], ["disclosure", "--kee", "x", file], ["disclosure", file]] {
        #expect(try World.tool(verifier, usage).status == 64, "\(usage)")
      }
      // A file that is there stays; what the message does not have is named.
      #expect(try World.run(arguments + ["Declaration.LRN"]).status == 78)
      let absent = try World.run(Array(arguments.dropLast(2)) + [file + ".none", "--elements", "Seal.ID@1.1"])
      #expect(absent.status == 65 && absent.errors.contains("disclose.element_absent") && !Files.exists(file + ".none"))
    }
  }
}
