import CAllocationCounter
import QuireEngine
import QuireTelemetry
import Testing

/// A sink that counts and keeps nothing.
private struct NullSink: OutputSink {
    func deliver(_ events: [OutputEvent], lane: Int) {}
}

@Suite(
    .enabled(
        if: quire_counts_allocations() == 1,
        "not checked: the C library is not glibc, allocations are not counted"
    )
)
struct AllocationTests {
    private func makeLoop(_ setting: Stories.Setting) throws -> StepLoop {
        var registry = MetricsRegistry()
        return StepLoop(
            configuration: setting.configuration,
            executor: try Stories.makeExecutor(setting),
            metrics: EngineMetrics(&registry, maxContext: 512),
            sink: NullSink()
        )
    }

    /// Decode steps of `fields`, after a few that warm up; returns what 64 of them allocate.
    private func allocations(
        _ change: (inout SamplingParameters.Fields) -> Void
    ) throws -> UInt {
        // Two readings of a counter that stands still would be equal whatever was allocated.
        try #require(countsNow, "the counter does not count")
        let setting = Stories.Setting(name: "", maxSequences: 8, isSharing: true)
        let loop = try makeLoop(setting)
        var commands = try Stories.cases().prefix(8).enumerated().map { index, story in
            EngineCommand.add(Stories.request(story.prompt, count: 150, index: index, change))
        }
        loop.handle(&commands)
        for _ in 0..<40 {
            loop.schedule()
            loop.execute()
            loop.publish()
        }
        #expect(loop.runningCount == 8)
        let before = quire_allocation_count()
        for _ in 0..<64 {
            loop.handle(&commands)
            loop.schedule()
            loop.execute()
            loop.publish()
        }
        let after = quire_allocation_count()
        #expect(loop.runningCount == 8)
        loop.abortAll()
        return after - before
    }

    /// Whether an allocation made now is counted: the counter may be there and not be what the
    /// process allocates with.
    private var countsNow: Bool {
        let before = quire_allocation_count()
        let array = Array(repeating: before, count: 100)
        return quire_allocation_count() > array[50]
    }

    @Test func steadyGreedyDecodeAllocatesNothing() throws {
        #expect(try allocations { _ in } == 0)
    }

    @Test func steadySampledDecodeAllocatesNothing() throws {
        let count = try allocations {
            $0.temperature = 0.8
            $0.topK = 40
            $0.topP = 0.9
            $0.minP = 0.01
            $0.logitBias = [(5, 1)]
        }
        #expect(count == 0)
    }

    @Test func steadyDecodeWithPenaltiesAllocatesNothing() throws {
        let count = try allocations {
            $0.temperature = 0.8
            $0.repetitionPenalty = 1.1
            $0.frequencyPenalty = 0.1
            $0.badWords = [[5, 6]]
        }
        #expect(count == 0)
    }
}
