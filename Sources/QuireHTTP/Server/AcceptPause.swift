import Glibc
import NIOCore

/// Lets a listener rest when the process has run out of file descriptors.
///
/// The waiting connection keeps the listening socket readable, so trying again at once would take a
/// whole core until some client leaves. Confined to the listener's event loop.
final class AcceptPause: ChannelInboundHandler {
    typealias InboundIn = any Channel

    private var isPaused = false
    private static let time = TimeAmount.milliseconds(100)

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard let error = error as? IOError, Self.isExhaustion(error.errnoCode) else {
            return context.fireErrorCaught(error)
        }
        guard !isPaused else { return }
        isPaused = true
        let channel = context.channel
        setReading(channel, false)
        context.eventLoop.assumeIsolated().scheduleTask(in: Self.time) {
            self.isPaused = false
            self.setReading(channel, true)
        }
    }

    /// A failed accept leaves the channel waiting for the next one; only this makes it stop.
    private func setReading(_ channel: any Channel, _ isReading: Bool) {
        // It fails for a closed listener only, which accepts no more anyway.
        channel.setOption(.autoRead, value: isReading).whenFailure { _ in }
    }

    private static func isExhaustion(_ code: CInt) -> Bool {
        code == EMFILE || code == ENFILE || code == ENOBUFS || code == ENOMEM
    }
}
