package import NIOCore
import QuireJSON

/// What a streamed answer's bytes become on their way to the client: framed, read, and changed
/// only where they must be.
///
/// The usage chunk that the gateway asked for on its own goes; a continuation's chunks are made to
/// match (see ``Continuation``); everything else is passed on untouched, and events that lie side by
/// side leave as one slice of what came, without a copy. Where a dropped event's last CRLF is cut
/// apart, its LF stays, as one blank line more. A value on the exchange's event loop; a chunk of 250
/// bytes costs under 1 µs.
package struct StreamRelay: Sendable {
    /// What the stream said so far.
    package private(set) var answer: AnswerReader
    private var framing: EventFraming
    private let wantsUsage: Bool
    private var continuation: Continuation?
    /// Whether a continuation did not repeat what it had to; the bytes after that are dropped.
    package private(set) var hasDiverged = false

    /// - Parameters:
    ///   - wantsUsage: Whether the client asked for the usage chunk itself.
    ///   - keepsText: Whether the text is kept for a resume.
    ///   - eventBytesMax: See ``EventFraming``; beyond it the rest passes unread.
    package init(
        wantsUsage: Bool,
        keepsText: Bool,
        eventBytesMax: Int = EventFraming.eventBytesMaxDefault
    ) {
        self.answer = AnswerReader(keepsText: keepsText)
        self.framing = EventFraming(eventBytesMax: eventBytesMax)
        self.wantsUsage = wantsUsage
    }

    /// Takes bytes of the upstream's body; returns what goes on now, which may be nothing.
    package mutating func receive(_ bytes: ByteBuffer) -> ByteBuffer {
        framing.append(bytes)
        var output = Output()
        while let place = framing.findEvent() {
            switch judge(place) {
            case .keep: output.keptBytes += place.count
            case .drop, .diverged:
                output.flush(&framing)
                _ = framing.take(place.count)
            case .edit(let edits):
                output.flush(&framing)
                let event = framing.take(place.count)
                output.write(edits.shifted(by: place.dataStart).applied(to: event))
            }
        }
        output.flush(&framing)
        if framing.isRaw {
            _ = answer.readUnreadable()
            output.write(framing.takeRest())
        }
        return output.bytes
    }

    /// The upstream's body ended regularly: what is left of it.
    package mutating func finish() -> ByteBuffer { framing.takeRest() }

    /// The upstream was cut, and what comes next is the plan's continuation.
    ///
    /// Half an event is dropped: the client has nothing of it.
    package mutating func beginContinuation(_ continuation: Continuation) {
        framing = framing.restarted()
        if continuation.repeatsLastWord { answer.expectLastWordAgain() }
        self.continuation = continuation
        hasDiverged = false
    }

    private mutating func judge(_ place: EventPlace) -> Continuation.Verdict {
        guard place.dataLineCount > 0 else { return .keep }
        let pending = framing.pending
        let bytes = pending.readableBytesUInt8Span
        guard place.dataLineCount == 1 else {
            // Nobody sends chunks in several lines; they are read, but not rewritten.
            let event = bytes.extracting(place.start..<(place.start + place.count))
            let data = place.joinedData(of: event)
            let chunk = answer.read(data: data.span)
            return verdict(of: chunk)
        }
        let start = place.start + place.dataStart
        return judge(bytes.extracting(start..<(start + place.dataCount)))
    }

    private mutating func judge(_ data: Span<UInt8>) -> Continuation.Verdict {
        guard continuation != nil else {
            // Read first: within the call's arguments, `self` is held twice and the text is copied.
            let chunk = answer.read(data: data)
            return verdict(of: chunk)
        }
        if AnswerReader.isDone(data) {
            _ = answer.readDone()
            return .keep
        }
        var cursor = JSONCursor(data)
        do throws(JSONError) {
            var scan = try ChunkScan(&cursor)
            guard !hasDiverged else { return .drop }
            let rewritten = continuation?.rewrite(&scan, cursor) ?? .keep
            if case .diverged = rewritten {
                hasDiverged = true
                return .drop
            }
            let chunk = answer.read(scan, cursor, data)
            if case .drop = verdict(of: chunk) { return .drop }
            return rewritten
        } catch {
            _ = answer.readUnreadable()
            return .keep
        }
    }

    private func verdict(of chunk: AnswerReader.Chunk) -> Continuation.Verdict {
        chunk == .usageOnly && !wantsUsage ? .drop : .keep
    }
}

/// The bytes that go on: one slice where nothing had to change.
private struct Output {
    private(set) var bytes = ByteBuffer()
    /// Bytes of found events that were not taken yet.
    var keptBytes = 0

    mutating func flush(_ framing: inout EventFraming) {
        guard keptBytes > 0 else { return }
        write(framing.take(keptBytes))
        keptBytes = 0
    }

    mutating func write(_ piece: ByteBuffer) {
        if bytes.readableBytes == 0 {
            bytes = piece
        } else {
            bytes.writeImmutableBuffer(piece)
        }
    }
}
