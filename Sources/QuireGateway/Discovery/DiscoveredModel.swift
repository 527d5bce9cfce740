import QuireJSON

/// A model as an instance lists it at `/v1/models`.
package struct DiscoveredModel: Hashable, Sendable {
    /// The instance's own name for it.
    package var id: String
    /// vLLM's and Quire's `max_model_len`, SGLang's too; others say nothing.
    package var maxModelLength: Int?
    /// Seconds since 1970.
    package var created: Int?
    package var ownedBy: String?

    package init(
        id: String,
        maxModelLength: Int? = nil,
        created: Int? = nil,
        ownedBy: String? = nil
    ) {
        self.id = id
        self.maxModelLength = maxModelLength
        self.created = created
        self.ownedBy = ownedBy
    }
}

extension DiscoveredModel {
    /// A longer name is no name.
    package static let textBytesMax = 1024

    /// Reads the list in OpenAI's shape (`{"data": [{"id": …}]}`), which all engines speak; `nil`
    /// if it is none.
    ///
    /// From outside, so bounded: cards without a usable name, beyond `countMax`, or of a name that
    /// came before are left out.
    package static func readList(_ body: [UInt8], countMax: Int) -> [DiscoveredModel]? {
        do throws(JSONError) {
            var reader = JSONReader(body.span)
            guard try reader.peekKind() == .object else { return nil }
            var models: [DiscoveredModel]?
            try reader.beginObject()
            while let key = try reader.nextKey() {
                if key == "data", try reader.peekKind() == .array {
                    models = try readCards(&reader, countMax)
                } else {
                    try reader.skipValue()
                }
            }
            try reader.finish()
            return models
        } catch {
            // Not JSON: an instance without a list, which is what the caller counts.
            return nil
        }
    }

    private static func readCards(
        _ reader: inout JSONReader,
        _ countMax: Int
    ) throws(JSONError) -> [DiscoveredModel] {
        var models: [DiscoveredModel] = []
        var known: Set<String> = []
        try reader.beginArray()
        while try reader.nextElement() {
            guard try reader.peekKind() == .object else {
                try reader.skipValue()
                continue
            }
            let model = try readCard(&reader)
            guard isUsable(model.id), models.count < countMax, known.insert(model.id).inserted
            else { continue }
            models.append(model)
        }
        return models
    }

    private static func readCard(_ reader: inout JSONReader) throws(JSONError) -> DiscoveredModel {
        var model = DiscoveredModel(id: "")
        try reader.beginObject()
        while let key = try reader.nextKey() {
            switch (key, try reader.peekKind()) {
            case ("id", .string): model.id = try reader.readString()
            case ("owned_by", .string):
                let owner = try reader.readString()
                if isUsable(owner) { model.ownedBy = owner }
            case ("max_model_len", .number):
                model.maxModelLength = try reader.readNumber().int.flatMap { $0 > 0 ? $0 : nil }
            case ("created", .number): model.created = try reader.readNumber().int
            default: try reader.skipValue()
            }
        }
        return model
    }

    private static func isUsable(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.count <= textBytesMax
    }
}
