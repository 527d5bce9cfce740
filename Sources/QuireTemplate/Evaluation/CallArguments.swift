/// The evaluated arguments of a call.
struct CallArguments {
    var positional: [Value] = []
    var keywords: [(name: String, value: Value)] = []

    /// The arguments in the order of `parameters`, `nil` where one was not given.
    func bound(
        to parameters: [String],
        of function: String,
        required: Int = 0,
        line: Int
    ) throws(TemplateError) -> BoundArguments {
        guard positional.count <= parameters.count else {
            throw .failed(
                "\(function) takes at most \(parameters.count) argument(s) "
                    + "(\(positional.count) given)",
                line: line
            )
        }
        var values: [Value?] = positional.map { $0 }
        values += Array(repeating: nil, count: parameters.count - positional.count)
        for keyword in keywords {
            guard let index = parameters.firstIndex(of: keyword.name) else {
                throw .failed(
                    "\(function) got an unexpected keyword argument '\(keyword.name)'",
                    line: line
                )
            }
            guard values[index] == nil else {
                throw .failed(
                    "\(function) got multiple values for argument '\(keyword.name)'",
                    line: line
                )
            }
            values[index] = keyword.value
        }
        for index in 0..<required where values[index] == nil {
            throw .failed(
                "\(function) is missing the argument '\(parameters[index])'",
                line: line
            )
        }
        return BoundArguments(
            function: function,
            parameters: parameters,
            values: values,
            line: line
        )
    }
}

/// Arguments by parameter, read with the type that the function needs.
struct BoundArguments {
    let function: String
    let parameters: [String]
    let values: [Value?]
    let line: Int

    /// An argument that may have been left out.
    subscript(index: Int) -> Value? { values[index] }

    /// An argument that was checked to be there, or `none`.
    func value(_ index: Int) -> Value { values[index] ?? .none }

    /// An integer argument; `nil` if left out or None.
    func int(_ index: Int) throws(TemplateError) -> Int? {
        guard let value = values[index] else { return nil }
        if case .none = value { return nil }
        guard let integer = value.integer else { throw wrongType(index, "an integer") }
        return integer
    }

    /// A text argument; `nil` if left out or None.
    func string(_ index: Int) throws(TemplateError) -> String? {
        guard let value = values[index] else { return nil }
        switch value {
        case .none: return nil
        case .string(let text): return text
        default: throw wrongType(index, "a string")
        }
    }

    /// A text argument that must be there.
    func requiredString(_ index: Int) throws(TemplateError) -> String {
        guard let text = try string(index) else { throw wrongType(index, "a string") }
        return text
    }

    /// The truth of an argument, `false` if left out.
    func bool(_ index: Int) -> Bool { values[index]?.isTrue ?? false }

    private func wrongType(_ index: Int, _ expected: String) -> TemplateError {
        .failed(
            "\(function): the argument '\(parameters[index])' must be \(expected), "
                + "not \(value(index).typeName)",
            line: line
        )
    }
}
