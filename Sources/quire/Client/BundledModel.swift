import Glibc

/// Finds the model that comes with the program, and the documents beside it.
enum BundledModel {
    /// What requests call it.
    static let name = "quire"

    /// The model folder: in `QUIRE_HOME` if that is set, else where an installation
    /// (`PREFIX/share/quire/model` of `PREFIX/bin/quire`) or a build in its repository has it.
    ///
    /// - Throws: Where there is none: what to set, or that `QUIRE_HOME` is wrong. A wrong one is
    ///   not passed over, or another model than the one meant would answer.
    static func folder() throws(StartError) -> String {
        if let home = unsafe getenv("QUIRE_HOME") {
            let home = unsafe String(cString: home)
            if !home.isEmpty { return try folder(inHome: home) }
        }
        let folders = places().map(\.model)
        if let found = folders.first(where: holdsModel) { return found }
        throw StartError(
            "the bundled model is not where it is looked for (\(folders.joined(separator: ", "))). "
                + "Set QUIRE_HOME to a folder with model/ in it, or name a model: "
                + "quire run FOLDER, quire up --model FOLDER"
        )
    }

    private static func folder(inHome home: String) throws(StartError) -> String {
        let folders = [home + "/model", home + "/Resources/model"]
        if let found = folders.first(where: holdsModel) { return found }
        let hint =
            holdsModel(home)
            ? "it is a model folder itself: set QUIRE_HOME to the folder above, if this one is called "
                + "model, or name it with quire run FOLDER, quire up --model FOLDER"
            : "there is no config.json in \(folders.joined(separator: " or "))"
        throw StartError("QUIRE_HOME is \(home), but \(hint)")
    }

    private static func holdsModel(_ folder: String) -> Bool {
        unsafe access(folder + "/config.json", R_OK) == 0
    }

    /// The folder of the documents; nil if they did not come along, as with a copied binary.
    static func documents() -> String? {
        places().map(\.documents).first { unsafe access($0 + "/quick-start.md", R_OK) == 0 }
    }

    /// Where the program's files may lie, from its own path, links resolved.
    private static func places() -> [(model: String, documents: String)] {
        var parts = SymbolicLink.target(of: "/proc/self/exe").split(separator: "/").dropLast()
        let prefix = "/" + parts.dropLast().joined(separator: "/")
        var places = [
            (model: prefix + "/share/quire/model", documents: prefix + "/share/doc/quire")
        ]
        // Beside the binary, and above it: a build lies three folders deep in its repository.
        for _ in 0..<4 where !parts.isEmpty {
            let folder = "/" + parts.joined(separator: "/")
            places.append((model: folder + "/Resources/model", documents: folder + "/docs"))
            parts = parts.dropLast()
        }
        return places
    }
}

/// Where a symbolic link points.
enum SymbolicLink {
    /// The link's content; empty if it cannot be read.
    static func target(of path: String) -> String {
        var buffer = [CChar](repeating: 0, count: 4096)
        let count = unsafe readlink(path, &buffer, buffer.count)
        let bytes = buffer.prefix(max(0, count)).map { UInt8(bitPattern: $0) }
        return String(decoding: bytes, as: UTF8.self)
    }
}
