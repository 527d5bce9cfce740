package import NIOCore

/// Finds where server-sent events end in a stream that may be cut anywhere, and changes no byte.
///
/// What is given out, joined, is what came in. An event is given out once its blank line is there,
/// so that what a client has is whole events only and a cut stream can go on behind them; comment
/// lines before an event go out at once, because they are a server's sign of life. Lines end in LF,
/// CR or CRLF; a CR at the very end of what came counts as one, and its LF is the next event's first
/// byte. A byte order mark at the start is passed over.
///
/// An event that is still open at `eventBytesMax` ends the framing: from there on everything is
/// passed through as it comes (``Step/raw(_:)``) and nobody knows any more what was said.
///
/// A value without I/O, on the connection's event loop. About 0.4 ns a byte and one slice an event;
/// an event that comes in pieces is copied once.
package struct EventFraming: Sendable {
    package enum Step: Sendable, Hashable {
        case needMore
        case event(ServerEvent)
        /// Bytes past the bound, to be passed on unread.
        case raw(ByteBuffer)
    }

    /// Room for any chunk with logprobs; far below what would hurt with thousands of streams.
    package static let eventBytesMaxDefault = 1 << 20

    private var input = ByteBuffer()
    /// Whether `input` is this value's own, and not a slice of what a connection read.
    private var isOwned = false
    private let eventBytesMax: Int
    /// Whether the bound was passed.
    package private(set) var isRaw = false
    private var scanner = EventScanner()

    package init(eventBytesMax: Int = EventFraming.eventBytesMaxDefault) {
        self.eventBytesMax = eventBytesMax
    }

    /// Takes received bytes.
    package mutating func append(_ bytes: ByteBuffer) {
        guard input.readableBytes > 0 else {
            input = bytes
            isOwned = false
            return
        }
        if !isOwned {
            // The rest of what a connection read: its own buffer, so that the large one is let go.
            var own = ByteBuffer()
            own.reserveCapacity(input.readableBytes + bytes.readableBytes)
            own.writeImmutableBuffer(input)
            input = own
            isOwned = true
        } else if input.readerIndex > input.capacity / 2 {
            input.discardReadBytes()
        }
        input.writeImmutableBuffer(bytes)
    }

    /// The next whole event, if it is there.
    package mutating func next() -> Step {
        if isRaw {
            guard input.readableBytes > 0 else { return .needMore }
            return .raw(takeRest())
        }
        guard let place = findEvent() else { return isRaw ? next() : .needMore }
        return .event(ServerEvent(bytes: take(place.count), place: place))
    }

    /// Ends the stream and returns the bytes of an event that was not completed, if any; to be
    /// passed on where the end is regular, to be dropped where the stream was cut.
    package mutating func takeRest() -> ByteBuffer {
        let rest = input
        input = ByteBuffer()
        scanner.forget()
        return rest
    }

    /// A framing with the same bound for another stream's bytes.
    func restarted() -> EventFraming { EventFraming(eventBytesMax: eventBytesMax) }

    // MARK: Steps for who passes on several events at once

    /// Finds the next whole event and leaves its bytes where they are.
    mutating func findEvent() -> EventPlace? {
        guard !isRaw else { return nil }
        if let found = scanner.findEvent(in: input) { return found }
        if input.readableBytes - scanner.eventStart > eventBytesMax { isRaw = true }
        return nil
    }

    /// The bytes that were not taken.
    var pending: ByteBuffer { input }

    /// Takes the first bytes, which belong to events that were found.
    mutating func take(_ count: Int) -> ByteBuffer {
        scanner.take(count)
        return input.readSlice(length: count) ?? ByteBuffer()
    }
}
