import NIOCore
import QuireHTTP
import QuireOpenAI

/// Answers `/inference/batch`: a bounded number of messages at a time, each failure an entry of
/// its own.
///
/// As lines (NDJSON) results go out as they come; as a JSON array in the order of the messages, so
/// that a later one is held until its turn. Nothing new is begun while too much is held or the
/// client does not keep up; the earliest message without a result always runs, so this cannot hang.
/// Confined to the stream's event loop.
final class TextBatch {
    private let stream: HTTPStream
    private let count: Int
    private let isLines: Bool
    private let configuration: InferenceConfiguration
    private let send: (Int, any ChatAnswerReceiver) -> any ChatCall
    private var running: [Int: CollectedText] = [:]
    private var nextToBegin = 0
    /// The next that the array waits for.
    private var nextToWrite = 0
    private var held: [Int: ByteBuffer] = [:]
    private var heldBytes = 0
    private var writtenCount = 0
    private var isFilling = false
    private var isOver = false

    init(
        _ stream: HTTPStream,
        count: Int,
        isLines: Bool,
        _ configuration: InferenceConfiguration,
        send: @escaping (Int, any ChatAnswerReceiver) -> any ChatCall
    ) {
        self.stream = stream
        self.count = count
        self.isLines = isLines
        self.configuration = configuration
        self.send = send
    }

    func begin() {
        stream.onDisconnect = {
            self.isOver = true
            for answer in self.running.values { answer.abandon() }
            self.running = [:]
        }
        stream.onWritable = { self.fill() }
        let type = isLines ? "application/x-ndjson" : "application/json"
        stream.writeHead(status: 200, headers: [("content-type", type)])
        if !isLines { stream.writeChunk { $0.writeStaticString("[") } }
        fill()
    }

    /// Begins as many as may run; ends the answer when all are written.
    private func fill() {
        // A call may finish at once, within this loop.
        guard !isFilling, !isOver else { return }
        isFilling = true
        while !isOver, nextToBegin < count, mayBegin {
            let index = nextToBegin
            nextToBegin += 1
            let answer = CollectedText(bytesMax: configuration.answerBytesMax) { outcome in
                self.finish(index, outcome)
            }
            running[index] = answer
            answer.begin { send(index, $0) }
        }
        isFilling = false
        guard !isOver, writtenCount == count else { return stream.flush() }
        isOver = true
        if !isLines { stream.writeChunk { $0.writeStaticString("]") } }
        stream.end()
    }

    private var mayBegin: Bool {
        running.count < max(1, configuration.batchConcurrency)
            && heldBytes <= configuration.heldBytesMax && stream.isWritable
    }

    private func finish(_ index: Int, _ outcome: CollectedText.Outcome) {
        running[index] = nil
        guard !isOver else { return }
        let entry = Self.entry(index, outcome)
        if isLines {
            writtenCount += 1
            stream.writeChunk { buffer in
                buffer.writeImmutableBuffer(entry)
                buffer.writeStaticString("\n")
            }
        } else {
            held[index] = entry
            heldBytes += entry.readableBytes
            writeTurns()
        }
        fill()
    }

    /// Writes all whose turn has come.
    private func writeTurns() {
        while let entry = held.removeValue(forKey: nextToWrite) {
            heldBytes -= entry.readableBytes
            stream.writeChunk { buffer in
                if nextToWrite > 0 { buffer.writeStaticString(",") }
                buffer.writeImmutableBuffer(entry)
            }
            nextToWrite += 1
            writtenCount += 1
        }
    }

    private static func entry(_ index: Int, _ outcome: CollectedText.Outcome) -> ByteBuffer {
        var buffer = ByteBuffer()
        buffer.writeStaticString(#"{"index":"#)
        buffer.writeJSONInteger(index)
        switch outcome {
        case .success(let text):
            buffer.writeStaticString(#","result":"#)
            buffer.writeJSONString(text.readableBytesUInt8Span)
        case .failure(let error):
            buffer.writeStaticString(#","error":"#)
            buffer.writeJSONString(error.refusal.error.message)
            buffer.writeStaticString(#","status":"#)
            buffer.writeJSONInteger(error.refusal.error.status)
        }
        buffer.writeStaticString("}")
        return buffer
    }
}
