import QuireEngine
import Synchronization
import Testing

/// Keeps every event by address, and checks what holds for all sinks: a lane gets no empty
/// delivery, no event follows the end, `.finished` directly follows the last token.
final class RecordingSink: OutputSink {
    struct Record: Sendable {
        var tokens: [Int32] = []
        var logprobs: [TokenLogprobs] = []
        var promptLogprobs: [TokenLogprobs] = []
        var reason: FinishReason?
        var usage: RequestUsage?
    }

    private struct State {
        var records: [OutputAddress: Record] = [:]
        var complaints: [String] = []
        var deliveryCount = 0
    }

    private let state = Mutex(State())
    /// Opened once for each request that ends.
    let finished = Gate()

    func deliver(_ events: [OutputEvent], lane: Int) {
        state.withLock { state in
            state.deliveryCount += 1
            if events.isEmpty { state.complaints.append("an empty delivery") }
            var last: (slot: SlotID, isToken: Bool)?
            for event in events {
                let address = OutputAddress(lane: lane, slot: event.slot)
                var record = state.records[address] ?? Record()
                if record.reason != nil { state.complaints.append("\(address): after its end") }
                switch event.kind {
                case .token(let token, let logprobs):
                    record.tokens.append(token)
                    if let logprobs { record.logprobs.append(logprobs) }
                    last = (event.slot, true)
                case .promptLogprobs(let logprobs):
                    if !record.tokens.isEmpty {
                        state.complaints.append("\(address): prompt logprobs after a token")
                    }
                    record.promptLogprobs += logprobs
                    last = (event.slot, false)
                case .finished(let reason, let usage):
                    switch reason {
                    case .stop, .length:
                        if last?.slot != event.slot || last?.isToken != true {
                            state.complaints.append("\(address): its end is not at its last token")
                        }
                    case .abort, .unservable, .error: break
                    }
                    record.reason = reason
                    record.usage = usage
                    finished.open()
                    last = (event.slot, false)
                }
                state.records[address] = record
            }
        }
    }

    subscript(address: OutputAddress) -> Record {
        state.withLock { $0.records[address] ?? Record() }
    }

    var complaints: [String] { state.withLock { $0.complaints } }
    var deliveryCount: Int { state.withLock { $0.deliveryCount } }
    var finishedCount: Int {
        state.withLock { state in state.records.values.count { $0.reason != nil } }
    }
}
