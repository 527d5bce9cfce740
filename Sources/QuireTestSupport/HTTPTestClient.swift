import Glibc

/// One raw connection to a server under test: sends exactly the bytes it is given.
///
/// Blocking, with a time limit on every call, so that a server that says nothing fails the test
/// instead of hanging it. Not Sendable: one test, one thread.
package final class HTTPTestClient {
    /// Why a call failed.
    package enum Failure: Error, Equatable {
        case cannotConnect(errno: Int32)
        case cannotSend(errno: Int32)
        /// The server sent nothing for the whole time limit.
        case timedOut
        /// The connection was reset.
        case reset(errno: Int32)
        /// The server closed the connection where more was expected.
        case closed
        /// What came is not HTTP; the text is the line that was read.
        case malformed(String)
    }

    private var descriptor: Int32
    /// Received bytes from `position` on are not yet taken.
    private var received: [UInt8] = []
    private var position = 0

    /// Connects to a port of this machine; no single read or write waits beyond the time limit.
    ///
    /// A small receive buffer makes a slow reader: the server's writes are stuck sooner.
    package init(port: Int, timeLimitSeconds: Int = 10, receiveBufferBytes: Int? = nil) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { throw Failure.cannotConnect(errno: errno) }
        if let receiveBufferBytes { setOption(SO_RCVBUF, Int32(receiveBufferBytes)) }
        setTimeLimit(timeLimitSeconds)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = in_addr_t(0x7f00_0001).bigEndian
        try connect(&address)
    }

    /// Connects to a Unix domain socket.
    package init(unixSocket path: String, timeLimitSeconds: Int = 10) throws {
        descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { throw Failure.cannotConnect(errno: errno) }
        setTimeLimit(timeLimitSeconds)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { field in
            unsafe field.copyBytes(from: path.utf8.prefix(field.count - 1))
        }
        try connect(&address)
    }

    deinit { close() }

    /// Closes the connection as an ordinary client does.
    package func close() {
        guard descriptor >= 0 else { return }
        _ = Glibc.close(descriptor)
        descriptor = -1
    }

    /// Closes the connection with a reset, as a killed client behind a proxy may.
    package func reset() {
        var linger = linger(l_onoff: 1, l_linger: 0)
        unsafe setsockopt(
            descriptor,
            SOL_SOCKET,
            SO_LINGER,
            &linger,
            socklen_t(MemoryLayout.size(ofValue: linger))
        )
        close()
    }

    /// Sends no more, but goes on reading.
    package func closeSending() { shutdown(descriptor, Int32(SHUT_WR)) }

    // MARK: - Sending

    /// Sends all of the bytes.
    package func send(_ bytes: [UInt8]) throws {
        var sent = 0
        while sent < bytes.count {
            let count = unsafe bytes.withUnsafeBytes { buffer in
                let rest = unsafe UnsafeRawBufferPointer(rebasing: buffer[sent...])
                return unsafe Glibc.send(
                    descriptor,
                    rest.baseAddress,
                    rest.count,
                    Int32(MSG_NOSIGNAL)
                )
            }
            guard count > 0 else { throw Failure.cannotSend(errno: errno) }
            sent += count
        }
    }

    /// Sends all of the text.
    package func send(_ text: String) throws { try send(Array(text.utf8)) }

    /// Sends a request with Host and, if there is a body, Content-Length.
    package func sendRequest(
        _ method: String,
        _ target: String,
        headers: [(String, String)] = [],
        body: [UInt8]? = nil
    ) throws {
        var head = "\(method) \(target) HTTP/1.1\r\nHost: localhost\r\n"
        for (name, value) in headers { head += "\(name): \(value)\r\n" }
        if let body { head += "Content-Length: \(body.count)\r\n" }
        try send(Array((head + "\r\n").utf8) + (body ?? []))
    }

    /// Sends a request and reads its whole response.
    package func request(
        _ method: String,
        _ target: String,
        headers: [(String, String)] = [],
        body: [UInt8]? = nil
    ) throws -> HTTPTestResponse {
        try sendRequest(method, target, headers: headers, body: body)
        return try readResponse(to: method)
    }

    // MARK: - Receiving

    /// Reads a response and its body, whichever way its end is marked.
    package func readResponse(to method: String = "GET") throws -> HTTPTestResponse {
        var response = try readHead()
        if method == "HEAD" || response.status < 200 || response.status == 204
            || response.status == 304
        {
            return response
        }
        if response["transfer-encoding"] == "chunked" {
            while let chunk = try readChunk() { response.body += chunk }
        } else if let length = response["content-length"].flatMap(Int.init) {
            response.body = try read(length)
        } else {
            response.body = try readToEnd()
        }
        return response
    }

    /// Reads a status line and header fields.
    package func readHead() throws -> HTTPTestResponse {
        let line = try readLine()
        let parts = line.split(separator: " ", maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count == 3, parts[0] == "HTTP/1.1", let status = Int(parts[1]) else {
            throw Failure.malformed(line)
        }
        var response = HTTPTestResponse(status: status, reason: String(parts[2]))
        while true {
            let line = try readLine()
            if line.isEmpty { return response }
            guard let colon = line.firstIndex(of: ":") else { throw Failure.malformed(line) }
            let value = line[line.index(after: colon)...].drop { $0 == " " }
            response.headers.append((line[..<colon].lowercased(), String(value)))
        }
    }

    /// Reads the next chunk of a chunked body; nil for the one that ends it.
    package func readChunk() throws -> [UInt8]? {
        let line = try readLine()
        guard let size = Int(line, radix: 16) else { throw Failure.malformed(line) }
        let bytes = try read(size)
        let end = try readLine()
        guard end.isEmpty else { throw Failure.malformed(end) }
        return size == 0 ? nil : bytes
    }

    /// Reads so many bytes.
    package func read(_ count: Int) throws -> [UInt8] {
        while received.count - position < count {
            guard try receive() else { throw Failure.closed }
        }
        defer { position += count }
        return Array(received[position..<position + count])
    }

    /// Reads until the server closes the connection.
    package func readToEnd() throws -> [UInt8] {
        while try receive() {}
        defer { position = received.count }
        return Array(received[position...])
    }

    /// Reads a line and drops its CR LF.
    package func readLine() throws -> String {
        var end = position
        while true {
            while end + 1 < received.count {
                if received[end] == 0x0d, received[end + 1] == 0x0a {
                    defer { position = end + 2 }
                    return String(decoding: received[position..<end], as: UTF8.self)
                }
                end += 1
            }
            let offset = end - position
            guard try receive() else { throw Failure.closed }
            end = position + offset
        }
    }

    /// Receives what there is, waiting for some; false when the server has closed.
    private func receive() throws -> Bool {
        if position > 1 << 20 {
            received.removeSubrange(..<position)
            position = 0
        }
        var chunk = [UInt8](repeating: 0, count: 64 << 10)
        let count = unsafe recv(descriptor, &chunk, chunk.count, 0)
        if count < 0 {
            if errno == EAGAIN || errno == EWOULDBLOCK { throw Failure.timedOut }
            throw Failure.reset(errno: errno)
        }
        received += chunk[..<count]
        return count > 0
    }

    // MARK: - Socket

    private func connect<Address>(_ address: inout Address) throws {
        let length = socklen_t(MemoryLayout<Address>.size)
        let result = unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe Glibc.connect(descriptor, $0, length)
            }
        }
        guard result == 0 else { throw Failure.cannotConnect(errno: errno) }
        if Address.self == sockaddr_in.self {
            var isOn: Int32 = 1
            unsafe setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &isOn, 4)
        }
    }

    private func setOption(_ option: Int32, _ value: Int32) {
        var value = value
        unsafe setsockopt(descriptor, SOL_SOCKET, option, &value, 4)
    }

    private func setTimeLimit(_ seconds: Int) {
        var limit = timeval(tv_sec: seconds, tv_usec: 0)
        let size = socklen_t(MemoryLayout<timeval>.size)
        unsafe setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, size)
        unsafe setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, size)
    }
}
