import Glibc

/// Finds the model that comes with the program.
enum BundledModel {
    /// The model folder; nil if there is none.
    ///
    /// `QUIRE_HOME` goes first. Else it is looked for beside the program, where an installation
    /// (`PREFIX/bin`, `PREFIX/share/quire/model`) or a build in its repository has it.
    static func folder() -> String? {
        candidates().first { unsafe access($0 + "/config.json", R_OK) == 0 }
    }

    private static func candidates() -> [String] {
        var folders: [String] = []
        if let home = unsafe getenv("QUIRE_HOME") {
            let home = unsafe String(cString: home)
            folders += [home + "/model", home + "/Resources/model"]
        }
        // The program's own path, links resolved: a build lies three folders deep.
        var parts = programPath().split(separator: "/").dropLast()
        if !parts.isEmpty {
            folders.append("/" + parts.dropLast().joined(separator: "/") + "/share/quire/model")
        }
        for _ in 0..<4 where !parts.isEmpty {
            folders.append("/" + parts.joined(separator: "/") + "/Resources/model")
            parts = parts.dropLast()
        }
        return folders
    }

    private static func programPath() -> String { SymbolicLink.target(of: "/proc/self/exe") }

    /// Said where a model is needed and there is none.
    static let missing = StartError(
        "no bundled model is found (set QUIRE_HOME to the folder that holds it); "
            + "name one: quire run FOLDER, quire up --model FOLDER"
    )
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
