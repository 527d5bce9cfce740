import CQuireKernels

/// What this machine can do at most, measured: the two rates that bound a model's speed.
///
/// Reading a model's weights once per token at `readBytesPerSecond` bounds decoding at batch 1;
/// multiply-adds at `flopsPerSecond` bound prefill. Other figures are judged as ratios of these,
/// taken in the same run.
package struct MachineLimits: Sendable, Hashable {
    /// The rates of one count of threads.
    package struct Rates: Sendable, Hashable {
        package var threadCount: Int
        /// Memory read in order, from a buffer many times the caches.
        package var readBytesPerSecond: Double
        /// Single-precision multiply-adds on registers, each counted as two operations.
        package var flopsPerSecond: Double
    }

    package var rates: [Rates]

    /// Measures each count of threads; about half a second each, and 512 MiB for its duration.
    package static func measure(threadCounts: [Int]) -> MachineLimits {
        let memory = HostMemory(byteCount: readBytes)
        fill(memory)
        return MachineLimits(
            rates: threadCounts.map { count in
                let pool = WorkerPool(threadCount: count)
                return Rates(
                    threadCount: count,
                    readBytesPerSecond: readRate(memory, pool),
                    flopsPerSecond: flopRate(pool)
                )
            }
        )
    }

    private static let readBytes = 512 << 20
    private static let repetitions = 5

    /// Writes each page: an untouched one would be read from a cached page of zeros.
    private static func fill(_ memory: HostMemory) {
        for offset in stride(from: 0, to: memory.byteCount, by: 4096) {
            unsafe memory.start.storeBytes(
                of: UInt64(offset),
                toByteOffset: offset,
                as: UInt64.self
            )
        }
    }

    private static func readRate(_ memory: HostMemory, _ pool: WorkerPool) -> Double {
        let itemBytes = 1 << 20
        var arguments = unsafe quire_read(
            from: UnsafeRawPointer(memory.start),
            bytes: Int64(memory.byteCount),
            bytes_per_item: Int64(itemBytes)
        )
        let time = fastest {
            unsafe run(\.read, &arguments, pool, itemCount: memory.byteCount / itemBytes)
        }
        return Double(memory.byteCount) / time
    }

    private static func flopRate(_ pool: WorkerPool) -> Double {
        let items = 32
        let steps = 50_000 * pool.threadCount
        var arguments = quire_fma(steps: Int64(steps))
        let time = fastest { unsafe run(\.fma, &arguments, pool, itemCount: items) }
        return Double(items * steps * QUIRE_FMA_FLOPS) / time
    }

    private static func run(
        _ kernel: KeyPath<quire_kernels, WorkerPool.Task?>,
        _ arguments: UnsafeRawPointer,
        _ pool: WorkerPool,
        itemCount: Int
    ) {
        guard let task = unsafe KernelSet.best.table?.pointee[keyPath: kernel] else {
            preconditionFailure("a kernel set lacks a kernel")
        }
        unsafe pool.run(task, arguments, itemCount: itemCount)
    }

    /// Seconds of the fastest of several runs: what the machine can do, not what else it did.
    private static func fastest(_ body: () -> Void) -> Double {
        let clock = ContinuousClock()
        var best = Duration.seconds(3600)
        for _ in 0..<repetitions { best = min(best, clock.measure(body)) }
        return Double(best.components.seconds) + Double(best.components.attoseconds) * 1e-18
    }
}
