import Foundation
import Synchronization

#if canImport(Glibc)
  import Glibc
#endif

/// A web server on 127.0.0.1 for one test, with faults to order.
///
/// One thread serves one connection after the other. It stops when the server goes or after a
/// minute, whichever comes first, so that a failing test can't leave it behind.
final class LoopbackServer: Sendable {
  /// What a request gets.
  enum Answer: Sendable {
    /// A status and a body.
    case whole(status: Int, body: [UInt8])
    /// Fewer bytes than the header promises.
    case cut(body: [UInt8], promised: Int)
    /// A body without a promise of its length, ended by closing the connection.
    case unannounced(body: [UInt8])
    /// Part of an answer (none if empty), and then silence until the client gives up.
    case silence(after: [UInt8])
    /// A byte every 20 ms, for ever.
    case trickle

    /// A body in full.
    static func file(_ body: [UInt8]) -> Answer { .whole(status: 200, body: body) }
  }

  private struct State {
    var isStopped = false
    var requests: [String] = []
  }

  private final class Shared: Sendable {
    let state = Mutex(State())
    let deadline = ContinuousClock.now + .seconds(60)

    var isOver: Bool { state.withLock { $0.isStopped } || ContinuousClock.now > deadline }
  }

  /// The port.
  let port: UInt16
  private let shared = Shared()

  /// Starts a server with the answer to each path; others get status 404.
  init(_ answers: [String: Answer]) throws {
    let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let isListening = withUnsafeMutablePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(listener, $0, size) == 0 && listen(listener, 16) == 0
          && getsockname(listener, $0, &size) == 0
      }
    }
    guard listener >= 0, isListening else { throw POSIXError(.EADDRNOTAVAIL) }
    // A client that has gone since must not keep the thread waiting for it.
    _ = fcntl(listener, F_SETFL, O_NONBLOCK)
    port = UInt16(bigEndian: address.sin_port)
    Thread.detachNewThread { [shared] in
      defer { close(listener) }
      while !shared.isOver {
        guard Self.waits(for: listener) else { continue }
        let connection = accept(listener, nil, nil)
        if connection < 0 { continue }
        Self.serve(connection, answers, shared)
        close(connection)
      }
    }
  }

  deinit { shared.state.withLock { $0.isStopped = true } }

  /// The paths asked for so far.
  var requests: [String] { shared.state.withLock { $0.requests } }

  /// The address of a folder on the server.
  func address(_ folder: String) -> String { "http://127.0.0.1:\(port)/\(folder)/" }

  /// Whether there is something to read, or the other side has gone, within 20 ms.
  private static func waits(for descriptor: Int32) -> Bool {
    var request = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    return poll(&request, 1, 20) > 0
  }

  private static func serve(_ connection: Int32, _ answers: [String: Answer], _ shared: Shared) {
    var request = ""
    while !request.contains("\r\n\r\n") {
      guard !shared.isOver else { return }
      guard waits(for: connection) else { continue }
      var bytes = [UInt8](repeating: 0, count: 4096)
      let count = recv(connection, &bytes, bytes.count, 0)
      guard count > 0 else { return }
      request += String(decoding: bytes[..<count], as: UTF8.self)
    }
    let path = String(request.split(separator: " ")[1])
    shared.state.withLock { $0.requests.append(path) }
    switch answers[path] ?? .whole(status: 404, body: []) {
    case .whole(let status, let body):
      send(connection, header(status, body.count) + body)
    case .cut(let body, let promised):
      send(connection, header(200, promised) + body)
    case .unannounced(let body):
      send(connection, header(200, nil) + body)
    case .silence(let start):
      if !start.isEmpty { send(connection, header(200, 1000) + start) }
      while !shared.isOver && !waits(for: connection) {}
    case .trickle:
      send(connection, header(200, 1000))
      while !shared.isOver && !waits(for: connection) { send(connection, [0]) }
    }
  }

  private static func header(_ status: Int, _ length: Int?) -> [UInt8] {
    let length = length.map { "Content-Length: \($0)\r\n" } ?? ""
    return Array("HTTP/1.1 \(status) Answer\r\n\(length)Connection: close\r\n\r\n".utf8)
  }

  private static func send(_ connection: Int32, _ bytes: [UInt8]) {
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes {
        #if canImport(Glibc)
          Glibc.send(connection, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
        #else
          Darwin.send(connection, $0.baseAddress, $0.count, 0)
        #endif
      }
      if count <= 0 { return }
      rest = rest.dropFirst(count)
    }
  }
}
