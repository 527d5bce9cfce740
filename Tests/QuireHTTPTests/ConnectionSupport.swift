import NIOCore
import NIOEmbedded
import QuireHTTP

/// Notes what it was asked, for the test to answer by hand.
///
/// Confined to the thread of one test and its embedded loop, which is what makes it Sendable.
final class RequestLog: HTTPResponder, @unchecked Sendable {
    private(set) var requests: [HTTPRequest] = []
    private(set) var streams: [HTTPStream] = []
    /// Answers at once, where a test does not care to do it.
    var answer: ((HTTPRequest, HTTPStream) -> Void)?

    /// Whether a head is let in, where a test does not let in all.
    var admission: ((HTTPRequestHead) -> HTTPRefusal?)?

    var paths: [String] { requests.map(\.head.path) }

    func admit(_ head: HTTPRequestHead) -> HTTPRefusal? { admission?(head) }

    func respond(to request: HTTPRequest, on stream: HTTPStream) {
        requests.append(request)
        streams.append(stream)
        answer?(request, stream)
    }
}

/// A connection on a virtual clock, with the test in the place of the client and the socket.
final class VirtualConnection {
    let log = RequestLog()
    let channel: EmbeddedChannel
    let loop: HTTPLoop
    private let socket = SocketProbe()

    init(_ change: (inout HTTPServerConfiguration) -> Void = { _ in }) throws {
        var configuration = HTTPServerConfiguration()
        configuration.unixTime = { 784_111_777 }
        configuration.tick = .milliseconds(100)
        change(&configuration)
        let eventLoop = EmbeddedEventLoop()
        loop = HTTPLoop(eventLoop: eventLoop, configuration: configuration, responder: log)
        channel = EmbeddedChannel(loop: eventLoop)
        try channel.pipeline.syncOperations.addHandler(socket)
        try loop.serve(channel)
        try channel.connect(to: SocketAddress(unixDomainSocketPath: "/client")).wait()
    }

    /// The client sends bytes.
    func receive(_ text: String) throws {
        try channel.writeInbound(ByteBuffer(string: text))
    }

    /// The client is gone.
    func disconnect() { channel.close(promise: nil) }

    /// What was sent since the last call, one element per write.
    func takeWrites() throws -> [String] {
        var writes: [String] = []
        while let bytes = try channel.readOutbound(as: ByteBuffer.self) {
            writes.append(String(buffer: bytes))
        }
        return writes
    }

    /// What was sent since the last call.
    func take() throws -> String { try takeWrites().joined() }

    func advance(_ time: TimeAmount) { channel.embeddedEventLoop.advanceTime(by: time) }

    func setWritable(_ isWritable: Bool) {
        channel.isWritable = isWritable
        channel.pipeline.fireChannelWritabilityChanged()
    }

    var isOpen: Bool { channel.isActive }
    var readCount: Int { socket.readCount }
    /// Whether the server has said that it will send no more.
    var isOutputClosed: Bool { socket.isOutputClosed }
}

/// Stands where the socket is: counts reads, and closes the output as a socket does.
private final class SocketProbe: ChannelOutboundHandler {
    typealias OutboundIn = ByteBuffer

    private(set) var readCount = 0
    private(set) var isOutputClosed = false

    func read(context: ChannelHandlerContext) {
        readCount += 1
        context.read()
    }

    func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
        guard mode == .output else { return context.close(mode: mode, promise: promise) }
        isOutputClosed = true
        promise?.succeed()
        context.fireUserInboundEventTriggered(ChannelEvent.outputClosed)
    }
}
