package import QuireCheckpoint
package import QuireKernels

/// The only way from tensor names to weights: a prefix into the checkpoint, and what was taken.
///
/// A linear is asked for by module name; the scope finds its `weight` and `bias`, checks the
/// shapes, and hands them to the backend. So a model's author never sees how a weight is stored.
/// `finish()` reports tensors that nobody took: a misread architecture otherwise computes
/// something plausible and wrong.
package struct WeightScope<Device: Backend> {
    /// Which names were taken, shared by all scopes of one load.
    private final class Ledger {
        var taken: Set<String> = []
    }

    package let backend: Device
    /// What linear weights are kept as.
    package let type: ElementType
    private let checkpoint: Checkpoint
    private let prefix: String
    private let ledger: Ledger

    package init(checkpoint: Checkpoint, backend: Device, type: ElementType) {
        self.init(checkpoint, backend, type, prefix: "", ledger: Ledger())
    }

    private init(
        _ checkpoint: Checkpoint,
        _ backend: Device,
        _ type: ElementType,
        prefix: String,
        ledger: Ledger
    ) {
        self.checkpoint = checkpoint
        self.backend = backend
        self.type = type
        self.prefix = prefix
        self.ledger = ledger
    }

    package var configuration: ModelConfiguration { checkpoint.configuration }

    /// The scope one level down: `weights("layers")(3)("mlp")`.
    package func callAsFunction(_ name: some CustomStringConvertible) -> WeightScope {
        WeightScope(checkpoint, backend, type, prefix: prefix + "\(name).", ledger: ledger)
    }

    /// A weight `[outputs, inputs]` without bias unless `bias` is true.
    package func linear(
        _ module: String,
        inputs: Int,
        outputs: Int,
        bias: Bool = false
    ) throws(CheckpointError) -> Device.Weight {
        try linear([(module, outputs)], inputs: inputs, bias: bias)
    }

    /// Several linears of the same input in one weight, one after the other.
    package func linear(
        _ modules: [(name: String, outputs: Int)],
        inputs: Int,
        bias: Bool
    ) throws(CheckpointError) -> Device.Weight {
        var parts: [HostMatrix] = []
        var biases: [Float] = []
        for module in modules {
            parts.append(try take(module.name + ".weight", shape: [module.outputs, inputs]))
            if bias {
                biases += try take(module.name + ".bias", shape: [module.outputs]).floats
            }
        }
        return backend.makeWeight(parts, as: type, bias: bias ? biases : nil)
    }

    /// The two input linears of a gated MLP.
    package func gateUp(
        gate: String,
        up: String,
        inputs: Int,
        outputs: Int
    ) throws(CheckpointError) -> Device.Weight {
        backend.makeGateUp(
            gate: try take(gate + ".weight", shape: [outputs, inputs]),
            up: try take(up + ".weight", shape: [outputs, inputs]),
            as: type
        )
    }

    /// A vector, such as a norm's weight.
    package func vector(_ name: String, count: Int) throws(CheckpointError) -> Device.Buffer {
        backend.makeVector(try take(name, shape: [count]))
    }

    /// A token embedding; a tied head asks for the same module as a ``linear``.
    package func embedding(
        _ module: String,
        rows: Int,
        columns: Int
    ) throws(CheckpointError) -> Device.Embedding {
        backend.makeEmbedding(try take(module + ".weight", shape: [rows, columns]))
    }

    /// Reports the tensors that were not taken.
    ///
    /// `ignoring` says which names a checkpoint may carry in vain (constants that old exporters
    /// wrote, the head of a tied embedding).
    package func finish(ignoring isKnown: (String) -> Bool) throws(CheckpointError) {
        let unused = checkpoint.tensors.keys.filter { !ledger.taken.contains($0) && !isKnown($0) }
        guard let first = unused.min() else { return }
        let others = unused.count > 1 ? " and \(unused.count - 1) more" : ""
        throw CheckpointError(
            checkpoint.folder,
            "tensor \"\(first)\"\(others) would not be used; config.json does not describe this file"
        )
    }

    private func take(_ name: String, shape: [Int]) throws(CheckpointError) -> HostMatrix {
        let fullName = prefix + name
        guard let tensor = checkpoint.tensors[fullName] else {
            throw CheckpointError(checkpoint.folder, "tensor \"\(fullName)\" is missing")
        }
        guard tensor.shape == shape else {
            throw CheckpointError(
                tensor.file.path,
                "tensor \"\(fullName)\" has shape \(tensor.shape), config.json asks for \(shape)"
            )
        }
        guard [.f32, .f16, .bf16].contains(tensor.type) else {
            throw CheckpointError(
                tensor.file.path,
                "tensor \"\(fullName)\" is \(tensor.type.rawValue); F32, F16 or BF16 is needed"
            )
        }
        ledger.taken.insert(fullName)
        return tensor.matrix
    }
}
