import Dispatch
import Foundation
import Synchronization

#if canImport(FoundationNetworking)
  import FoundationNetworking
#endif

/// One request, whose answer goes to a file as it arrives.
///
/// It keeps its own time: URLSession on Linux heeds only the limit on silence, in whole seconds, and
/// not the one on the whole transfer.
final class Download: NSObject, URLSessionDataDelegate {
  /// Why there is no file.
  enum Failure: Sendable {
    /// The fault lies with the server or the way to it; the words go on after the server's name.
    case remote(String)
    /// The file could not be written.
    case local(DatasetError)
  }

  private struct State {
    var received = 0
    var total: Int?
    var lastActivity = ContinuousClock.now
    var failure: Failure?
    var task: URLSessionDataTask?
    var isCancelled = false
    var isComplete = false
    var continuation: CheckedContinuation<Void, Never>?
  }

  private let file: DownloadedFile
  private let limit: Int
  private let stallTimeout: Duration
  private let totalTimeout: Duration
  private let progress: @Sendable (Int, Int?) -> Void
  private let state = Mutex(State())
  /// A serial queue, which gets a thread also while tasks that compute have all of the pool's: what
  /// has arrived would wait for them, and seem silence.
  private let queue = DispatchQueue(label: "Download")

  /// - Parameters:
  ///   - file: where the answer goes
  ///   - limit: the most bytes that it may have
  ///   - stallTimeout: how long the server may be silent
  ///   - totalTimeout: how long the transfer may take in all
  ///   - progress: called with the bytes received and, if known, all there are
  init(
    to file: DownloadedFile, limit: Int, stallTimeout: Duration, totalTimeout: Duration,
    progress: @escaping @Sendable (Int, Int?) -> Void
  ) {
    self.file = file
    self.limit = limit
    self.stallTimeout = stallTimeout
    self.totalTimeout = totalTimeout
    self.progress = progress
  }

  /// Sends the request and waits until the answer is in the file, or has failed.
  ///
  /// Cancelling the surrounding task ends it early.
  func run(_ address: String) async -> Failure? {
    guard let url = URL(string: address), ["http", "https"].contains(url.scheme) else {
      return .remote("is no web address")
    }
    let configuration = URLSessionConfiguration.ephemeral
    configuration.urlCache = nil
    // Only a backstop, since the watch below is exact: URLSession's own limit is on silence.
    configuration.timeoutIntervalForRequest = 86_400
    let delegateQueue = OperationQueue()
    delegateQueue.underlyingQueue = queue
    let session = URLSession(
      configuration: configuration, delegate: self, delegateQueue: delegateQueue)
    let task = session.dataTask(with: url)
    let watch = startWatch()
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let isCancelled = state.withLock {
          $0.task = task
          $0.continuation = continuation
          return $0.isCancelled
        }
        task.resume()
        if isCancelled { task.cancel() }
      }
    } onCancel: {
      let task = state.withLock {
        $0.isCancelled = true
        return $0.task
      }
      task?.cancel()
    }
    watch.cancel()
    session.finishTasksAndInvalidate()
    return state.withLock { $0.failure }
  }

  /// Looks regularly whether time is up.
  private func startWatch() -> any DispatchSourceTimer {
    let start = ContinuousClock.now
    let timer = DispatchSource.makeTimerSource(queue: queue)
    timer.setEventHandler { [self] in
      let now = ContinuousClock.now
      if now - start > totalTimeout {
        fail(.remote("took longer than \(totalTimeout)"))
      } else if now - state.withLock({ $0.lastActivity }) > stallTimeout {
        fail(.remote("was silent for \(stallTimeout)"))
      }
    }
    timer.schedule(deadline: .now() + .milliseconds(50), repeating: .milliseconds(50))
    timer.resume()
    return timer
  }

  /// Ends the request; the first reason counts, and none once the answer is complete, which the task
  /// that waits for it may not hear of at once.
  private func fail(_ failure: Failure) {
    let task = state.withLock {
      if $0.failure == nil && !$0.isComplete { $0.failure = failure }
      return $0.task
    }
    task?.cancel()
  }

  // MARK: URLSessionDataDelegate

  func urlSession(
    _ session: URLSession, dataTask: URLSessionDataTask, didReceive response: URLResponse,
    completionHandler: @escaping (URLSession.ResponseDisposition) -> Void
  ) {
    let status = (response as? HTTPURLResponse)?.statusCode ?? 0
    let length = response.expectedContentLength
    state.withLock {
      $0.lastActivity = .now
      $0.total = length > 0 ? Int(length) : nil
    }
    if status != 200 {
      fail(.remote("answered with status \(status)"))
    } else if length > limit {
      fail(.remote("offers \(length) bytes, expected at most \(limit)"))
    }
    completionHandler(state.withLock { $0.failure == nil } ? .allow : .cancel)
  }

  func urlSession(_ session: URLSession, dataTask: URLSessionDataTask, didReceive data: Data) {
    let (received, total, hasFailed) = state.withLock {
      $0.received += data.count
      $0.lastActivity = .now
      return ($0.received, $0.total, $0.failure != nil)
    }
    if hasFailed { return }
    if received > limit {
      return fail(.remote("sends more than the \(limit) bytes expected"))
    }
    switch data.withUnsafeBytes({ bytes in
      Result { () throws(DatasetError) in try file.write(bytes) }
    })
    {
    case .success: progress(received, total)
    case .failure(let error): fail(.local(error))
    }
  }

  func urlSession(
    _ session: URLSession, task: URLSessionTask, didCompleteWithError error: (any Error)?
  ) {
    let continuation = state.withLock {
      if let error, $0.failure == nil {
        $0.failure = .remote("failed: \(error.localizedDescription)")
      }
      $0.isComplete = true
      return $0.continuation.take()
    }
    continuation?.resume()
  }
}
