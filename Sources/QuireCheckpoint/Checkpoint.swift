import Glibc
import QuireJSON

/// A model folder in the Hugging Face layout: `config.json` and the weights, in
/// `model.safetensors` or in shards that `model.safetensors.index.json` names.
package struct Checkpoint: Sendable {
    package let folder: String
    package let configuration: ModelConfiguration
    /// All tensors by name.
    package let tensors: [String: CheckpointTensor]

    /// Reads the configuration and maps the weights; no weight is read yet.
    package init(folder: String) throws(CheckpointError) {
        var status = stat()
        guard unsafe stat(folder, &status) == 0 else {
            throw CheckpointError(folder, "no such folder; give the path of a model folder")
        }
        guard status.st_mode & S_IFMT == S_IFDIR else {
            throw CheckpointError(folder, "not a folder; give the folder that holds config.json")
        }
        self.folder = folder
        self.configuration = try ModelConfiguration(path: folder + "/config.json")
        if Self.exists(folder + "/model.safetensors.index.json") {
            tensors = try Self.loadShards(of: folder)
        } else if Self.exists(folder + "/model.safetensors") {
            let file = try SafetensorsFile(path: folder + "/model.safetensors")
            tensors = Dictionary(
                file.tensors.map { ($0.name, $0) },
                uniquingKeysWith: { first, _ in first }
            )
        } else {
            throw CheckpointError(
                folder,
                "neither model.safetensors nor model.safetensors.index.json is there"
            )
        }
    }

    /// Lets go of the weights' pages once they have been copied elsewhere.
    ///
    /// They stay in the page cache, but no longer count as this process's memory.
    package func releasePages() {
        let files = Dictionary(
            tensors.values.map { (ObjectIdentifier($0.file), $0.file) },
            uniquingKeysWith: { first, _ in first }
        )
        for file in files.values { file.releasePages() }
    }

    static func json(path: String) throws(CheckpointError) -> JSON {
        let content = try MappedFile(path: path).copyContent()
        do throws(JSONError) {
            return try JSON(parsing: content)
        } catch {
            throw CheckpointError(path, error.description)
        }
    }

    private static func exists(_ path: String) -> Bool { unsafe access(path, F_OK) == 0 }

    private static func loadShards(
        of folder: String
    ) throws(CheckpointError) -> [String: CheckpointTensor] {
        let indexPath = folder + "/model.safetensors.index.json"
        guard let map = try json(path: indexPath)["weight_map"]?.object else {
            throw CheckpointError(indexPath, "has no \"weight_map\" object")
        }
        var namesByShard: [String: Set<String>] = [:]
        for member in map.members {
            guard let shard = member.value.string else {
                throw CheckpointError(indexPath, "\"\(member.key)\" does not name a file")
            }
            guard !shard.isEmpty, shard != ".", shard != "..", !shard.utf8.contains(0x2F),
                !shard.utf8.contains(0)
            else {
                throw CheckpointError(
                    indexPath,
                    "\"\(member.key)\" names the file \"\(shard)\", which leaves the folder"
                )
            }
            namesByShard[shard, default: []].insert(member.key)
        }
        var tensors: [String: CheckpointTensor] = [:]
        for (shard, names) in namesByShard.sorted(by: { $0.key < $1.key }) {
            let path = folder + "/" + shard
            let file = try SafetensorsFile(path: path)
            let byName = Dictionary(
                file.tensors.map { ($0.name, $0) },
                uniquingKeysWith: { first, _ in first }
            )
            for name in names {
                guard let tensor = byName[name] else {
                    throw CheckpointError(
                        path,
                        "tensor \"\(name)\" is missing, which the index places here"
                    )
                }
                tensors[name] = tensor
            }
            if let stray = byName.keys.filter({ !names.contains($0) }).min() {
                throw CheckpointError(path, "tensor \"\(stray)\" is not in the index")
            }
        }
        return tensors
    }
}
