import Glibc
import NIOCore

/// Asks the system for a name's addresses.
package enum SystemResolver {
    /// Whether a host is an address already, and needs no look-up.
    package static func isAddress(_ host: String) -> Bool {
        // The error only says "not an address", which is the answer.
        (try? SocketAddress(ipAddress: host, port: 0)) != nil
    }

    /// The addresses of a name as text, or `nil` if it has none or cannot be looked up.
    ///
    /// Blocks for as long as the name servers take: never call it on an event loop. An instance
    /// that has addresses of both kinds is one instance, so IPv6 counts only where there is no
    /// IPv4.
    package static func addresses(of host: String) -> [String]? {
        var hints = unsafe addrinfo()
        unsafe hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        unsafe hints.ai_flags = AI_ADDRCONFIG
        var first: UnsafeMutablePointer<addrinfo>?
        guard unsafe getaddrinfo(host, nil, &hints, &first) == 0 else { return nil }
        defer { if let first = unsafe first { unsafe freeaddrinfo(first) } }
        var found: [Int32: [String]] = [:]
        var next = unsafe first
        while let info = unsafe next {
            let family = unsafe info.pointee.ai_family
            if family == AF_INET || family == AF_INET6, let text = unsafe text(info) {
                found[family, default: []].append(text)
            }
            unsafe next = info.pointee.ai_next
        }
        return found[AF_INET] ?? found[AF_INET6]
    }

    /// The address in numbers.
    private static func text(_ info: UnsafeMutablePointer<addrinfo>) -> String? {
        var name = [CChar](repeating: 0, count: Int(NI_MAXHOST))
        let code = unsafe getnameinfo(
            info.pointee.ai_addr,
            info.pointee.ai_addrlen,
            &name,
            socklen_t(name.count),
            nil,
            0,
            NI_NUMERICHOST
        )
        guard code == 0 else { return nil }
        let bytes = name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
        return String(decoding: bytes, as: UTF8.self)
    }
}
