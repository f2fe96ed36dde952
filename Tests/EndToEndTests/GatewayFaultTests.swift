import Foundation
import JSONTree
import Journal
import Primitives
import Synchronization
import TestSupport
import Testing

@testable import CausewayCLI

/// System calls fail in gateways that run: connections between them break at any call, disks fill up and fail.
@Suite(.serialized, .oneAtATime) struct GatewayFaultTests {
  /// A tenth of what is asked for; the rest are points of the journal alone.
  private static let points = (ProcessInfo.processInfo.environment["CAUSEWAY_FAULTS"].flatMap { Int($0) } ?? 500) / 10

  /// What goes wrong at one gateway, and on which connections.
  private struct Point {
    enum Connection: String {
      /// Those to the partner, those from it, those to the database.
      case asking, serving, database
    }

    let fault: FaultControl.Fault
    let connection: Connection
  }

  private static func points(seed: UInt64, count: Int, hasDatabase: Bool) -> [Point] {
    let effects: [(FaultControl.Kind, FaultControl.Effect)] = [
      (.connect, .error(ECONNREFUSED)), (.connect, .error(ETIMEDOUT)), (.send, .error(ECONNRESET)), (.send, .error(EPIPE)), (.send, .half),
      (.send, .error(EINTR)), (.receive, .error(ECONNRESET)), (.receive, .error(ETIMEDOUT)), (.receive, .half), (.receive, .error(EINTR)),
    ]
    var random = SplitMix(state: seed)
    return (0..<count).map { number in
      let (kind, effect) = effects[number % effects.count]
      if hasDatabase, kind != .connect, number % 3 == 0 {
        return Point(fault: .init(kind, effect, at: Int.random(in: 1...200, using: &random)), connection: .database)
      }
      // New connections are rare: they are kept.
      let at = kind == .connect ? 1 : Int.random(in: 1...8, using: &random)
      return Point(fault: .init(kind, effect, at: at), connection: kind != .connect && Bool.random(using: &random) ? .serving : .asking)
    }
  }

  @Test func aConnectionThatBreaksAnywhereBreaksNoPromise() async throws {
    let name = "faults-\(UUID().uuidString)"
    let world = try World(journal: try PostgresCluster.shared.database(name))
    defer {
      world.end()
      PostgresCluster.drop(name)
    }
    let controls = try await world.startFaulty()
    let tally = KillTests.Tally(gateways: 2)
    try await withThrowingTaskGroup(of: Void.self) { group in
      for (number, (site, control)) in zip(world.sites, controls).enumerated() {
        let other = world.sites[1 - number]
        group.addTask {
          for point in Self.points(seed: UInt64(number), count: Self.points / 2, hasDatabase: site.economy == "CN") {
            let port =
              switch point.connection {
              case .asking: other.partnerPort
              case .serving: site.partnerPort
              case .database: FaultControl.localSockets
              }
            control.arm(point.fault, port: port)
            let deadline = ContinuousClock.now + .seconds(120)
            while control.hits == 0, ContinuousClock.now < deadline { try await Task.sleep(for: .milliseconds(5)) }
            if control.hits > 0 {
              tally.count("\(point.connection) \(point.fault.kind) \(point.fault.effect)")
            } else {
              Issue.record("\(site.economy) did not reach \(point.fault)")
            }
            control.disarm()
          }
          tally.finish()
        }
      }
      for lane in 0..<3 {
        group.addTask {
          var number = lane
          while !tally.isFinished {
            tally.clear(try await world.clear(try World.declaration(number: number), key: "net-\(number)"))
            number += 3
          }
        }
      }
      group.addTask {
        while !tally.isFinished { try await world.singapore.takeDocuments() }
      }
      try await group.waitForAll()
    }
    let count = tally.all.values.reduce(0, +)
    print("faults of connections of gateways: \(count) over \(tally.cleared.count) clearances")
    for (name, count) in tally.all.sorted(by: { $0.key < $1.key }) { print("  \(name)  \(count)") }
    #expect(count >= Self.points / 2 * 2)
    for site in world.sites { #expect(world.process(site)?.isRunning == true, "\(site.economy) has lived through it") }
    try await world.quiet()
    try await world.expectOneEffect(tally.cleared)
    try await DemoRun.verifyLedgers(world.demo)
  }

  /// Neither side reaches the other for a while. What is handed in meanwhile is taken, waits, and takes effect once.
  @Test func aPartitionBetweenTheGatewaysHeals() async throws {
    let world = try World()
    defer { world.end() }
    let controls = try await world.startFaulty()
    let first = try await world.clear(try World.declaration(number: 1), key: "partition-1")
    try await world.quiet()
    for (number, control) in controls.enumerated() {
      control.arm(.init(.send, .error(ECONNRESET), at: 1, isForEver: true), port: world.sites[1 - number].partnerPort)
    }
    let declared = try await (2...4).asyncMap { try await world.china.declare(try World.declaration(number: $0), key: "partition-\($0)") }
    for ids in declared { #expect(try await world.china.translated(ids.message)["state"]?.string == "sealed") }
    while controls[0].hits < 4 { try await Task.sleep(for: .milliseconds(10)) }
    for ids in declared { #expect(try await world.china.message(ids.message)["receipt"]?.string == nil) }
    for control in controls { control.disarm() }
    var cleared = [first]
    for ids in declared { cleared.append(try await world.clear(ids)) }
    try await world.quiet()
    try await world.expectOneEffect(cleared)
  }

  /// Whoever opens connections and says nothing, or half of something, loses them; a request that is answered late keeps its own.
  @Test func halfOpenConnectionsAreClosed() async throws {
    let world = try World()
    defer { world.end() }
    for site in world.sites { try await world.start(site, executable: try world.script(site, options: "--idle-seconds 2")) }
    let hello: [UInt8] = [0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0x01, 0xFC, 0x03, 0x03]
    let silent = try (0..<40).map { number in
      let connection = try RawConnection(port: number.isMultiple(of: 2) ? world.sg.partnerPort : world.sg.insidePort)
      if number % 4 == 2 { connection.send(hello) }
      if number % 4 == 1 { connection.send("POST /v1/clearances/x/status HTTP/1.1\r\nHost: gate") }
      if number % 4 == 3 { connection.send("POST /v1/clearances/x/status HTTP/1.1\r\nHost: gateway\r\nContent-Length: 100\r\n\r\n{") }
      return connection
    }
    // The benign twin: what is asked for while nothing happens is answered when its time is over.
    #expect(try await world.singapore.answer("GET", "/v1/inbox?wait=6").status == 200)
    for (number, connection) in silent.enumerated() {
      #expect(connection.receive(silenceMilliseconds: 60_000).isClosed, "connection \(number) is still open")
    }
    let id = try await world.clear(try World.declaration(number: 1), key: "half-open")
    try await world.quiet()
    try await world.expectOneEffect([id])
  }

  // MARK: Disks

  /// No room on the disk of either gateway: nothing is promised meanwhile, reading goes on, and with room it goes on by itself.
  @Test func aFullDiskIsOvercomeWithoutARestart() async throws {
    let world = try World()
    defer { world.end() }
    let controls = try await world.startFaulty()
    let full = FaultControl.Fault(.write, .error(ENOSPC), at: 1, isForEver: true)
    let first = try await world.clear(try World.declaration(number: 1), key: "full-1")
    controls[0].arm(full, path: "/data/journal.sqlite")
    let refused = try await declare(world, number: 2)
    #expect(refused.status >= 500 && refused.code == "journal.storage_full", "\(refused)")
    #expect(try await world.china.clearance(first)["id"] != nil, "reading goes on")
    controls[0].disarm()
    // Singapore's disk is full when the declaration comes: there is no receipt until there is room.
    controls[1].arm(full, path: "/data/journal.sqlite")
    let ids = try await world.china.declare(try World.declaration(number: 2), key: "full-2")
    _ = try await world.china.translated(ids.message)
    while controls[1].hits < 2 { try await Task.sleep(for: .milliseconds(10)) }
    #expect(try await world.china.message(ids.message)["receipt"]?.string == nil, "nothing is promised")
    controls[1].disarm()
    let second = try await world.clear(ids)
    try await world.quiet()
    try await world.expectOneEffect([first, second])
  }

  /// A disk that fails while something is made durable: the journal stops with a code, reading goes on, and after a restart all is there.
  @Test func aFailingDiskStopsTheJournalUntilARestart() async throws {
    let world = try World()
    defer { world.end() }
    let controls = try await world.startFaulty()
    let first = try await world.clear(try World.declaration(number: 1), key: "disk-1")
    try await world.quiet()
    controls[0].arm(.init(.sync, .error(EIO), at: 1), path: "/data/journal.sqlite")
    let refused = try await declare(world, number: 2)
    #expect(refused.status >= 500 && refused.code.hasPrefix("journal."), "\(refused)")
    #expect(controls[0].hits > 0)
    controls[0].disarm()
    let later = try await declare(world, number: 3)
    #expect(later.status >= 500 && later.code == "journal.faulted", "\(later)")
    #expect(try await world.china.clearance(first)["id"] != nil, "reading goes on")
    world.process(world.cn)?.stop()
    #expect(world.process(world.cn)?.isRunning == false)
    try await world.start(world.cn)
    var cleared = [first]
    for number in 2...3 { cleared.append(try await world.clear(try World.declaration(number: number), key: "disk-\(number)")) }
    try await world.quiet()
    try await world.expectOneEffect(cleared)
  }

  /// A submission that must not be taken now.
  private func declare(_ world: World, number: Int) async throws -> (status: Int, code: String) {
    let answer = try await world.china.answer(
      "POST", "/v1/declarations?profile=cn.decmessage&corridor=CN-SG", headers: ["Idempotency-Key": "not-\(number)"],
      body: try World.declaration(number: number))
    return (answer.status, answer.body["problems"]?.array?.first?["code"]?.string ?? "")
  }
}

extension World {
  /// Starts both gateways so that their system calls can be let fail while they run.
  func startFaulty() async throws -> [FaultControl] {
    try await sites.asyncMap { site in
      let control = try FaultControl(file: site.folder + "/faults")
      try await start(site, executable: try script(site, environment: try control.environment))
      return control
    }
  }

  /// A program that is the gateway's with further settings.
  func script(_ site: DemoWorld.Site, environment: [String: String] = [:], options: String = "") throws -> String {
    let script = site.folder + "/causeway"
    let exports = environment.map { "export \($0.key)='\($0.value)'\n" }.joined()
    try Files.write(Array("#!/bin/sh\n\(exports)exec '\(Self.executable)' \"$@\" \(options)\n".utf8), to: script)
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: script)
    return script
  }
}
