import QuireServer

/// One server with the real model for all tests that only ask: it lives as long as the process.
enum SharedServer {
    static let stories: Result<LiveServer, any Error> = Result { try LiveServer.stories() }
}

/// The golden of the assets that most tests ask for.
enum Story {
    static let prompt = "Once upon a time"
    static let promptIDs: [Int32] = [1, 403, 407, 261, 378]
    static let begin =
        ", there was a little girl named Lily. She loved to play outside in the park."
}
