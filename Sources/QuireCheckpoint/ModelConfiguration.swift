package import QuireJSON

/// `config.json`, read with bounds: every number that sizes memory is checked where it is read.
///
/// Speaks both dialects: transformers 4 (`rope_theta`, `rope_scaling`, `torch_dtype`) and
/// transformers 5 (`rope_parameters`, `dtype`).
package struct ModelConfiguration: Sendable {
    package let path: String
    package let json: JSON

    package init(path: String) throws(CheckpointError) {
        self.init(path: path, json: try Checkpoint.json(path: path))
        guard json.object != nil else { throw CheckpointError(path, "not a JSON object") }
    }

    /// A configuration already parsed; `path` is for messages.
    package init(path: String, json: JSON) {
        self.path = path
        self.json = json
    }

    /// The class name that the model registry knows, such as `Qwen2ForCausalLM`.
    package var architecture: String {
        get throws(CheckpointError) {
            guard let name = json["architectures"]?.array?.first?.string else {
                throw CheckpointError(path, "\"architectures\" names no model class")
            }
            return name
        }
    }

    /// A whole number that must be there and lie in `range`.
    package func integer(
        _ key: String,
        in range: ClosedRange<Int>
    ) throws(CheckpointError) -> Int {
        guard let value = try optionalInteger(key, in: range) else {
            throw CheckpointError(path, "\"\(key)\" is missing")
        }
        return value
    }

    /// A whole number in `range`, or `nil` if it is absent or null.
    package func optionalInteger(
        _ key: String,
        in range: ClosedRange<Int>
    ) throws(CheckpointError) -> Int? {
        guard let found = json[key], !found.isNull else { return nil }
        guard let value = found.int, range.contains(value) else {
            throw CheckpointError(
                path,
                """
                "\(key)" must be a whole number from \(range.lowerBound) to \(range.upperBound), \
                found \(describe(found))
                """
            )
        }
        return value
    }

    /// A finite number in `range`, or `fallback` if it is absent or null.
    package func number(
        _ key: String,
        default fallback: Double,
        in range: ClosedRange<Double>
    ) throws(CheckpointError) -> Double {
        guard let found = json[key], !found.isNull else { return fallback }
        guard let value = found.double, range.contains(value) else {
            throw CheckpointError(
                path,
                """
                "\(key)" must be a number from \(range.lowerBound) to \(range.upperBound), \
                found \(describe(found))
                """
            )
        }
        return value
    }

    /// A boolean, or `fallback` if it is absent or null.
    package func flag(_ key: String, default fallback: Bool) throws(CheckpointError) -> Bool {
        guard let found = json[key], !found.isNull else { return fallback }
        guard let value = found.bool else {
            throw CheckpointError(
                path,
                "\"\(key)\" must be true or false, found \(describe(found))"
            )
        }
        return value
    }

    /// Whether `key` is there and not null.
    package func isSet(_ key: String) -> Bool { first(of: [key]) != nil }

    /// The value of the first of `keys` that is there and not null: a writer of one dialect may
    /// leave the other's key behind as a null, which must not hide the value.
    private func first(of keys: [String]) -> JSON? {
        keys.lazy.compactMap { json[$0] }.first { !$0.isNull }
    }

    /// A list of strings, empty if `key` is absent; what is no string reads as an empty one.
    package func texts(_ key: String) -> [String] {
        (json[key]?.array ?? []).map { $0.string ?? "" }
    }

    /// A string, or `nil` if `key` is absent or something else.
    package func text(_ key: String) -> String? { json[key]?.string }

    /// The name of the quantisation format, if the weights are quantised.
    package var quantizationMethod: String? {
        guard let section = json["quantization_config"], !section.isNull else { return nil }
        return section["quant_method"]?.string ?? "unnamed"
    }

    /// The element type that the weights were trained in: `dtype`, formerly `torch_dtype`.
    package var elementTypeName: String? { first(of: ["dtype", "torch_dtype"])?.string }

    /// The end-of-sequence tokens: a number or a list of them.
    package var endTokens: [Int32] { Self.tokens(json["eos_token_id"]) }

    /// Token ids from a number or a list of numbers; what is neither gives none.
    package static func tokens(_ json: JSON?) -> [Int32] {
        if let list = json?.array {
            return list.compactMap { $0.int.flatMap(Int32.init(exactly:)) }
        }
        return json?.int.flatMap(Int32.init(exactly:)).map { [$0] } ?? []
    }

    private func describe(_ value: JSON) -> String {
        switch value {
        case .int(let number): "\(number)"
        case .double(let number): "\(number)"
        case .bool(let flag): "\(flag)"
        case .string(let text): "\"\(text.prefix(40))\""
        default: value.typeName
        }
    }
}

extension ModelConfiguration {
    /// How rotary positions are computed.
    package struct Rotary: Sendable, Hashable {
        /// How the frequencies are changed for contexts longer than the model was trained on.
        package enum Scaling: Sendable, Hashable {
            case none
            /// Positions divided by a factor.
            case linear(factor: Double)
            /// Llama 3.1: low frequencies divided, high ones kept, a ramp between the two.
            case llama3(
                factor: Double,
                lowFrequencyFactor: Double,
                highFrequencyFactor: Double,
                originalContext: Double
            )
        }

        package var theta: Double
        package var scaling: Scaling

        package init(theta: Double, scaling: Scaling) {
            self.theta = theta
            self.scaling = scaling
        }
    }

    /// The rotary parameters, from either dialect.
    package func rotary() throws(CheckpointError) -> Rotary {
        let parameters = first(of: ["rope_parameters", "rope_scaling"]) ?? .null
        guard parameters.isNull || parameters.object != nil else {
            throw CheckpointError(path, "the rope parameters must be an object")
        }
        let nested = ModelConfiguration(path: path, json: parameters)
        let outer = try number("rope_theta", default: 10_000, in: 1...1e12)
        let theta = try nested.number("rope_theta", default: outer, in: 1...1e12)
        let named = nested.first(of: ["rope_type", "type"]) ?? .string("default")
        guard let kind = named.string else {
            throw CheckpointError(path, "the rope type must be a string, found \(describe(named))")
        }
        let factors = 1e-3...1e6
        switch kind {
        case "default": return Rotary(theta: theta, scaling: .none)
        case "linear":
            let factor = try nested.number("factor", default: 1, in: factors)
            return Rotary(theta: theta, scaling: .linear(factor: factor))
        case "llama3":
            let low = try nested.number("low_freq_factor", default: 1, in: factors)
            let high = try nested.number("high_freq_factor", default: 4, in: factors)
            guard high > low else {
                throw CheckpointError(path, "high_freq_factor must exceed low_freq_factor")
            }
            return Rotary(
                theta: theta,
                scaling: .llama3(
                    factor: try nested.number("factor", default: 8, in: factors),
                    lowFrequencyFactor: low,
                    highFrequencyFactor: high,
                    originalContext: try nested.number(
                        "original_max_position_embeddings",
                        default: 8192,
                        in: 1...1e9
                    )
                )
            )
        default:
            throw CheckpointError(
                path,
                "rope type \"\(kind)\" is not supported; default, linear and llama3 are"
            )
        }
    }
}
