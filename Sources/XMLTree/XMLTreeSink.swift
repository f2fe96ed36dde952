internal import CLibXML2
package import Primitives

/// Receives a document in document order, from a tree (``XMLTree/walk(_:)``) or while it is parsed (``XMLStream``). Names come once each and
/// are numbers from then on.
package protocol XMLTreeSink: AnyObject {
  /// A local name that has not come before: the sink's number for it.
  func symbol(_ name: Span<UInt8>) -> Int32
  /// A namespace URI: the sink's number for it; it may come more than once.
  func namespace(_ uri: String) -> Int32
  /// An element opens. Its attributes come next, then its texts and elements, then `close`.
  ///
  /// - Parameters:
  ///   - namespace: −1 for none.
  ///   - isLeaf: it has no child elements; nil: that is not known yet.
  func open(symbol: Int32, namespace: Int32, line: Int, isLeaf: Bool?) throws(CausewayError)
  func attribute(symbol: Int32, namespace: Int32, value: Span<UInt8>, line: Int) throws(CausewayError)
  /// A piece of the open element's text; comments may stand between two pieces.
  func text(_ text: Span<UInt8>) throws(CausewayError)
  func close() throws(CausewayError)
}

/// A sink's numbers by the address of a name's bytes: libxml2 keeps each name of a document once, so equal names have equal addresses.
struct XMLNameCache {
  private var names = Table(512)
  /// A table of their own: a name and a URI may be the same text.
  private var namespaces = Table(16)

  mutating func symbol(_ name: UnsafePointer<xmlChar>, _ sink: any XMLTreeSink) -> Int32 {
    let key = UInt(bitPattern: name)
    if let known = names.find(key) { return known }
    return names.insert(key, sink.symbol(UnsafeBufferPointer(cString: name).span))
  }

  mutating func namespace(_ uri: UnsafePointer<xmlChar>?, _ sink: any XMLTreeSink) -> Int32 {
    guard let uri else { return -1 }
    let key = UInt(bitPattern: uri)
    if let known = namespaces.find(key) { return known }
    return namespaces.insert(key, sink.namespace(String(cString: uri)))
  }

  private struct Table {
    private var keys: [UInt]
    private var values: [Int32]
    private var used = 0

    /// - Parameter size: a power of two.
    init(_ size: Int) {
      keys = [UInt](repeating: 0, count: size)
      values = [Int32](repeating: 0, count: size)
    }

    private func slot(_ key: UInt) -> Int {
      let mask = keys.count - 1
      var slot = Int(truncatingIfNeeded: (key &* 0x9E37_79B9_7F4A_7C15) >> 32) & mask
      while keys[slot] != 0, keys[slot] != key { slot = (slot + 1) & mask }
      return slot
    }

    func find(_ key: UInt) -> Int32? {
      let slot = slot(key)
      return keys[slot] == key ? values[slot] : nil
    }

    mutating func insert(_ key: UInt, _ value: Int32) -> Int32 {
      if used * 2 >= keys.count {
        let old = zip(keys, values).filter { $0.0 != 0 }
        keys = [UInt](repeating: 0, count: keys.count * 4)
        values = [Int32](repeating: 0, count: keys.count)
        for (key, value) in old {
          let slot = slot(key)
          keys[slot] = key
          values[slot] = value
        }
      }
      let slot = slot(key)
      keys[slot] = key
      values[slot] = value
      used += 1
      return value
    }
  }
}
