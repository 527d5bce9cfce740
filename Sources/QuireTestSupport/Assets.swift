import Glibc
package import QuireJSON

/// Finds and reads the shared test assets: real models, tokenizers, templates and goldens.
///
/// The folder is named by `QUIRE_ASSETS`, else it is `../shared/assets` seen from the package's
/// root. A missing file throws, so that a test fails loudly instead of passing on nothing.
package enum Assets {
    /// An asset that a test needs and that is not there.
    package struct Missing: Error, CustomStringConvertible {
        package let path: String
        package var description: String {
            "test asset missing: \(path) (set QUIRE_ASSETS to the assets folder)"
        }
    }

    /// The assets folder.
    package static let root: String = {
        if let folder = unsafe getenv("QUIRE_ASSETS") { return unsafe String(cString: folder) }
        let parts = #filePath.split(separator: "/", omittingEmptySubsequences: false)
        return parts.dropLast(3).joined(separator: "/") + "/../shared/assets"
    }()

    /// The full path of an asset.
    package static func path(_ relative: String) -> String { root + "/" + relative }

    /// The bytes of an asset.
    ///
    /// If only `relative` + ".gz" exists, it is unpacked with `gzip -dc`.
    package static func bytes(_ relative: String) throws -> [UInt8] {
        let path = path(relative)
        if unsafe access(path, R_OK) == 0 {
            return try unsafe read(fopen(path, "rb"), closeWith: { unsafe fclose($0) }, path)
        }
        guard unsafe access(path + ".gz", R_OK) == 0 else { throw Missing(path: path) }
        let command = "gzip -dc '\(path).gz'"
        return try unsafe read(popen(command, "r"), closeWith: { unsafe pclose($0) }, path)
    }

    /// An asset parsed as JSON.
    package static func json(_ relative: String) throws -> JSON {
        try JSON(parsing: bytes(relative))
    }

    /// An asset as text.
    package static func text(_ relative: String) throws -> String {
        String(decoding: try bytes(relative), as: UTF8.self)
    }

    private static func read(
        _ file: UnsafeMutablePointer<FILE>?,
        closeWith close: (UnsafeMutablePointer<FILE>) -> Int32,
        _ path: String
    ) throws -> [UInt8] {
        guard let file = unsafe file else { throw Missing(path: path) }
        var content: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 1 << 20)
        while true {
            let count = unsafe fread(&chunk, 1, chunk.count, file)
            if count == 0 { break }
            content.append(contentsOf: chunk[..<count])
        }
        guard unsafe close(file) == 0 else { throw Missing(path: path) }
        return content
    }
}
