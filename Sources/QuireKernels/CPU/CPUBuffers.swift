/// Activations, row-major f32 without gaps.
package final class CPUBuffer {
    let rows: Int
    let columns: Int
    let memory: HostMemory

    init(rows: Int, columns: Int) {
        precondition(rows >= 0 && columns >= 0, "buffer size")
        self.rows = rows
        self.columns = columns
        memory = HostMemory(byteCount: rows * columns * MemoryLayout<Float>.size)
    }

    var floats: UnsafeMutablePointer<Float> { unsafe memory.floats }
}

/// A linear weight in panels, as the kernels read it; the pairs of a gated MLP alternate.
package final class CPUWeight {
    let outputs: Int
    let columns: Int
    let panelCount: Int
    let type: ElementType
    let bias: CPUBuffer?
    let memory: HostMemory

    init(outputs: Int, columns: Int, panelCount: Int, type: ElementType, bias: CPUBuffer?) {
        precondition(type == .f32 || type == .bf16, "weights are kept as F32 or BF16")
        self.outputs = outputs
        self.columns = columns
        self.panelCount = panelCount
        self.type = type
        self.bias = bias
        memory = HostMemory(byteCount: panelCount * columns * CPUBackend.panel * type.byteCount)
    }

    var panelBytes: Int { columns * CPUBackend.panel * type.byteCount }
}

/// A token embedding, read where the checkpoint is mapped: a step touches only its tokens' rows.
package final class CPUEmbedding {
    let source: HostMatrix

    init(_ source: HostMatrix) { self.source = source }
}

/// Keys and values of all layers, in blocks; the layout of a block in one layer is that of
/// `quire_cache`.
///
/// A block's layers lie side by side, so that the first tokens of a process touch few pages.
package final class CPUCache {
    let layerCount: Int
    let blockCount: Int
    let blockSize: Int
    /// `blockSize` rounded up to whole tiles of keys.
    let paddedBlock: Int
    let keyValueHeads: Int
    let headDimension: Int
    let keys: HostMemory
    let values: HostMemory

    init(
        layerCount: Int,
        blockCount: Int,
        blockSize: Int,
        keyValueHeads: Int,
        headDimension: Int
    ) {
        precondition(headDimension > 0 && headDimension % 8 == 0, "a head is whole vectors of 8")
        precondition(blockSize > 0 && blockCount > 0, "cache size")
        self.layerCount = layerCount
        self.blockCount = blockCount
        self.blockSize = blockSize
        self.keyValueHeads = keyValueHeads
        self.headDimension = headDimension
        paddedBlock = (blockSize + CPUBackend.tile - 1) / CPUBackend.tile * CPUBackend.tile
        let elements = layerCount * blockCount * paddedBlock * keyValueHeads * headDimension
        keys = HostMemory(byteCount: elements * MemoryLayout<Float>.size)
        values = HostMemory(byteCount: elements * MemoryLayout<Float>.size)
    }

    /// Elements of a block's keys in one layer, and of its values.
    var blockElements: Int { paddedBlock * keyValueHeads * headDimension }
}
