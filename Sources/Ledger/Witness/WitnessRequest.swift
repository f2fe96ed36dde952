package import Primitives

/// What a log asks of a witness: to cosign a checkpoint that extends the one it cosigned before.
///
/// Body: `old <size>`, the consistency proof with one base64 hash a line, an empty line, the checkpoint.
/// - SeeAlso: C2SP tlog-witness, add-checkpoint.
package struct WitnessRequest: Hashable, Sendable {
  /// Size of the checkpoint that the witness is thought to have cosigned last; 0 for none.
  package let oldSize: Int
  /// From `oldSize` to the checkpoint's size. At most 63 digests.
  package let proof: [Digest]
  /// The checkpoint as a signed note.
  package let note: [UInt8]

  package static let mostHashes = 63
  package static let largestByteCount = SignedNote.largestByteCount + 4096

  package init(oldSize: Int, proof: [Digest], note: [UInt8]) {
    self.oldSize = oldSize
    self.proof = proof
    self.note = note
  }

  package var bytes: [UInt8] {
    Array((["old \(oldSize)"] + proof.map { Base64.encode($0.bytes) } + ["", ""]).joined(separator: "\n").utf8) + note
  }

  /// - Throws: `witness.request_malformed` (fact `reason`).
  package init(parsing bytes: [UInt8]) throws(CausewayError) {
    func malformed(_ reason: String) -> CausewayError { CausewayError("witness.request_malformed", facts: ["reason": reason]) }
    guard bytes.count <= Self.largestByteCount else { throw malformed("too large") }
    var rest = bytes[...]
    var lines: [ArraySlice<UInt8>] = []
    while true {
      guard let end = rest.firstIndex(of: 0x0A) else { throw malformed("no empty line") }
      let line = rest[..<end]
      rest = rest[(end + 1)...]
      if line.isEmpty { break }
      lines.append(line)
      guard lines.count <= 1 + Self.mostHashes else { throw malformed("more than \(Self.mostHashes) hashes") }
    }
    guard let first = lines.first, first.starts(with: "old ".utf8), let size = DecimalText.read(first.dropFirst(4)) else {
      throw malformed("old size")
    }
    var proof: [Digest] = []
    for line in lines.dropFirst() {
      guard let hash = Base64.decode(String(decoding: line, as: UTF8.self)).flatMap({ Digest($0) }) else { throw malformed("hash") }
      proof.append(hash)
    }
    self.init(oldSize: size, proof: proof, note: Array(rest))
  }
}

/// What a witness keeps of one log: the last checkpoint that it cosigned.
package struct WitnessedState: Hashable, Sendable {
  package let size: Int
  package let root: Digest

  package init(size: Int, root: Digest) {
    self.size = size
    self.root = root
  }
}

/// A checkpoint that a witness may cosign once it is stored as the log's latest. Only ``WitnessRequest/judge(logs:latest:)`` makes one.
package struct WitnessAdvance: Hashable, Sendable {
  package let checkpoint: SignedCheckpoint
  /// What it extends; nil when the witness has cosigned nothing of this log.
  package let from: WitnessedState?

  fileprivate init(_ checkpoint: SignedCheckpoint, from: WitnessedState?) {
    self.checkpoint = checkpoint
    self.from = from
  }
}

/// What a witness does with a request.
package enum WitnessJudgement: Sendable {
  /// 200, after the advance is stored.
  case cosign(WitnessAdvance)
  /// 400: no request, or the old size is above the checkpoint's.
  case malformed(CausewayError)
  /// 403: no known key of the log has signed, or one that claims to has not.
  case forbidden
  /// 404
  case unknownLog
  /// 409: the witness has cosigned another size last; the answer tells it.
  case conflict(size: Int, SignedCheckpoint)
  /// 422: the log has signed it, and it does not extend what the witness cosigned.
  case inconsistent(SignedCheckpoint)
}

extension WitnessRequest {
  /// Judges a request, in the order of the specification. Pure: whoever carries the judgement out must store the advance and find
  /// ``WitnessAdvance/from`` unchanged in one step, or two requests at a time could roll the witness back.
  ///
  /// - Parameters:
  ///   - logs: the keys of a known log by its origin; nil for a log that is not witnessed.
  ///   - latest: what the witness cosigned last of that log.
  /// - SeeAlso: C2SP tlog-witness, add-checkpoint; an equal size with another root is answered 422.
  package func judge(
    logs: (String) throws(CausewayError) -> [VerifierKey]?, latest: (String) throws(CausewayError) -> WitnessedState?
  ) throws(CausewayError) -> WitnessJudgement {
    let claimed: Checkpoint
    do {
      claimed = try Checkpoint(parsing: try SignedNote.split(note).text)
    } catch {
      return .malformed(error)
    }
    guard let keys = try logs(claimed.origin) else { return .unknownLog }
    let checkpoint: SignedCheckpoint
    do {
      checkpoint = try SignedCheckpoint.verify(note, origin: claimed.origin, keys: keys)
    } catch {
      return error.code == "ledger.checkpoint_extension" ? .malformed(error) : .forbidden
    }
    guard oldSize <= checkpoint.size else {
      return .malformed(CausewayError("witness.request_malformed", facts: ["reason": "old size above the checkpoint's"]))
    }
    let known = try latest(checkpoint.origin)
    guard oldSize == known?.size ?? 0 else { return .conflict(size: known?.size ?? 0, checkpoint) }
    guard extends(known, checkpoint) else { return .inconsistent(checkpoint) }
    return .cosign(WitnessAdvance(checkpoint, from: known))
  }

  private func extends(_ known: WitnessedState?, _ checkpoint: SignedCheckpoint) -> Bool {
    // Every tree extends the one without leaves, and the proof of that is empty.
    guard let known, known.size > 0 else { return proof.isEmpty }
    do {
      try MerkleTree.verifyConsistency(
        oldSize: known.size, newSize: checkpoint.size, oldRoot: known.root, newRoot: checkpoint.root, proof: proof)
      return true
    } catch {
      return false
    }
  }
}

/// Sizes and indices as C2SP texts write them: ASCII decimal without leading zeroes.
enum DecimalText {
  /// - Returns: nil unless the text is one, up to ``MerkleTree/largestSize``.
  static func read(_ digits: some Collection<UInt8>) -> Int? {
    guard let first = digits.first, digits.count <= 16, digits.count == 1 || first != 0x30 else { return nil }
    var value = 0
    for digit in digits {
      guard (0x30...0x39).contains(digit) else { return nil }
      value = value * 10 + Int(digit - 0x30)
    }
    return value <= MerkleTree.largestSize ? value : nil
  }
}
