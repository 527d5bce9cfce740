import ArgumentParser
import Glibc
import QuireClient
import QuireHTTP

/// Where a server is and how it is asked; flags that several commands share.
struct ServerFlags: ParsableArguments {
    @Option(help: "The model's name (default: the first that the server lists).")
    var model: String?

    @Option(help: ArgumentHelp("Path of the endpoint.", valueName: "path"))
    var endpoint: String?

    @Option(help: "The key to bring (default: OPENAI_API_KEY, if it is set).")
    var apiKey: String?

    @Option(
        parsing: .upToNextOption,
        help: ArgumentHelp("Header fields of each request.", valueName: "key=value")
    )
    var header: [String] = []

    func validate() throws { _ = try pairs(header, "--header") }

    /// The header fields, the key first.
    func headers() throws -> [(name: String, value: String)] {
        var fields: [(name: String, value: String)] = []
        var key = apiKey
        if key == nil, let value = unsafe getenv("OPENAI_API_KEY") {
            key = unsafe String(cString: value)
        }
        if let key { fields.append((name: "authorization", value: "Bearer \(key)")) }
        return fields + (try pairs(header, "--header")).map { (name: $0.key, value: $0.value) }
    }
}

/// Splits `key=value` flags.
func pairs(_ texts: [String], _ flag: String) throws -> [(key: String, value: String)] {
    try texts.map { text in
        guard let sign = text.firstIndex(of: "="), sign != text.startIndex else {
            throw ValidationError("\(flag) \(text): expected KEY=VALUE")
        }
        return (key: String(text[..<sign]), value: String(text[text.index(after: sign)...]))
    }
}

/// Reads a base URL given as a flag, with the reason where it is none.
func serverAddress(_ text: String) throws -> ServerAddress {
    do throws(ClientError) {
        return try ServerAddress(parsing: text)
    } catch {
        throw ValidationError("\(error)")
    }
}
