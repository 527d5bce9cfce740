import QuireHTTP
import QuireOpenAI

/// `GET /v1/models` and `GET /v1/models/{id}`.
struct ModelsEndpoint: Endpoint {
    private let cards: [ModelCard]

    init(_ model: ServedModel) {
        cards = model.names.map {
            ModelCard(
                id: $0,
                created: model.created,
                root: model.root,
                maxModelLength: model.maxContext
            )
        }
    }

    func respond(to request: HTTPRequest, on stream: HTTPStream) {
        guard let name = request.pathParameter else {
            stream.respondJSON { ModelCard.writeList(cards, into: &$0) }
            return
        }
        guard let card = cards.first(where: { $0.id == name }) else {
            stream.respond(.modelNotFound(name))
            return
        }
        stream.respondJSON { card.write(into: &$0) }
    }
}
