/// Why a message was refused, with the status that says so to a client.
///
/// After an error the byte stream has no known position any more: the connection must be closed.
package enum HTTPParseError: Error, Equatable {
    case startLineTooLong
    case headerTooLarge
    case tooManyFields
    case bodyTooLarge
    case bareLineFeed
    case malformedStartLine
    case invalidMethod
    case invalidTarget
    case connectNotSupported
    case malformedVersion
    case versionNotSupported
    case invalidStatus
    case foldedField
    case spaceBeforeColon
    case invalidFieldName
    case invalidFieldValue
    case missingHost
    case duplicateHost
    case invalidHost
    case invalidContentLength
    case conflictingContentLength
    case contentLengthWithTransferEncoding
    case transferEncodingInHTTP10
    case duplicateTransferEncoding
    case transferEncodingNotSupported
    case unknownExpectation
    case invalidChunkSize
    case chunkExtensionTooLong
    case invalidChunk
    /// The peer closed the connection inside a message.
    case truncated

    /// The status that answers a request with this fault.
    package var status: Int {
        switch self {
        case .startLineTooLong: 414
        case .headerTooLarge, .tooManyFields: 431
        case .bodyTooLarge: 413
        case .unknownExpectation: 417
        case .connectNotSupported, .transferEncodingNotSupported: 501
        case .versionNotSupported: 505
        default: 400
        }
    }

    /// What is wrong, for whoever reads the answer or the log.
    package var sentence: String {
        switch self {
        case .startLineTooLong: "The first line of the message is too long."
        case .headerTooLarge: "The header fields are too large."
        case .tooManyFields: "There are too many header fields."
        case .bodyTooLarge: "The body is larger than this server accepts."
        case .bareLineFeed: "A line does not end with CR LF."
        case .malformedStartLine: "The first line of the message is malformed."
        case .invalidMethod: "The method is not a token."
        case .invalidTarget: "The request target is malformed."
        case .connectNotSupported: "CONNECT is not supported."
        case .malformedVersion: "The HTTP version is malformed."
        case .versionNotSupported: "Only HTTP/1.0 and HTTP/1.1 are supported."
        case .invalidStatus: "The status code is malformed."
        case .foldedField: "A header field continues on a second line."
        case .spaceBeforeColon: "There is white space between a field name and its colon."
        case .invalidFieldName: "A header field name is malformed."
        case .invalidFieldValue: "A header field value has control characters."
        case .missingHost: "The Host field is missing."
        case .duplicateHost: "There is more than one Host field."
        case .invalidHost: "The Host is malformed."
        case .invalidContentLength: "The Content-Length is not a number."
        case .conflictingContentLength: "There are two different Content-Length fields."
        case .contentLengthWithTransferEncoding:
            "Content-Length and Transfer-Encoding must not come together."
        case .transferEncodingInHTTP10: "Transfer-Encoding does not exist in HTTP/1.0."
        case .duplicateTransferEncoding: "There is more than one Transfer-Encoding field."
        case .transferEncodingNotSupported: "The only supported Transfer-Encoding is chunked."
        case .unknownExpectation: "The only supported expectation is 100-continue."
        case .invalidChunkSize: "A chunk size is malformed."
        case .chunkExtensionTooLong: "The chunk extensions are too long."
        case .invalidChunk: "A chunk does not end where its size says."
        case .truncated: "The connection was closed inside a message."
        }
    }
}
