import Glibc
import QuireEngine
import Synchronization

/// What a `ScriptedExecutor` does, held by the test: a gate before every step, and the tokens.
final class Script: Sendable {
    private let gate = Mutex((isOpen: true, stepCount: 0))
    /// The token of each place in an answer.
    let token: @Sendable (Int) -> Int32
    /// Steps that fail as a whole, by number.
    let failingSteps: Set<Int>
    /// Places in an answer at which the request's parameters leave no token.
    let unservablePlaces: Set<Int>

    init(
        isOpen: Bool = true,
        failingSteps: Set<Int> = [],
        unservablePlaces: Set<Int> = [],
        token: @escaping @Sendable (Int) -> Int32 = { Int32(300 + $0 % 100) }
    ) {
        self.token = token
        self.failingSteps = failingSteps
        self.unservablePlaces = unservablePlaces
        gate.withLock { $0.isOpen = isOpen }
    }

    /// Lets steps pass.
    func open() { gate.withLock { $0.isOpen = true } }

    /// Stops the engine before its next step.
    func close() { gate.withLock { $0.isOpen = false } }

    var isOpen: Bool { gate.withLock { $0.isOpen } }

    /// Steps that were begun.
    var stepCount: Int { gate.withLock { $0.stepCount } }

    /// Counts the step and waits for the gate: on the engine thread.
    fileprivate func pass() -> Int {
        let number = gate.withLock { state in
            state.stepCount += 1
            return state.stepCount
        }
        // A test's gate is open within milliseconds; a lock to wait on would say no more.
        while !isOpen { sched_yield() }
        return number
    }
}

/// An executor without a model: each answer is the script's tokens, one per step.
final class ScriptedExecutor: Executor {
    let capacity: ExecutorCapacity
    private let script: Script

    init(_ script: Script, capacity: ExecutorCapacity) {
        self.script = script
        self.capacity = capacity
    }

    func step(_ plan: StepPlan, into result: inout StepResult) throws(StepError) {
        let number = script.pass()
        result.outcomes.removeAll(keepingCapacity: true)
        if script.failingSteps.contains(number) { throw StepError("the script says so") }
        for sample in plan.samples {
            switch sample.purpose {
            case .next(let index, _) where script.unservablePlaces.contains(index):
                result.outcomes.append(.unservable("No token is left."))
            case .next(let index, _): result.outcomes.append(.token(script.token(index), nil))
            case .promptToken(let token): result.outcomes.append(.token(token, nil))
            }
        }
    }
}
