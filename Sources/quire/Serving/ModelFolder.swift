import Glibc
import QuireCheckpoint
import QuireJSON

/// The small files of a model folder, each of which may be absent.
enum ModelFolder {
    /// The file's bytes; `nil` if there is none.
    static func content(
        _ folder: String,
        _ name: String,
        atMost byteCount: Int = MappedFile.smallFileBytes
    ) throws(CheckpointError) -> [UInt8]? {
        try content(path: folder + "/" + name, atMost: byteCount)
    }

    /// The file's bytes; `nil` if there is none.
    static func content(
        path: String,
        atMost byteCount: Int = MappedFile.smallFileBytes
    ) throws(CheckpointError) -> [UInt8]? {
        guard unsafe access(path, F_OK) == 0 else { return nil }
        return try MappedFile(path: path).copyContent(atMost: byteCount)
    }

    /// The file as JSON; `nil` if there is none.
    static func json(_ folder: String, _ name: String) throws -> JSON? {
        guard let content = try content(folder, name) else { return nil }
        do throws(JSONError) {
            return try JSON(parsing: content)
        } catch {
            throw StartError("\(folder)/\(name): \(error)")
        }
    }
}
