package import NIOCore
package import QuireHTTP
import QuireJSON
import QuireOpenAI

/// What the operator asks for on a listener of its own: the state of every upstream, and a hand on
/// them.
///
///     GET  /admin/status
///     POST /admin/upstreams/{name}/drain | undrain | eject
///     POST /admin/upstreams/{name}/weight   {"weight": 3}
///     POST /admin/reload
///
/// Sendable; called on any loop of its server. Every request must bring the token, since a page in
/// a browser on the operator's machine can reach a loopback address too.
package final class AdminResponder: HTTPResponder {
    private enum Endpoint: Sendable {
        case status
        case upstream
        case reload
    }

    private let core: GatewayCore
    private let token: BearerToken
    private let reloads: ConfigurationReloads
    private let reload: (@Sendable () -> EventLoopFuture<ReloadReport>)?
    private let router: HTTPRouter<Endpoint>

    /// `reload` reads the configuration again; `nil` where there is no file of one.
    package init(
        _ core: GatewayCore,
        token: String,
        reloads: ConfigurationReloads,
        reload: (@Sendable () -> EventLoopFuture<ReloadReport>)?
    ) {
        self.core = core
        self.token = BearerToken(token)
        self.reloads = reloads
        self.reload = reload
        var router = HTTPRouter<Endpoint>()
        router.add(.get, "/admin/status", .status)
        router.add(.post, "/admin/upstreams/{action}", .upstream)
        router.add(.post, "/admin/reload", .reload)
        self.router = router
    }

    package func respond(to request: HTTPRequest, on stream: HTTPStream) {
        guard token.admits(request.head.fields.firstSlice("authorization")) else {
            return stream.respond(
                .unauthorized(
                    "The admin's token is needed: send it as 'Authorization: Bearer TOKEN'."
                )
            )
        }
        var request = request
        switch router.match(&request) {
        case .found(.status):
            stream.respond(json: AdminStatus.json(core, reloads.state))
        case .found(.upstream):
            do throws(OpenAIError) {
                stream.respond(json: try change(request))
            } catch {
                stream.respond(error)
            }
        case .found(.reload):
            respondReload(on: stream)
        case .methodNotAllowed(let allow):
            stream.respond(.methodNotAllowed("This path takes \(allow)."))
        case .notFound:
            stream.respond(.notFound("There is no such path; GET /admin/status shows the state."))
        }
    }

    // MARK: Upstreams

    /// Does what the last part of the path says to the upstream that the rest of it names.
    private func change(_ request: HTTPRequest) throws(OpenAIError) -> JSON {
        // Names have slashes where a base URL has a path; actions have none.
        let parameter = request.pathParameter ?? ""
        guard let slash = parameter.lastIndex(of: "/") else {
            throw .notFound("Name the upstream and the action: /admin/upstreams/NAME/drain.")
        }
        let name = String(parameter[..<slash])
        let action = parameter[parameter.index(after: slash)...]
        let id = core.withFleet { fleet, now in
            fleet.status(now: now).first { $0.name == name && !$0.isRetired }?.id
        }
        guard let id else { throw .notFound("No upstream is named \(name).") }
        switch action {
        case "drain": _ = core.withFleet { fleet, _ in fleet.drain(id) }
        case "eject": _ = core.withFleet { fleet, _ in fleet.eject(id) }
        case "undrain": core.grant { fleet, now in fleet.undrain(id, now: now) }
        case "weight":
            let weight = try Self.weight(request.body)
            core.grant { fleet, now in fleet.setWeight(id, weight, now: now) }
        default:
            throw .notFound("There is no action \(action); drain, undrain, eject and weight are.")
        }
        let status = core.withFleet { fleet, now in
            fleet.status(now: now).first { $0.id == id }
        }
        guard let status else { throw .notFound("No upstream is named \(name).") }
        return AdminStatus.json(status)
    }

    private static func weight(_ body: ByteBuffer) throws(OpenAIError) -> Int {
        let json: JSON
        do throws(JSONError) {
            json = try JSON(parsing: Array(body.readableBytesView))
        } catch {
            throw .badRequest("The body is not JSON: \(error)")
        }
        guard let weight = json["weight"]?.int, (0...1_000_000).contains(weight) else {
            throw .badRequest("Send {\"weight\": N}, N from 0 to 1000000.", param: "weight")
        }
        return weight
    }

    // MARK: Reload

    private func respondReload(on stream: HTTPStream) {
        guard let reload else {
            return stream.respond(.badRequest("The gateway was started without a file: --config."))
        }
        let bound = NIOLoopBound(stream, eventLoop: stream.eventLoop)
        reload().hop(to: stream.eventLoop).whenComplete { result in
            switch result {
            case .success(.accepted(let upstreamCount, let notes)):
                let members: JSONObject = [
                    "reloaded": .bool(true), "upstreams": .int(upstreamCount),
                    "notes": .array(notes.map { .string($0) }),
                ]
                bound.value.respond(json: .object(members))
            case .success(.refused(let reason)):
                bound.value.respond(.badRequest("The old configuration stays. \(reason)"))
            case .failure:
                bound.value.respond(.internalError("The reload did not come to an end."))
            }
        }
    }
}

extension HTTPStream {
    fileprivate func respond(json: JSON) {
        var body = ByteBuffer()
        body.writeTree(json)
        respond(status: 200, headers: [("content-type", "application/json")], body: body)
    }
}

extension ByteBuffer {
    /// Writes a tree as compact JSON.
    ///
    /// For answers to operators: no hot path builds a tree.
    fileprivate mutating func writeTree(_ value: JSON) {
        switch value {
        case .null: writeStaticString("null")
        case .bool(let value): writeString(value ? "true" : "false")
        case .int(let value): writeJSONInteger(value)
        case .double(let value): writeString(value.isFinite ? "\(value)" : "null")
        case .string(let text): writeJSONString(text)
        case .array(let values):
            writeStaticString("[")
            for (index, value) in values.enumerated() {
                if index > 0 { writeStaticString(",") }
                writeTree(value)
            }
            writeStaticString("]")
        case .object(let object):
            writeStaticString("{")
            for (index, member) in object.members.enumerated() {
                if index > 0 { writeStaticString(",") }
                writeJSONString(member.key)
                writeStaticString(":")
                writeTree(member.value)
            }
            writeStaticString("}")
        }
    }
}
