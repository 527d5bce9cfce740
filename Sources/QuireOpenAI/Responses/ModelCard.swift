package import NIOCore

/// One served model as `/v1/models` lists it and `/v1/models/{id}` returns it.
package struct ModelCard: Sendable, Hashable {
    package var id: String
    /// Seconds since 1970.
    package var created: Int
    /// The model that the name stands for, as it was given to the server, but never a path.
    package var root: String
    package var maxModelLength: Int

    package init(id: String, created: Int, root: String, maxModelLength: Int) {
        self.id = id
        self.created = created
        self.root = root
        self.maxModelLength = maxModelLength
    }

    /// Writes the card.
    package func write(into buffer: inout ByteBuffer) {
        buffer.writeStaticString(#"{"id":"#)
        buffer.writeJSONString(id)
        buffer.writeStaticString(#","object":"model","created":"#)
        buffer.writeJSONInteger(created)
        buffer.writeStaticString(#","owned_by":"quire","root":"#)
        buffer.writeJSONString(root)
        buffer.writeStaticString(#","parent":null,"max_model_len":"#)
        buffer.writeJSONInteger(maxModelLength)
        // Old clients insist on the permission object; nobody reads its id, so it is the model's.
        buffer.writeStaticString(#","permission":[{"id":"#)
        buffer.writeJSONString("modelperm-" + id)
        buffer.writeStaticString(#","object":"model_permission","created":"#)
        buffer.writeJSONInteger(created)
        buffer.writeStaticString(#","allow_create_engine":false,"allow_sampling":true,"#)
        buffer.writeStaticString(#""allow_logprobs":true,"allow_search_indices":false,"#)
        buffer.writeStaticString(#""allow_view":true,"allow_fine_tuning":false,"#)
        buffer.writeStaticString(#""organization":"*","group":null,"is_blocking":false}]}"#)
    }

    /// Writes the list of all models.
    package static func writeList(_ cards: [ModelCard], into buffer: inout ByteBuffer) {
        buffer.writeStaticString(#"{"object":"list","data":"#)
        buffer.writeJSONList(cards) { buffer, card in card.write(into: &buffer) }
        buffer.writeStaticString("}")
    }
}
