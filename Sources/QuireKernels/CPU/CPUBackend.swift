import CQuireKernels

/// The processor as a device: the oracle of every other backend, and fast.
///
/// Confined to the engine thread; calls return when they are done. Work is shared out over a
/// ``WorkerPool``. Within one ``KernelSet`` a row's result is the same bits whatever the thread
/// count, the other rows of the batch, the cut of the prompt into steps and the blocks used.
///
/// Activations, keys and values are f32. Weights are kept as f32 or bf16 and widened in registers;
/// an f16 source kept as bf16 loses three bits of precision, as f32 none.
@safe package final class CPUBackend: Backend {
    package typealias Buffer = CPUBuffer
    package typealias Weight = CPUWeight
    package typealias Embedding = CPUEmbedding
    package typealias Cache = CPUCache

    let kernels: UnsafePointer<quire_kernels>
    let pool: WorkerPool
    var batch: StepBatch
    /// What the batch's slots and block ids lie below.
    var slotBound = 0
    var blockBound = 0
    /// The batch's rows in groups that share the loads of keys and values; kept for its capacity.
    var groups: [quire_query_rows] = []

    /// A backend that computes on `threadCount` threads, the caller's among them.
    package init(threadCount: Int, kernels set: KernelSet = .best) {
        guard let table = unsafe set.table else {
            preconditionFailure("this machine cannot run the \(set.rawValue) kernels")
        }
        unsafe kernels = table
        pool = WorkerPool(threadCount: threadCount)
        batch = StepBatch(
            blockSize: 1,
            maxRows: 1,
            maxSequences: 1,
            maxBlocks: 1,
            maxLogitsRows: 1
        )
        pool.reserveScratch(CPUBackend.matmulScratchBytes)
    }

    package var threadCount: Int { pool.threadCount }

    static let panel = QUIRE_PANEL
    static let tile = QUIRE_TILE
    private static let matmulScratchBytes =
        QUIRE_ITEM_PANELS * QUIRE_ROW_BLOCK * QUIRE_PANEL
        * MemoryLayout<Float>.size

    // MARK: Made at start

    package func makeBuffer(rows: Int, columns: Int) -> CPUBuffer {
        CPUBuffer(rows: rows, columns: columns)
    }

    package func makeVector(_ source: HostMatrix) -> CPUBuffer {
        let buffer = CPUBuffer(rows: source.rows, columns: source.columns)
        for (index, value) in source.floats.enumerated() {
            unsafe buffer.floats[index] = value
        }
        return buffer
    }

    package func makeWeight(
        _ parts: [HostMatrix],
        as type: ElementType,
        bias: [Float]?
    ) -> CPUWeight {
        guard let columns = parts.first?.columns, parts.allSatisfy({ $0.columns == columns })
        else { preconditionFailure("parts of one weight have one column count") }
        let outputs = parts.reduce(0) { $0 + $1.rows }
        precondition(bias == nil || bias?.count == outputs, "one bias per output")
        return pack(
            parts,
            isGateUp: false,
            into: CPUWeight(
                outputs: outputs,
                columns: columns,
                panelCount: (outputs + Self.panel - 1) / Self.panel,
                type: type,
                bias: bias.map { makeVector(HostMatrix(floats: $0)) }
            )
        )
    }

    package func makeGateUp(gate: HostMatrix, up: HostMatrix, as type: ElementType) -> CPUWeight {
        precondition(gate.rows == up.rows && gate.columns == up.columns, "gate and up are alike")
        return pack(
            [gate, up],
            isGateUp: true,
            into: CPUWeight(
                outputs: gate.rows,
                columns: gate.columns,
                panelCount: (gate.rows + Self.panel - 1) / Self.panel * 2,
                type: type,
                bias: nil
            )
        )
    }

    private func pack(_ parts: [HostMatrix], isGateUp: Bool, into weight: CPUWeight) -> CPUWeight {
        let sources = unsafe parts.map { part in
            unsafe quire_source(
                elements: part.bytes.baseAddress,
                rows: Int64(part.rows),
                type: part.type.kernelType
            )
        }
        unsafe sources.withUnsafeBufferPointer { sources in
            let panelsPerItem = 8
            var arguments = unsafe quire_pack(
                sources: sources.baseAddress,
                source_count: Int64(sources.count),
                columns: Int64(weight.columns),
                outputs: Int64(weight.outputs),
                interleaved: isGateUp,
                type: weight.type.kernelType,
                panels: weight.memory.start,
                panels_per_item: Int64(panelsPerItem)
            )
            unsafe run(
                kernels.pointee.pack,
                &arguments,
                itemCount: (weight.panelCount + panelsPerItem - 1) / panelsPerItem
            )
        }
        return weight
    }

    package func makeEmbedding(_ source: HostMatrix) -> CPUEmbedding { CPUEmbedding(source) }

    package func makeCache(
        layerCount: Int,
        blockCount: Int,
        blockSize: Int,
        keyValueHeads: Int,
        headDimension: Int
    ) -> CPUCache {
        CPUCache(
            layerCount: layerCount,
            blockCount: blockCount,
            blockSize: blockSize,
            keyValueHeads: keyValueHeads,
            headDimension: headDimension
        )
    }

    package func withHostRows<R>(
        of buffer: CPUBuffer,
        rows: Int,
        _ body: (UnsafeMutableBufferPointer<Float>) -> R
    ) -> R {
        precondition(rows >= 0 && rows <= buffer.rows, "rows of the buffer")
        return unsafe body(
            UnsafeMutableBufferPointer(start: buffer.floats, count: rows * buffer.columns)
        )
    }

    /// Runs a kernel over its items; `arguments` outlive the call.
    func run(_ task: WorkerPool.Task?, _ arguments: UnsafeRawPointer, itemCount: Int) {
        guard let task = unsafe task else { preconditionFailure("a kernel set lacks a kernel") }
        unsafe pool.run(task, arguments, itemCount: itemCount)
    }
}

extension ElementType {
    /// The kernels' number for it.
    ///
    /// Requires a floating type of at most four bytes.
    var kernelType: Int32 {
        switch self {
        case .f32: Int32(QUIRE_F32)
        case .bf16: Int32(QUIRE_BF16)
        case .f16: Int32(QUIRE_F16)
        case .f64, .i64, .i32, .i16, .i8, .u8, .bool:
            preconditionFailure("no kernel computes with \(rawValue)")
        }
    }
}
