import Glibc
import QuireCheckpoint
import QuireJSON
import QuireKernels
import QuireTestSupport
import Testing

struct SafetensorsFileTests {
    /// A file with this header text and so many bytes of data.
    private func file(header: String, dataCount: Int, claiming claimed: UInt64? = nil) -> [UInt8] {
        let headerBytes = Array(header.utf8)
        var length = claimed ?? UInt64(headerBytes.count)
        var bytes: [UInt8] = []
        for _ in 0..<8 {
            bytes.append(UInt8(truncatingIfNeeded: length))
            length >>= 8
        }
        return bytes + headerBytes + [UInt8](repeating: 7, count: dataCount)
    }

    @Test func readsNamesTypesShapesAndBytes() throws {
        let folder = try TemporaryFolder()
        let header = """
            {"__metadata__":{"format":"pt"},"b":{"dtype":"I64","shape":[],"data_offsets":[12,20]},\
            "a":{"dtype":"BF16","shape":[2,3],"data_offsets":[0,12]}}
            """
        let path = try folder.write("x", file(header: header, dataCount: 20))
        let tensors = try SafetensorsFile(path: path).tensors
        #expect(tensors.map(\.name) == ["a", "b"])
        #expect(tensors[0].shape == [2, 3] && tensors[0].type == .bf16)
        #expect(unsafe tensors[0].bytes.count == 12 && tensors[0].bytes[0] == 7)
        #expect(tensors[0].matrix.rows == 2 && tensors[0].matrix.columns == 3)
        #expect(tensors[1].matrix.rows == 1 && tensors[1].matrix.columns == 1)
    }

    private static let f32x2 = #""dtype":"F32","shape":[2]"#

    @Test(arguments: [
        (#"{"a":{\#(f32x2),"data_offsets":[0,8]}}"#, 7, "truncated"),
        (#"{"a":{\#(f32x2),"data_offsets":[0,8]}}"#, 9, "after the last tensor"),
        (#"{"a":{\#(f32x2),"data_offsets":[0,4]}}"#, 4, "data_offsets hold 4"),
        (#"{"a":{\#(f32x2),"data_offsets":[8,0]}}"#, 8, "ascending"),
        (#"{"a":{\#(f32x2),"data_offsets":[-8,0]}}"#, 8, "negative"),
        (#"{"a":{\#(f32x2),"data_offsets":[0]}}"#, 8, "data_offsets"),
        (#"{"a":{\#(f32x2),"data_offsets":[0,8,16]}}"#, 8, "at most 2"),
        (
            #"{"a":{\#(f32x2),"data_offsets":[0,8]},"b":{\#(f32x2),"data_offsets":[4,12]}}"#, 12,
            "overlaps"
        ),
        (
            #"{"a":{\#(f32x2),"data_offsets":[0,8]},"b":{\#(f32x2),"data_offsets":[0,8]}}"#, 8,
            "overlaps"
        ),
        (#"{"a":{\#(f32x2),"data_offsets":[4,12]}}"#, 12, "gap"),
        (
            #"{"a":{"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,0]}}"#, 0,
            "overflows"
        ),
        (
            #"{"a":{"dtype":"F32","shape":[1,1,1,1,1,1,1,1,2],"data_offsets":[0,8]}}"#, 8,
            "at most 8"
        ),
        (#"{"a":{"dtype":"F3","shape":[2],"data_offsets":[0,8]}}"#, 8, "unknown dtype F3"),
        (#"{"a":{"dtype":"F32","shape":[2.5],"data_offsets":[0,8]}}"#, 8, "integer"),
        (#"{"a":{"dtype":"F32","shape":"2","data_offsets":[0,8]}}"#, 8, "array"),
        (#"{"a":{"shape":[2],"data_offsets":[0,8]}}"#, 8, "dtype"),
        (
            #"{"a":{\#(f32x2),"data_offsets":[0,8]},"a":{\#(f32x2),"data_offsets":[8,16]}}"#, 16,
            "twice"
        ),
        (#"{"a":[]}"#, 0, "object"),
        ("[]", 0, "object"), ("", 0, "object"), ("{", 0, "ends"), ("{} x", 0, "after the end"),
    ])
    func refusesABadHeader(header: String, dataCount: Int, fragment: String) throws {
        let folder = try TemporaryFolder()
        let path = try folder.write("x", file(header: header, dataCount: dataCount))
        let error = try #require(throws: CheckpointError.self) { try SafetensorsFile(path: path) }
        #expect(error.path == path)
        #expect(error.message.contains(fragment), "\(error)")
    }

    @Test func refusesHeaderBombsAndShortFiles() throws {
        let folder = try TemporaryFolder()
        for (index, content) in [
            file(header: "{}", dataCount: 0, claiming: .max),
            file(header: "{}", dataCount: 0, claiming: 100_000_001),
            file(header: "{}", dataCount: 0, claiming: 3), [], [1, 2, 3],
            file(header: String(repeating: "{\"a\":", count: 50), dataCount: 0),
        ].enumerated() {
            let path = try folder.write("\(index)", content)
            #expect(throws: CheckpointError.self, "case \(index)") {
                try SafetensorsFile(path: path)
            }
        }
    }

    @Test func refusesWhatIsNoRegularFileWithoutBlocking() throws {
        let folder = try TemporaryFolder()
        let fifo = folder.path + "/fifo"
        #expect(unsafe mkfifo(fifo, 0o600) == 0)
        for path in [fifo, folder.path, folder.path + "/none", "/dev/zero"] {
            #expect(throws: CheckpointError.self) { try SafetensorsFile(path: path) }
        }
    }

    @Test func everyTruncationOfARealFileIsRefused() throws {
        let folder = try TemporaryFolder()
        let content = try Assets.bytes("tiny/llama_sharded/model-00003-of-00003.safetensors")
        for count in stride(from: 0, to: content.count, by: 997) {
            let path = try folder.write("x", Array(content[..<count]))
            #expect(throws: CheckpointError.self) { try SafetensorsFile(path: path) }
        }
    }

    @Test func flippedHeaderBytesNeverTrap() throws {
        let folder = try TemporaryFolder()
        let content = try Assets.bytes("tiny/llama_sharded/model-00003-of-00003.safetensors")
        var state: UInt64 = 42
        for _ in 0..<500 {
            var mutated = content
            for _ in 0..<3 {
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                mutated[Int(state >> 33) % 1200] = UInt8(truncatingIfNeeded: state >> 20)
            }
            let path = try folder.write("x", mutated)
            // Either outcome is fine; what must not happen is a trap.
            let outcome = Result { try SafetensorsFile(path: path) }
            if case .failure(let error) = outcome { #expect(error is CheckpointError) }
        }
    }
}
