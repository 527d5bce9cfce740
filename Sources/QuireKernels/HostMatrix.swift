/// A row-major matrix in the host's memory, as a checkpoint stores it.
///
/// It has `rows` outputs by `columns` inputs; a vector has one row.
///
/// It borrows the bytes; `owner` (the file mapping, or an array's box) keeps them alive.
@safe package struct HostMatrix: @unchecked Sendable {
    // Safe: the bytes are never written after the owner made them.
    package let bytes: UnsafeRawBufferPointer
    package let type: ElementType
    package let rows: Int
    package let columns: Int
    package let owner: AnyObject

    /// Requires that `bytes` holds exactly `rows × columns` elements.
    package init(
        bytes: UnsafeRawBufferPointer,
        type: ElementType,
        rows: Int,
        columns: Int,
        owner: AnyObject
    ) {
        precondition(bytes.count == rows * columns * type.byteCount, "matrix size")
        unsafe self.bytes = bytes
        self.type = type
        self.rows = rows
        self.columns = columns
        self.owner = owner
    }
}
