import Foundation
import JSONTree
import Primitives
import TestSupport
import Testing

@testable import CausewayCLI

/// The storage key in a hardware security module, as an operator puts it there: by the command line, with a real gateway.
@Suite(.serialized, .oneAtATime) struct StorageModuleTests {
  @Test func aGatewayMovesItsKeyIntoAModule() async throws {
    try await SoftHSM.alone { hsm in
      let world = try World()
      defer { world.end() }
      let site = world.cn
      try hsm.makeToken("cn")
      let uri = hsm.uri("cn")
      let make = ["keys", "generate", "--kind", "storage", "--hsm"]
      #expect(try World.run(make + [uri]).status == 0)
      #expect(try World.run(make + [uri]).errors.contains("key.hsm_key_exists"))
      #expect(try World.run(make + [uri, "--output", site.folder + "/x"]).status == 64)
      #expect(try World.run(["keys", "generate", "--kind", "p256", "--hsm", uri]).status == 64)
      let inline = try World.run(make + [uri + "&pin-value=" + SoftHSM.pin])
      #expect(inline.status == 78 && inline.errors.contains("key.hsm_pin_value") && !inline.errors.contains(SoftHSM.pin))

      try await world.startBoth()
      let id = try await world.clear(try World.declaration(number: 910), key: "hsm-910")
      let rewrap = ["journal", "rewrap", "--config", site.configuration, "--to", uri]
      #expect(try World.run(rewrap).errors.contains("journal.locked"))
      world.process(site)?.stop()
      try FileManager.default.setAttributes([.posixPermissions: 0o640], ofItemAtPath: hsm.pinPath)
      #expect(try World.run(rewrap).errors.contains("key.file_mode"))
      try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: hsm.pinPath)
      let moved = try World.run(rewrap)
      #expect(moved.status == 0 && moved.output.contains("wrapped anew: 1 keys"), "\(moved.output) \(moved.errors)")
      #expect(try World.run(rewrap).output.contains("nothing to wrap"))
      #expect(try world.refusedStart(site).errors.contains("journal.storage_key"))

      let configuration = try Files.text(site.configuration)
      func configure(_ key: String) throws {
        let changed = configuration.replacing("storageKey: storage-key.pem", with: "storageKey: \"\(key)\"")
        try #require(changed != configuration)
        try Files.write(Array(changed.utf8), to: site.configuration)
      }
      try configure(uri + "&pin-value=" + SoftHSM.pin)
      let refused = try world.refusedStart(site)
      #expect(refused.status == 78 && refused.errors.contains("key.hsm_pin_value") && !refused.errors.contains(SoftHSM.pin))
      try configure(uri)
      try await world.start(site)
      #expect(try await world.china.clearance(id)["outcome"]?.string == "concluded")
      let message = try #require(try await world.china.clearance(id)["messages"]?.array?.first?["messageId"]?.string)
      let path = "/v1/messages/\(message)/documents/source"
      let document = try await HTTPClient.send("GET", site.inside.base + path, token: site.token.exposed)
      #expect(try document.status == 200 && document.body == World.declaration(number: 910))
      _ = try await world.clear(try World.declaration(number: 911), key: "hsm-911")
      let erased = try World.run(
        ["erase", "--config", site.configuration, "--clearance", id, "--ground", "court_order"],
        environment: ["CAUSEWAY_TOKEN": site.token.exposed])
      #expect(erased.status == 0, "\(erased.errors)")
      #expect(try await world.china.answer("GET", path).status == 410)
      #expect(try World.run(["ledger", "verify", "--config", site.configuration]).status == 0)

      // Taken out under the running gateway: what needs the key can be tried again, and goes well when the token is back.
      try hsm.takeTokensAway()
      let document2 = try World.declaration(number: 912)
      let submission = "/v1/declarations?profile=cn.decmessage&corridor=CN-SG"
      for _ in 0..<2 {
        let away = try await world.china.answer("POST", submission, headers: ["Idempotency-Key": "hsm-912"], body: document2)
        let code = away.body["problems"]?.array?.first?["code"]?.string
        #expect(away.status == 503 && code?.hasPrefix("key.hsm_") == true, "\(away)")
      }
      try hsm.bringTokensBack()
      _ = try await world.clear(document2, key: "hsm-912")
      world.process(site)?.stop()
      #expect(try !world.log(site).contains(SoftHSM.pin))

      // What it does not start with: a PIN that is wrong, and no token.
      try hsm.writePIN("wrong-pin-5566")
      let wrong = try world.refusedStart(site)
      #expect(wrong.status == 78 && wrong.errors.contains("key.hsm_pin") && !wrong.errors.contains("5566"))
      try hsm.writePIN(SoftHSM.pin)
      try hsm.takeTokensAway()
      let gone = try world.refusedStart(site)
      #expect(gone.status == 69 && gone.errors.contains("key.hsm_token"))
      try hsm.bringTokensBack()
      try await world.start(site)
    }
  }
}
