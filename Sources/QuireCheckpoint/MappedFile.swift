import Glibc

/// A regular file mapped read-only into memory; unmapped when the last reference goes.
///
/// Mapping costs no reading: pages come in as they are touched. A file that another process
/// truncates while it is mapped would fault; model files are not written in place.
@safe package final class MappedFile: @unchecked Sendable {
    // Safe: the mapping is read-only and lives as long as this object.
    package let bytes: UnsafeRawBufferPointer
    package let path: String

    /// Maps the file.
    ///
    /// Anything but a readable regular file is refused, without blocking.
    package init(path: String) throws(CheckpointError) {
        // O_NONBLOCK: opening a FIFO would wait for a writer.
        let descriptor = unsafe open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
        guard descriptor >= 0 else { throw CheckpointError(path, Self.reason(errno)) }
        defer { close(descriptor) }
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0 else {
            throw CheckpointError(path, Self.reason(errno))
        }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw CheckpointError(path, "not a regular file")
        }
        self.path = path
        let count = Int(status.st_size)
        guard count > 0 else {
            unsafe bytes = UnsafeRawBufferPointer(start: nil, count: 0)
            return
        }
        let address = unsafe mmap(nil, count, PROT_READ, MAP_PRIVATE, descriptor, 0)
        guard let address = unsafe address, unsafe address != MAP_FAILED else {
            throw CheckpointError(path, "cannot be mapped: \(Self.reason(errno))")
        }
        unsafe bytes = UnsafeRawBufferPointer(start: address, count: count)
    }

    deinit {
        if let address = unsafe bytes.baseAddress {
            unsafe munmap(UnsafeMutableRawPointer(mutating: address), bytes.count)
        }
    }

    /// Lets go of the pages read so far; reading again brings them back from the page cache.
    package func releasePages() {
        guard let address = unsafe bytes.baseAddress else { return }
        _ = unsafe madvise(
            UnsafeMutableRawPointer(mutating: address),
            bytes.count,
            Int32(MADV_DONTNEED)
        )
    }

    /// Copies the whole content; for small files (configuration, index).
    ///
    /// A sparse file costs its owner nothing and a copy everything, so there is a bound.
    package func copyContent(
        atMost byteCount: Int = MappedFile.smallFileBytes
    ) throws(CheckpointError) -> [UInt8] {
        guard unsafe bytes.count <= byteCount else {
            throw CheckpointError(
                path,
                "unreasonably large for what it is: \(unsafe bytes.count) bytes, at most \(byteCount)"
            )
        }
        return unsafe [UInt8](bytes)
    }

    /// What a configuration, an index or a template may have.
    package static let smallFileBytes = 64 << 20

    private static func reason(_ code: Int32) -> String { unsafe String(cString: strerror(code)) }
}
