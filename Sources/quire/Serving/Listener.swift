import Glibc
import NIOCore
import NIOPosix
import QuireHTTP
import QuireServer

/// Opens the socket that clients come to, and says in a sentence why it cannot be opened.
enum Listener {
    /// What every listener of the program has in common.
    static var configuration: HTTPServerConfiguration {
        var configuration = HTTPServerConfiguration()
        configuration.errorBody = { APIServer.errorBody($0, $1) }
        configuration.serverName = "quire"
        return configuration
    }

    /// Listens on the first free port of the range.
    static func open(
        _ responder: any HTTPResponder,
        host: String,
        ports: Range<Int>,
        group: any EventLoopGroup,
        configuration: HTTPServerConfiguration = Listener.configuration
    ) throws -> (HTTPServer, busy: [Int]) {
        var busy: [Int] = []
        for port in ports {
            do {
                let server = try HTTPServer.start(
                    on: .host(host, port: port),
                    group: group,
                    configuration: configuration,
                    responder: responder
                ).wait()
                return (server, busy)
            } catch let error as IOError where error.errnoCode == EADDRINUSE {
                busy.append(port)
            } catch let error as IOError {
                let reason =
                    switch error.errnoCode {
                    case EACCES: "the port needs privileges; give one above 1023 with --port"
                    case EADDRNOTAVAIL: "this machine has no such address; give another with --host"
                    default: "\(error)"
                    }
                throw StartError("cannot listen on \(host), port \(port): \(reason)")
            } catch {
                throw StartError("cannot listen on --host \(host): no such host or address")
            }
        }
        guard let first = busy.first, let last = busy.last else {
            throw StartError("cannot listen on \(host): no port to try")
        }
        let which = first == last ? "port \(first) is" : "ports \(first) to \(last) are"
        let holder = PortHolder.describe(port: first).map { " by \($0)" } ?? ""
        throw StartError(
            "cannot listen on \(host): \(which) in use\(holder); give another one with --port"
        )
    }
}
