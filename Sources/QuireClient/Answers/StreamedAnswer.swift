package import NIOCore
package import QuireHTTP
import QuireJSON

/// Follows one streamed answer from its head to its end: text, counts, and when pieces came.
///
/// A value without I/O or clock. Times are those at which bytes were received; pieces that came in
/// one read have the same.
package struct StreamedAnswer: Sendable {
    /// New text that a piece of the body brought.
    package struct Delta: Sendable {
        package var content = ""
        package var reasoning = ""
    }

    private let isChat: Bool
    private let start: NIODeadline
    private var events = EventStream()
    private var status = 0
    private var isEventStream = true
    /// The body, bounded, of an answer that is not a stream: an error, as a rule.
    private var wholeBody = ByteBuffer()
    private var isDone = false
    private var failure: ClientError?
    private(set) var finishReason: String?
    package private(set) var promptTokenCount: Int?
    private var completionTokenCount: Int?
    private var firstPiece: NIODeadline?
    private var lastPiece: NIODeadline?
    /// Between pieces, in seconds.
    package private(set) var interTokenLatencies: [Double] = []

    private static let wholeBodyBytesMax = 1 << 20

    /// An answer to a request that is sent at `start`.
    package init(isChat: Bool, start: NIODeadline) {
        self.isChat = isChat
        self.start = start
    }

    package mutating func receive(_ head: HTTPResponseHead) {
        status = head.status
        let type = head.fields.first("content-type")?.lowercased() ?? ""
        isEventStream = status == 200 && type.hasPrefix("text/event-stream")
    }

    /// Takes a piece of the body; throws when the answer cannot be used any more.
    package mutating func receive(
        _ body: ByteBuffer,
        at time: NIODeadline
    ) throws(ClientError) -> Delta {
        guard isEventStream else {
            let room = Self.wholeBodyBytesMax - wholeBody.readableBytes
            if let slice = body.getSlice(
                at: body.readerIndex,
                length: min(room, body.readableBytes)
            ) {
                wholeBody.writeImmutableBuffer(slice)
            }
            return Delta()
        }
        events.append(body)
        var delta = Delta()
        while let data = try events.next() { try take(data, at: time, into: &delta) }
        return delta
    }

    private mutating func take(
        _ data: ByteBuffer,
        at time: NIODeadline,
        into delta: inout Delta
    ) throws(ClientError) {
        if data.readableBytesView.elementsEqual("[DONE]".utf8) {
            isDone = true
            return
        }
        let event: AnswerEvent
        do throws(JSONError) {
            event = try AnswerEvent(parsing: data.readableBytesUInt8Span)
        } catch {
            throw .malformed("an event's data: \(error)")
        }
        if let message = event.error {
            failure = .refused(status: status, message: message)
        }
        promptTokenCount = event.promptTokenCount ?? promptTokenCount
        completionTokenCount = event.completionTokenCount ?? completionTokenCount
        finishReason = event.finishReason ?? finishReason
        if isPiece(event) { note(time) }
        delta.content += event.content
        delta.reasoning += event.reasoning
    }

    /// Whether an event stands for at least one token.
    ///
    /// The chat endpoint opens with a role and no text, and both may close with a reason and no
    /// text: those are no tokens. A completion without text may be a token that has none.
    private func isPiece(_ event: AnswerEvent) -> Bool {
        guard event.hasChoice else { return false }
        if !event.content.isEmpty || !event.reasoning.isEmpty || event.hasToolCalls { return true }
        return !isChat && (event.finishReason == nil || firstPiece == nil)
    }

    private mutating func note(_ time: NIODeadline) {
        if let lastPiece {
            interTokenLatencies.append((time - lastPiece).seconds)
        } else {
            firstPiece = time
        }
        lastPiece = time
    }

    /// The connection says that the body has ended: what the answer was.
    package func end(at time: NIODeadline) -> Result<Summary, ClientError> {
        if status != 200 {
            let body = Array(wholeBody.readableBytesView)
            let message = AnswerEvent.errorMessage(in: body) ?? String(buffer: wholeBody)
            return .failure(.refused(status: status, message: String(message.prefix(500))))
        }
        if let failure { return .failure(failure) }
        guard isEventStream else { return .failure(.malformed("it is not a stream of events")) }
        guard isDone || finishReason != nil else {
            let reason = "the stream ended without a finish reason"
            return .failure(.connectionLost(reason, inResponse: true))
        }
        let firstPiece = firstPiece ?? time
        return .success(
            Summary(
                timeToFirstToken: (firstPiece - start).seconds,
                latency: ((lastPiece ?? time) - start).seconds,
                promptTokenCount: promptTokenCount,
                // Without usage, pieces are the best count there is: most servers send one per token.
                outputTokenCount: completionTokenCount
                    ?? (lastPiece == nil ? 0 : interTokenLatencies.count + 1),
                finishReason: finishReason
            )
        )
    }

    /// The measures of an answer that came whole; times in seconds since the request was sent.
    package struct Summary: Sendable, Hashable {
        package var timeToFirstToken: Double
        /// To the last piece; what follows it (usage, `[DONE]`) is no part of the answer.
        package var latency: Double
        package var promptTokenCount: Int?
        package var outputTokenCount: Int
        package var finishReason: String?
    }
}

extension TimeAmount {
    /// In seconds.
    package var seconds: Double { Double(nanoseconds) * 1e-9 }
}
