import Glibc
import NIOCore

/// Which of the listeners that share a port the kernel gives a new connection to.
enum PortSharing {
    /// Sends new connections to the second listener of the port, which is the newer one of two.
    ///
    /// A classic BPF program of one instruction, `return 1`, picks by index for the whole group. An
    /// index that nobody has is passed over by the kernel: a listener alone goes on accepting, and
    /// so does the newer one after the older has closed. With more than two the choice is only
    /// uneven. Where the kernel knows no such program, both listeners go on sharing.
    static func preferNewest(of channel: any Channel) {
        channel.eventLoop.execute {
            guard let socket = channel as? any SocketOptionProvider else { return }
            var instruction = Instruction(code: 0x06, onTrue: 0, onFalse: 0, value: 1)
            unsafe withUnsafePointer(to: &instruction) { pointer in
                let program = Program(count: 1, address: UInt(bitPattern: pointer))
                // On the channel's loop it is set before the call returns, while the pointer holds.
                socket.unsafeSetSocketOption(
                    level: .socket,
                    name: NIOBSDSocket.Option(rawValue: SO_ATTACH_REUSEPORT_CBPF),
                    value: program
                ).whenFailure { _ in }
            }
        }
    }

    /// `struct sock_filter`.
    private struct Instruction {
        /// 0x06 is `BPF_RET | BPF_K`: return the value.
        var code: UInt16
        var onTrue: UInt8
        var onFalse: UInt8
        var value: UInt32
    }

    /// `struct sock_fprog`.
    private struct Program: Sendable {
        var count: UInt16
        var address: UInt
    }
}
