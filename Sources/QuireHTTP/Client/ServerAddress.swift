/// Where an OpenAI-compatible server is: the parts of its base URL.
///
/// `http://host:port`, `host:port` and the same with `/v1` at the end (what OpenAI's clients call
/// the base URL) all name the same server.
package struct ServerAddress: Sendable, Hashable, CustomStringConvertible {
    package let host: String
    package let port: Int
    /// What stands before `/v1/…`: empty, or begins with a slash and ends without one.
    package let prefix: String

    package init(host: String, port: Int, prefix: String = "") {
        self.host = host
        self.port = port
        self.prefix = prefix
    }

    /// Reads a base URL.
    package init(parsing url: String) throws(ClientError) {
        var rest = Substring(url)
        if rest.lowercased().hasPrefix("https://") {
            throw .invalidAddress(url, "only http is spoken; give an http:// URL")
        }
        if rest.lowercased().hasPrefix("http://") { rest = rest.dropFirst(7) }
        let authority = rest.prefix { $0 != "/" && $0 != "?" && $0 != "#" }
        var path = rest[authority.endIndex...]
        guard !path.contains(where: { $0 == "?" || $0 == "#" || $0.isWhitespace }) else {
            throw .invalidAddress(url, "a base URL has no query and no blanks")
        }
        while path.hasSuffix("/") { path = path.dropLast() }
        if path == "/v1" || path.hasSuffix("/v1") { path = path.dropLast(3) }
        (host, port) = try Self.split(authority, url)
        prefix = String(path)
    }

    private static func split(
        _ authority: Substring,
        _ url: String
    ) throws(ClientError) -> (String, Int) {
        var host = authority
        var portText = Substring("80")
        if authority.hasPrefix("[") {
            guard let end = authority.firstIndex(of: "]") else {
                throw .invalidAddress(url, "the bracket of an IPv6 address is not closed")
            }
            host = authority[authority.index(after: authority.startIndex)..<end]
            let after = authority[authority.index(after: end)...]
            if !after.isEmpty {
                guard after.hasPrefix(":") else { throw .invalidAddress(url, "expected host:port") }
                portText = after.dropFirst()
            }
        } else if let colon = authority.firstIndex(of: ":") {
            host = authority[..<colon]
            portText = authority[authority.index(after: colon)...]
        }
        let isPlain = host.unicodeScalars.allSatisfy { $0.value > 0x20 && $0.value < 0x7F }
        guard !host.isEmpty, isPlain, !host.contains("@") else {
            throw .invalidAddress(url, "expected http://host:port")
        }
        guard let port = Int(portText), (1...65535).contains(port) else {
            throw .invalidAddress(url, "the port must be in 1...65535")
        }
        return (String(host), port)
    }

    /// Host and port as the Host field and a URL write them.
    package var authority: String {
        let name = host.contains(":") ? "[\(host)]" : host
        return port == 80 ? name : "\(name):\(port)"
    }

    package var description: String { "http://\(authority)\(prefix)" }
}
