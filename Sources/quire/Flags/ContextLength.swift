import ArgumentParser

/// `--max-model-len`: a number, or `auto` (also `-1`), which takes what fits.
enum ContextLength: ExpressibleByArgument, Hashable {
    case automatic
    case tokens(Int)

    init?(argument: String) {
        if argument == "auto" || argument == "-1" {
            self = .automatic
        } else if let number = HumanNumber(argument: argument), number.value > 0 {
            self = .tokens(number.value)
        } else {
            return nil
        }
    }
}
