import QuireEngine
import QuireHTTP
import QuireOpenAI

/// What a route leads to.
///
/// One value per server; called on any loop, and answers on the stream's own.
protocol Endpoint: Sendable {
    func respond(to request: HTTPRequest, on stream: HTTPStream)
}

/// What the endpoints of one server share; all of it is free to cross threads.
struct ServerContext: Sendable {
    let model: ServedModel
    let options: ServerOptions
    let clock: ServerClock
    let engine: Engine
    let lanes: LaneSet
    let preprocessor: Preprocessor
    let preparer: RequestPreparer
}
