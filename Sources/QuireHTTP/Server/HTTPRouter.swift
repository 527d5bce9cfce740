import NIOCore

/// Finds what serves a path: literal routes, and routes that end in a parameter.
///
/// A value made at start, then only read, from any loop. A look-up compares the path with each
/// route, lengths first, and allocates nothing unless there is a parameter or a percent sign.
package struct HTTPRouter<Endpoint: Sendable>: Sendable {
    /// What a request's path and method lead to.
    package enum Match {
        case found(Endpoint)
        case notFound
        /// The path exists, with the methods that stand in `allow`, as the Allow field wants them.
        case methodNotAllowed(allow: String)
    }

    private struct Route: Sendable {
        /// The whole path, or what comes before the parameter.
        let path: [UInt8]
        let hasParameter: Bool
        var endpoints: [(method: HTTPMethod, endpoint: Endpoint)]
    }

    private var routes: [Route] = []

    /// Creates a router without routes.
    package init() {}

    /// Adds a route; GET serves HEAD too, for which the stream drops the body.
    ///
    /// A path that ends in `/{name}` takes everything after that slash, further slashes included,
    /// as the parameter. Literal routes are preferred to those with a parameter.
    package mutating func add(_ method: HTTPMethod, _ path: String, _ endpoint: Endpoint) {
        var bytes = Array(path.utf8)
        let hasParameter = bytes.last == UInt8(ascii: "}")
        if hasParameter, let brace = bytes.lastIndex(of: UInt8(ascii: "{")) {
            bytes.removeSubrange(brace...)
        }
        let isSame: (Route) -> Bool = { $0.path == bytes && $0.hasParameter == hasParameter }
        if let index = routes.firstIndex(where: isSame) {
            routes[index].endpoints.append((method, endpoint))
        } else {
            let route = Route(
                path: bytes,
                hasParameter: hasParameter,
                endpoints: [(method, endpoint)]
            )
            let literals = routes.prefix { !$0.hasParameter }.count
            routes.insert(route, at: hasParameter ? routes.count : literals)
        }
    }

    /// Finds the route of a request and notes its parameter in it.
    package func match(_ request: inout HTTPRequest) -> Match {
        guard let found = find(request.head) else { return .notFound }
        guard let endpoint = endpoint(of: found.route, for: request.method) else {
            let methods = routes[found.route].endpoints.map(\.method)
            return .methodNotAllowed(allow: Self.allow(methods))
        }
        request.pathParameter = found.parameter
        return .found(endpoint)
    }

    /// What would serve the request with that head, if anything.
    package func endpoint(for head: HTTPRequestHead) -> Endpoint? {
        find(head).flatMap { endpoint(of: $0.route, for: head.method) }
    }

    private func endpoint(of route: Int, for method: HTTPMethod) -> Endpoint? {
        let endpoints = routes[route].endpoints
        if let exact = endpoints.first(where: { $0.method == method }) { return exact.endpoint }
        guard method == .head else { return nil }
        return endpoints.first { $0.method == .get }?.endpoint
    }

    private func find(_ head: HTTPRequestHead) -> (route: Int, parameter: String?)? {
        head.withPath { path in
            // Clients may encode any byte, also one that needs no encoding.
            guard let decoded = Self.percentDecoded(path) else { return find(path) }
            return find(decoded.span)
        }
    }

    private func find(_ path: Span<UInt8>) -> (route: Int, parameter: String?)? {
        for index in routes.indices {
            let route = routes[index]
            let start = route.path.count
            if !route.hasParameter {
                if path.equals(route.path.span) { return (index, nil) }
            } else if path.count > start, path.extracting(0..<start).equals(route.path.span) {
                return (index, path.extracting(start..<path.count).makeString())
            }
        }
        return nil
    }

    /// The bytes with each percent escape replaced, or nil if there is no percent sign.
    ///
    /// A percent sign that begins no escape stays as it is.
    private static func percentDecoded(_ bytes: Span<UInt8>) -> [UInt8]? {
        guard bytes.indices.contains(where: { bytes[$0] == UInt8(ascii: "%") }) else { return nil }
        var result: [UInt8] = []
        result.reserveCapacity(bytes.count)
        var index = 0
        while index < bytes.count {
            if bytes[index] == UInt8(ascii: "%"), index + 2 < bytes.count,
                let high = ByteClass.hexValue(bytes[index + 1]),
                let low = ByteClass.hexValue(bytes[index + 2])
            {
                result.append(high << 4 | low)
                index += 3
            } else {
                result.append(bytes[index])
                index += 1
            }
        }
        return result
    }

    private static func allow(_ methods: [HTTPMethod]) -> String {
        var names: [String] = []
        for method in HTTPMethod.allCases {
            let isServed =
                methods.contains(method) || (method == .head && methods.contains(.get))
            if isServed { names.append(method.name.description) }
        }
        return names.joined(separator: ", ")
    }
}
