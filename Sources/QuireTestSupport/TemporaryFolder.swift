import Glibc

/// A folder of its own for one test, removed with everything in it when the last reference goes.
package final class TemporaryFolder: Sendable {
    package let path: String

    package init() throws {
        var template = Array("/tmp/quire-test-XXXXXX\0".utf8CString)
        let made = unsafe template.withUnsafeMutableBufferPointer { buffer in
            unsafe buffer.baseAddress.flatMap { unsafe mkdtemp($0) } != nil
        }
        guard made else { throw Failure(path: "/tmp") }
        path = String(
            decoding: template.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) },
            as: UTF8.self
        )
    }

    deinit {
        // The path was made by mkdtemp: no character of it needs quoting.
        unsafe system("rm -rf \(path)")
    }

    /// Writes a file of the folder and returns its path.
    @discardableResult
    package func write(_ name: String, _ content: [UInt8]) throws -> String {
        let file = path + "/" + name
        guard let stream = unsafe fopen(file, "wb") else { throw Failure(path: file) }
        defer { unsafe fclose(stream) }
        let written = unsafe fwrite(content, 1, content.count, stream)
        guard written == content.count else { throw Failure(path: file) }
        return file
    }

    /// Writes a text file of the folder and returns its path.
    @discardableResult
    package func write(_ name: String, _ text: String) throws -> String {
        try write(name, Array(text.utf8))
    }

    package struct Failure: Error, CustomStringConvertible {
        let path: String
        package var description: String { "cannot write \(path)" }
    }
}
