package import QuireJSON

/// How a run was set up: what a result file says before the figures.
package struct LoadDescription: Sendable {
    package var date: String
    package var backend: String
    package var label: String?
    package var model: String
    package var promptCount: Int
    /// Infinite for all at once.
    package var requestRate: Double
    package var burstiness: Double
    /// Further members, as given by `--metadata`.
    package var metadata: [(key: String, value: String)]

    package init(
        date: String,
        backend: String,
        label: String? = nil,
        model: String,
        promptCount: Int,
        requestRate: Double = .infinity,
        burstiness: Double = 1,
        metadata: [(key: String, value: String)] = []
    ) {
        self.date = date
        self.backend = backend
        self.label = label
        self.model = model
        self.promptCount = promptCount
        self.requestRate = requestRate
        self.burstiness = burstiness
        self.metadata = metadata
    }
}

extension LoadReport {
    /// The report with the keys of the file that `vllm bench serve --save-result` writes.
    ///
    /// A detailed one has an entry per request: lengths, times, texts, errors.
    package func json(
        _ description: LoadDescription,
        metrics: [LatencyMetric],
        percentiles: [Double],
        isDetailed: Bool
    ) -> JSON {
        var json = Self.head(description)
        json["max_concurrency"] = concurrency.map { .int($0) } ?? .null
        json["duration"] = .double(duration)
        json["completed"] = .int(completed)
        json["failed"] = .int(failed)
        json["total_input_tokens"] = .int(totalInputTokens)
        json["total_output_tokens"] = .int(totalOutputTokens)
        json["request_throughput"] = .double(requestThroughput)
        json["request_goodput"] = goodput.map { .double($0) } ?? .null
        json["output_throughput"] = .double(outputThroughput)
        json["total_token_throughput"] = .double(totalTokenThroughput)
        if isDetailed { addDetails(to: &json) }
        json["max_output_tokens_per_s"] = .double(peakOutputTokensPerSecond)
        json["max_concurrent_requests"] = .int(peakConcurrency)
        for metric in metrics where isShown(metric, requestRate: description.requestRate) {
            let statistics = statistics(metric)
            let name = metric.rawValue
            json["mean_\(name)_ms"] = .double(statistics.mean)
            json["median_\(name)_ms"] = .double(statistics.median)
            json["std_\(name)_ms"] = .double(statistics.standardDeviation)
            for percentile in percentiles {
                let key = "p\(Self.word(percentile))_\(name)_ms"
                json[key] = .double(statistics.percentile(percentile))
            }
        }
        return .object(json)
    }

    private static func head(_ description: LoadDescription) -> JSONObject {
        let rate = description.requestRate
        let burstiness = description.burstiness
        var json: JSONObject = [
            "date": .string(description.date),
            "endpoint_type": .string(description.backend),
            "backend": .string(description.backend),
            "label": description.label.map { .string($0) } ?? .null,
            "model_id": .string(description.model),
            "tokenizer_id": .null,
            "num_prompts": .int(description.promptCount),
        ]
        for (key, value) in description.metadata { json[key] = .string(value) }
        json["request_rate"] = rate.isFinite ? .double(rate) : .string("inf")
        json["burstiness"] = burstiness.isFinite ? .double(burstiness) : .string("inf")
        return json
    }

    private func addDetails(to json: inout JSONObject) {
        func list(_ value: (RequestOutcome) -> JSON) -> JSON { .array(run.outcomes.map(value)) }
        json["input_lens"] = list { .int($0.promptTokenCount) }
        json["output_lens"] = list { .int($0.outputTokenCount) }
        json["ttfts"] = list { .double($0.timeToFirstToken) }
        json["itls"] = list { .array($0.interTokenLatencies.map { .double($0) }) }
        json["latencies"] = list { .double($0.latency) }
        json["start_times"] = list { .double($0.startTime) }
        json["queue_times"] = list { .double($0.queueTime) }
        json["generated_texts"] = list { .string($0.text) }
        json["errors"] = list { .string($0.error ?? "") }
    }
}
