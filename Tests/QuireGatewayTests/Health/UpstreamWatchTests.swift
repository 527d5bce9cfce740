import QuireGateway
import Testing

@Suite struct UpstreamWatchTests {
    private static let second: UInt64 = 1_000_000_000

    /// Runs one watch against an instance on a virtual clock, and notes when what was asked and told.
    private struct Run {
        var watch: UpstreamWatch
        var now: UInt64 = 0
        var probes: [(probe: Probe, at: Double)] = []

        init(_ change: (inout MonitorConfiguration) -> Void = { _ in }, seed: UInt64 = 1) {
            var configuration = MonitorConfiguration()
            change(&configuration)
            watch = UpstreamWatch(configuration, seed: seed, now: 0)
        }

        /// Runs to a second; `answer` is the instance, `told` gets the reports.
        mutating func run(
            to end: UInt64,
            told: (HealthReport, UInt64) -> Void = { _, _ in },
            answer: (Probe, UInt64) -> ProbeResult
        ) {
            while watch.nextDue <= end * UpstreamWatchTests.second {
                now = max(now, watch.nextDue)
                guard let probe = watch.takeDue(now: now) else { continue }
                probes.append((probe, Double(now) / 1e9))
                for report in watch.finish(probe, answer(probe, now), now: now) {
                    told(report, now)
                }
            }
            now = end * UpstreamWatchTests.second
        }

        func times(_ probe: Probe) -> [Double] { probes.filter { $0.probe == probe }.map(\.at) }

        func gaps(_ probe: Probe) -> [Double] {
            let times = times(probe)
            return zip(times.dropFirst(), times).map { $0 - $1 }
        }
    }

    private static func load(running: Int, tokens: Double?) -> ProbeResult {
        .metrics(
            ScrapedLoad(
                load: UpstreamLoad(running: running, waiting: 0, kvUsage: 0.5),
                tokens: tokens
            )
        )
    }

    private static func healthy(_ probe: Probe) -> ProbeResult {
        switch probe {
        case .health: .health(status: 200)
        case .metrics: load(running: 0, tokens: 1)
        case .models: .models(["m"])
        }
    }

    @Test func everyProbeComesAtItsIntervalWithJitter() {
        var run = Run()
        run.run(to: 600) { probe, _ in Self.healthy(probe) }
        for (probe, interval) in [(Probe.health, 5.0), (.metrics, 15), (.models, 60)] {
            #expect(run.times(probe).first.map { $0 <= 0.1 } == true)
            let gaps = run.gaps(probe)
            #expect(gaps.allSatisfy { $0 >= interval * 0.899 && $0 <= interval * 1.101 })
            #expect(Set(gaps).count == gaps.count, "no jitter")
        }
    }

    @Test func theSameSeedAsksAtTheSameTimes() {
        var runs = [Run(seed: 7), Run(seed: 7), Run(seed: 8)]
        for index in runs.indices { runs[index].run(to: 100) { probe, _ in Self.healthy(probe) } }
        #expect(runs[0].probes.map(\.at) == runs[1].probes.map(\.at))
        #expect(runs[0].probes.map(\.at) != runs[2].probes.map(\.at))
    }

    @Test func anInstanceThatIsDownIsCheckedMoreOften() {
        var run = Run()
        var checks: [Bool] = []
        run.run(
            to: 30,
            told: { report, _ in if case .check(let isUp) = report { checks.append(isUp) } },
            answer: { _, _ in .failed }
        )
        #expect(run.gaps(.health).allSatisfy { $0 <= 1.101 })
        #expect(checks.count >= 27)
        #expect(checks.allSatisfy { !$0 })
    }

    @Test(
        arguments: [
            (200, true), (204, true), (301, true), (401, true), (404, true), (429, true),
            (500, false), (501, true), (502, false), (503, false), (504, false),
        ]
    )
    func aStatusSaysWhetherTheInstanceIsUp(status: Int, isUp: Bool) {
        var run = Run()
        var told: [Bool] = []
        run.run(
            to: 1,
            told: { report, _ in if case .check(let isUp) = report { told.append(isUp) } },
            answer: { probe, _ in probe == .health ? .health(status: status) : .failed }
        )
        #expect(told.first == isUp)
    }

    @Test func oneThatComesBackIsAskedForItsModelsAtOnce() {
        var run = Run()
        run.run(to: 10) { probe, _ in probe == .models ? .models(["a"]) : .failed }
        let before = run.times(.models).count
        run.run(to: 12) { probe, _ in Self.healthy(probe) }
        #expect(before == 1)
        #expect(run.times(.models).count == 2)
    }

    @Test func aListThatCannotBeHadIsAskedForAgainSoonButNotOneThatDoesNotExist() {
        var unreachable = Run()
        unreachable.run(to: 58) { probe, _ in
            probe == .models ? .failed : Self.healthy(probe)
        }
        #expect(unreachable.times(.models).count >= 10)
        var without = Run()
        without.run(to: 53) { probe, _ in probe == .models ? .models(nil) : Self.healthy(probe) }
        #expect(without.times(.models).count == 1)
    }

    @Test func oneWithoutMetricsIsScrapedSeldomAndTellsNoLoad() {
        var run = Run()
        var reports = 0
        run.run(
            to: 200,
            told: { report, _ in
                switch report {
                case .load, .progress: reports += 1
                case .check, .models: break
                }
            },
            answer: { probe, _ in probe == .metrics ? .metrics(nil) : Self.healthy(probe) }
        )
        #expect(run.times(.metrics).count <= 4)
        #expect(reports == 0)
    }

    @Test func aLoadWithoutTokenCountersSaysNothingAboutProgress() {
        var run = Run()
        var loads = 0
        run.run(
            to: 60,
            told: { report, _ in
                switch report {
                case .load: loads += 1
                case .progress: Issue.record("progress was told")
                case .check, .models: break
                }
            },
            answer: { probe, _ in
                probe == .metrics ? Self.load(running: 5, tokens: .nan) : Self.healthy(probe)
            }
        )
        #expect(loads >= 4)
    }

    @Test func hurryAsksAtOnceButNeverTwice() {
        var run = Run()
        run.run(to: 2) { probe, _ in Self.healthy(probe) }
        run.watch.hurry(now: run.now)
        #expect(run.watch.nextDue == run.now)
        #expect(run.watch.takeDue(now: run.now) == .health)
        run.watch.hurry(now: run.now)
        #expect(run.watch.takeDue(now: run.now) == .metrics)
        #expect(run.watch.takeDue(now: run.now) == nil)
    }

    @Test func absurdIntervalsNeitherSpinNorTrap() {
        for interval in [Duration.zero, .seconds(-5), .seconds(Int64.max)] {
            for jitter in [0.0, -3, 9, 0.1] {
                var run = Run {
                    $0.healthInterval = interval
                    $0.scrapeInterval = interval
                    $0.modelsInterval = interval
                    $0.jitter = jitter
                }
                run.run(to: 1) { probe, _ in Self.healthy(probe) }
                #expect(run.probes.count <= 3200)
            }
        }
    }

    @Test func anInstanceThatAnswersHealthButWhoseCountersStandStillIsEjectedWithinSeconds() {
        var configuration = FleetConfiguration(
            upstreams: ["hung", "good"].map {
                UpstreamConfiguration(name: $0, endpoint: UpstreamEndpoint(host: $0, port: 80))
            }
        )
        configuration.activeHealth = ActiveHealthConfiguration()
        // Hung at 20 s and at any point of the scrapes' rhythm; alive again at 60 s.
        for seed in 0..<200 as Range<UInt64> {
            var fleet = Fleet(configuration, seed: seed)
            guard let hung = fleet.status(now: 0).first(where: { $0.name == "hung" })?.id else {
                Issue.record("no upstream")
                return
            }
            var run = Run(seed: seed)
            var ejectedAt: UInt64?
            var recoveredAt: UInt64?
            func isHealthy(_ now: UInt64) -> Bool {
                fleet.status(now: now).contains { $0.id == hung && $0.isHealthy }
            }
            run.run(
                to: 80,
                told: { report, now in
                    _ = fleet.report(hung, report, now: now)
                    let isHealthy = isHealthy(now)
                    if !isHealthy, ejectedAt == nil { ejectedAt = now }
                    if isHealthy, ejectedAt != nil, recoveredAt == nil { recoveredAt = now }
                },
                answer: { probe, now in
                    guard probe == .metrics else { return Self.healthy(probe) }
                    let isHung = now >= 20 * Self.second && now < 60 * Self.second
                    let tokens = isHung ? 20 * Self.second : now
                    return Self.load(running: 4, tokens: Double(tokens))
                }
            )
            #expect((ejectedAt ?? .max) >= 20 * Self.second, "too early, seed \(seed)")
            #expect((ejectedAt ?? .max) <= 31 * Self.second, "too late, seed \(seed)")
            #expect((recoveredAt ?? .max) >= 60 * Self.second, "seed \(seed)")
            #expect((recoveredAt ?? .max) <= 63 * Self.second, "seed \(seed)")
        }
    }
}
