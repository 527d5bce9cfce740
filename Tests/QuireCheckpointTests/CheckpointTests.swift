import Glibc
import QuireCheckpoint
import QuireJSON
import QuireTestSupport
import Testing

struct CheckpointTests {
    @Test func shardedAndSingleFilesHoldTheSameTensors() throws {
        let single = try Checkpoint(folder: Assets.path("tiny/llama"))
        let sharded = try Checkpoint(folder: Assets.path("tiny/llama_sharded"))
        #expect(single.tensors.count == 21)
        #expect(Set(single.tensors.keys) == Set(sharded.tensors.keys))
        for (name, tensor) in single.tensors {
            #expect(sharded.tensors[name]?.shape == tensor.shape)
        }
    }

    @Test(arguments: [
        (#"{"weight_map":{"a":"../x.safetensors"}}"#, "leaves the folder"),
        (#"{"weight_map":{"a":"/etc/passwd"}}"#, "leaves the folder"),
        (#"{"weight_map":{"a":"sub/x.safetensors"}}"#, "leaves the folder"),
        (#"{"weight_map":{"a":".."}}"#, "leaves the folder"),
        (#"{"weight_map":{"a":"x\u0000y"}}"#, "leaves the folder"),
        (#"{"weight_map":{"a":""}}"#, "leaves the folder"),
        (#"{"weight_map":{"a":7}}"#, "does not name a file"),
        (#"{"weight_map":{"a":"absent.safetensors"}}"#, "No such file"),
        (#"{"weight_map":[]}"#, "weight_map"), (#"{}"#, "weight_map"), ("nonsense", "invalid JSON"),
    ])
    func refusesABadIndex(index: String, fragment: String) throws {
        let folder = try TemporaryFolder()
        try folder.write("config.json", "{}")
        try folder.write("model.safetensors.index.json", index)
        let error = try #require(throws: CheckpointError.self) {
            try Checkpoint(folder: folder.path)
        }
        #expect(error.description.contains(fragment), "\(error)")
    }

    /// A folder with one shard, and an index that names its tensors as `change` makes them.
    private func refusal(
        _ change: (inout [String]) -> Void
    ) throws -> (tensors: [String], message: String) {
        let folder = try TemporaryFolder()
        try folder.write("config.json", "{}")
        let shard = "model-00001-of-00003.safetensors"
        let path = try folder.write(shard, Assets.bytes("tiny/llama_sharded/\(shard)"))
        let tensors = try SafetensorsFile(path: path).tensors.map(\.name).sorted()
        var named = tensors
        change(&named)
        let map = named.map { #""\#($0)":"\#(shard)""# }.joined(separator: ",")
        try folder.write("model.safetensors.index.json", #"{"weight_map":{\#(map)}}"#)
        let error = try #require(throws: CheckpointError.self) {
            try Checkpoint(folder: folder.path)
        }
        return (tensors, error.message)
    }

    @Test func anIndexThatPlacesATensorWronglyIsRefused() throws {
        let refusal = try refusal { $0.append("not.there") }
        #expect(refusal.message.contains("\"not.there\" is missing"))
    }

    @Test func aTensorThatTheIndexDoesNotNameIsRefused() throws {
        let refusal = try refusal { $0.removeFirst() }
        #expect(refusal.tensors.count > 1)
        #expect(refusal.message == "tensor \"\(refusal.tensors[0])\" is not in the index")
    }

    /// It costs its owner nothing; neither memory nor time is spent on it.
    @Test func aSparseConfigurationOfATerabyteIsRefusedInOneLine() throws {
        let folder = try TemporaryFolder()
        let path = try folder.write("config.json", "{}")
        #expect(unsafe truncate(path, 1 << 40) == 0)
        let error = try #require(throws: CheckpointError.self) {
            try Checkpoint(folder: folder.path)
        }
        #expect(error.description.contains("unreasonably large"), "\(error)")
        #expect(!error.description.contains("\n"))
    }

    @Test func aFolderWithoutItsFilesIsRefusedByName() throws {
        let folder = try TemporaryFolder()
        var error = try #require(throws: CheckpointError.self) {
            try Checkpoint(folder: folder.path)
        }
        #expect(error.path.hasSuffix("config.json"))
        let config = try folder.write("config.json", "{}")
        error = try #require(throws: CheckpointError.self) { try Checkpoint(folder: folder.path) }
        #expect(error.message.contains("model.safetensors"))
        error = try #require(throws: CheckpointError.self) { try Checkpoint(folder: config) }
        #expect(error.message.contains("not a folder"))
        error = try #require(throws: CheckpointError.self) {
            try Checkpoint(folder: folder.path + "/none")
        }
        #expect(error.message.contains("no such folder"))
    }
}

struct ModelConfigurationTests {
    private func configuration(_ text: String) throws -> ModelConfiguration {
        ModelConfiguration(path: "config.json", json: try JSON(parsing: text))
    }

    @Test func bothDialectsGiveTheSameRotary() throws {
        let old = try configuration(
            """
            {"rope_theta": 500000.0, "rope_scaling": {"rope_type": "llama3", "factor": 8.0,
             "low_freq_factor": 1.0, "high_freq_factor": 4.0,
             "original_max_position_embeddings": 64}, "torch_dtype": "bfloat16"}
            """
        )
        let new = try configuration(
            """
            {"rope_parameters": {"rope_theta": 500000.0, "rope_type": "llama3", "factor": 8.0,
             "low_freq_factor": 1.0, "high_freq_factor": 4.0,
             "original_max_position_embeddings": 64}, "dtype": "bfloat16"}
            """
        )
        #expect(try old.rotary() == new.rotary())
        #expect(try old.rotary().theta == 500_000)
        #expect(old.elementTypeName == "bfloat16" && new.elementTypeName == "bfloat16")
    }

    @Test func aNullOfOneDialectDoesNotHideTheOther() throws {
        let linear = ModelConfiguration.Rotary(theta: 5000, scaling: .linear(factor: 2))
        for text in [
            #"{"rope_parameters": null, "rope_scaling": {"type": "linear", "factor": 2}, "#,
            #"{"rope_scaling": {"rope_type": null, "type": "linear", "factor": 2}, "#,
            #"{"rope_scaling": null, "rope_parameters": {"rope_type": "linear", "factor": 2}, "#,
        ] {
            let configuration = try configuration(
                text + #""rope_theta": 5000, "dtype": null, "torch_dtype": "float16"}"#
            )
            #expect(try configuration.rotary() == linear)
            #expect(configuration.elementTypeName == "float16")
        }
    }

    @Test func defaultsAreThoseOfTransformers() throws {
        let empty = try configuration("{}")
        #expect(try empty.rotary() == ModelConfiguration.Rotary(theta: 10_000, scaling: .none))
        #expect(empty.endTokens.isEmpty)
        #expect(try configuration(#"{"eos_token_id": 7}"#).endTokens == [7])
        #expect(try configuration(#"{"eos_token_id": [7, 8]}"#).endTokens == [7, 8])
        #expect(try configuration(#"{"rope_scaling": null}"#).rotary().scaling == .none)
    }

    @Test(arguments: [
        #"{"rope_theta": 0}"#, #"{"rope_theta": "x"}"#, #"{"rope_scaling": 3}"#,
        #"{"rope_scaling": {"type": "yarn"}}"#, #"{"rope_scaling": {"rope_type": 3}}"#,
        #"{"rope_scaling": {"rope_type": ["llama3"], "type": "linear"}}"#,
        #"{"rope_scaling": {"rope_type": "llama3", "low_freq_factor": 4, "high_freq_factor": 4}}"#,
        #"{"rope_scaling": {"rope_type": "linear", "factor": 0}}"#,
    ])
    func refusesRotaryParametersThatCannotBe(text: String) throws {
        let configuration = try configuration(text)
        #expect(throws: CheckpointError.self) { try configuration.rotary() }
    }

    @Test func numbersOutOfRangeNameTheKeyAndTheRange() throws {
        let configuration = try configuration(#"{"hidden_size": -4, "x": 1.5, "y": "z"}"#)
        let error = try #require(throws: CheckpointError.self) {
            try configuration.integer("hidden_size", in: 8...64)
        }
        #expect(error.message == "\"hidden_size\" must be a whole number from 8 to 64, found -4")
        #expect(throws: CheckpointError.self) { try configuration.integer("x", in: 0...9) }
        #expect(throws: CheckpointError.self) { try configuration.integer("y", in: 0...9) }
        #expect(throws: CheckpointError.self) { try configuration.integer("absent", in: 0...9) }
        #expect(throws: CheckpointError.self) { try configuration.flag("y", default: true) }
        #expect(throws: CheckpointError.self) { try configuration.architecture }
    }
}
