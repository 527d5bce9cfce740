import QuireGateway
import Testing

@Suite struct RetryBudgetTests {
    @Test func retriesAreAFifthOfTheRequestsAndAReserve() {
        let configuration = RetryConfiguration()
        var budget = RetryBudget(configuration)
        var retries = 0
        for _ in 0..<500 {
            budget.deposit(configuration)
            while budget.take(configuration, now: 0) { retries += 1 }
        }
        #expect((109...110).contains(retries))
    }

    @Test func reserveComesBackWithTime() {
        let configuration = RetryConfiguration()
        var budget = RetryBudget(configuration)
        for _ in 0..<10 { #expect(takes(&budget, now: 0)) }
        #expect(!takes(&budget, now: second))
        #expect(takes(&budget, now: 2 * second))
        let later = (0..<20).count { _ in takes(&budget, now: 1_000 * second) }
        #expect(later == 10)
    }

    @Test func goodTimesSaveUpToABound() {
        let configuration = RetryConfiguration()
        var budget = RetryBudget(configuration)
        for _ in 0..<100_000 { budget.deposit(configuration) }
        #expect(abs(budget.balance - configuration.budgetMax) < 0.001)
    }

    @Test func pausesDoubleWithJitterUpToABound() {
        let configuration = RetryConfiguration()
        var generator = SplitMix64(seed: 5)
        for retry in 0..<40 {
            let bound = min(second, 25 * millisecond << UInt64(min(retry, 10)))
            let pauses = (0..<200).map { _ in
                Backoff.nanoseconds(retry: retry, configuration, using: &generator)
            }
            #expect(pauses.allSatisfy { $0 <= bound })
            #expect((pauses.max() ?? 0) > bound / 2)
            #expect(Set(pauses).count > 100)
        }
    }

    private func takes(_ budget: inout RetryBudget, now: UInt64) -> Bool {
        budget.take(RetryConfiguration(), now: now)
    }
}
