package import QuireJSON

/// A response as a test reads it.
package struct HTTPTestResponse: Sendable {
    package let status: Int
    package let reason: String
    /// Names in lower case, in the order they came.
    package var headers: [(name: String, value: String)] = []
    package var body: [UInt8] = []

    init(status: Int, reason: String) {
        self.status = status
        self.reason = reason
    }

    /// The value of the first field of that name, given in lower case.
    package subscript(name: String) -> String? {
        headers.first { $0.name == name }?.value
    }

    /// The body as text.
    package var text: String { String(decoding: body, as: UTF8.self) }

    /// The body as JSON.
    package func json() throws -> JSON { try JSON(parsing: body) }

    /// The data of each server-sent event of the body.
    package var events: [String] {
        text.split(separator: "\n").filter { $0.hasPrefix("data: ") }.map {
            String($0.dropFirst(6))
        }
    }
}
