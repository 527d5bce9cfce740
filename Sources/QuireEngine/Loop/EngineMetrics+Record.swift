import QuireTelemetry

extension EngineMetrics {
    /// Counts what happened since the last call.
    func record(_ step: StepMeasurements) {
        promptTokens.increment(by: step.promptTokens)
        generationTokens.increment(by: step.generatedTokens)
        preemptions.increment(by: step.preemptionCount)
        prefixQueries.increment(by: step.prefixQueryTokens)
        prefixHits.increment(by: step.prefixHitTokens)
        if step.computedTokens > 0 { iterationTokens.observe(Double(step.computedTokens)) }
        for latency in step.firstTokenLatencies { firstTokenSeconds.observe(seconds(latency)) }
        for interval in step.tokenIntervals { interTokenSeconds.observe(seconds(interval)) }
        for request in step.finished { record(request) }
    }

    func recordLoad(runningCount: Int, waitingCount: Int, cacheUsage usage: Double) {
        running.set(Double(runningCount))
        waiting.set(Double(waitingCount))
        cacheUsage.set(usage)
    }

    private func record(_ request: FinishedRequest) {
        switch request.reason {
        case .stop: successStop.increment()
        case .length: successLength.increment()
        case .abort: successAbort.increment()
        case .unservable, .error: successError.increment()
        }
        requestPromptTokens.observe(Double(request.usage.promptTokens))
        requestGenerationTokens.observe(Double(request.usage.completionTokens))
        requestMaxGenerationTokens.observe(Double(request.usage.completionTokens))
        requestMaxTokens.observe(Double(request.maxTokens))
        let timeline = request.timeline
        endToEndSeconds.observe(seconds(request.endNanoseconds, since: timeline.arrivalNanoseconds))
        // Phases that a request never reached are not observed.
        guard let scheduled = timeline.scheduledNanoseconds else { return }
        queueSeconds.observe(seconds(scheduled, since: timeline.queuedNanoseconds))
        guard let first = timeline.firstTokenNanoseconds, let last = timeline.lastTokenNanoseconds
        else { return }
        prefillSeconds.observe(seconds(first, since: scheduled))
        inferenceSeconds.observe(seconds(last, since: scheduled))
        let decode = seconds(last, since: first)
        decodeSeconds.observe(decode)
        let intervalCount = request.usage.completionTokens - 1
        if intervalCount > 0 { requestTokenSeconds.observe(decode / Double(intervalCount)) }
    }

    /// The clocks of two threads may disagree by a little; a time is not negative.
    private func seconds(_ end: UInt64, since start: UInt64) -> Double {
        seconds(end - min(end, start))
    }

    private func seconds(_ nanoseconds: UInt64) -> Double { Double(nanoseconds) / 1e9 }
}
