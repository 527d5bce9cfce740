// swift-tools-version: 6.2
import PackageDescription

/// Every Swift target is built with the same strictness; a warning is an error.
let settings: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableExperimentalFeature("Lifetimes"),
    .strictMemorySafety(),
    .treatAllWarnings(as: .error),
]

/// A library target: one sentence of the house, and what it may import.
func library(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: settings)
}

/// The tests of one target; they see the target, its own imports and the test support.
func tests(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .testTarget(
        name: name + "Tests",
        dependencies: [.init(stringLiteral: name), "QuireTestSupport"] + dependencies,
        swiftSettings: settings
    )
}

let nioCore = Target.Dependency.product(name: "NIOCore", package: "swift-nio")
let nioPosix = Target.Dependency.product(name: "NIOPosix", package: "swift-nio")
let nioEmbedded = Target.Dependency.product(name: "NIOEmbedded", package: "swift-nio")
let argumentParser = Target.Dependency.product(
    name: "ArgumentParser",
    package: "swift-argument-parser"
)

let yams = Target.Dependency.product(name: "Yams", package: "Yams")

let package = Package(
    name: "quire",
    platforms: [.macOS("26.0")],
    dependencies: [
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    ],
    targets: [
        .target(name: "CQuireKernels"),
        // Counts allocations in tests, by interposing malloc.
        .target(name: "CAllocationCounter"),
        library("QuireJSON"),
        library("QuireKernels", ["CQuireKernels"]),
        library("QuireCheckpoint", ["QuireKernels", "QuireJSON"]),
        library("QuireTokenizer", ["QuireJSON"]),
        library("QuireTemplate", ["QuireJSON"]),
        library("QuireModels", ["QuireKernels", "QuireCheckpoint"]),
        library("QuireTelemetry"),
        library("QuireEngine", ["QuireModels", "QuireKernels", "QuireTelemetry"]),
        library("QuireOpenAI", ["QuireJSON", nioCore]),
        library("QuireHTTP", [nioCore, nioPosix]),
        library(
            "QuireServer",
            [
                "QuireEngine", "QuireTokenizer", "QuireTemplate", "QuireOpenAI", "QuireHTTP",
                "QuireTelemetry", "QuireJSON", nioCore,
            ]
        ),
        library("QuireClient", ["QuireHTTP", "QuireJSON", nioCore, nioPosix]),
        library(
            "QuireGateway",
            ["QuireHTTP", "QuireOpenAI", "QuireTelemetry", "QuireJSON", nioCore, nioPosix]
        ),
        .executableTarget(
            name: "quire",
            dependencies: [
                "QuireGateway",
                "QuireClient", "QuireServer", "QuireEngine", "QuireModels", "QuireCheckpoint",
                "QuireKernels",
                "QuireTokenizer", "QuireTemplate", "QuireTelemetry", "QuireOpenAI", "QuireHTTP",
                "QuireJSON", nioCore, nioPosix, argumentParser, yams,
            ],
            swiftSettings: settings
        ),
        library("QuireTestSupport", ["QuireJSON"]),
        tests("QuireJSON"),
        tests("QuireKernels"),
        tests("QuireCheckpoint", ["QuireKernels", "QuireJSON"]),
        tests("QuireTokenizer", ["QuireJSON"]),
        tests("QuireTemplate", ["QuireJSON"]),
        tests("QuireModels", ["QuireKernels", "QuireCheckpoint", "QuireJSON"]),
        tests("QuireTelemetry"),
        tests(
            "QuireEngine",
            [
                "QuireModels", "QuireKernels", "QuireTelemetry", "QuireCheckpoint", "QuireJSON",
                "CAllocationCounter",
            ]
        ),
        tests("QuireOpenAI", ["QuireJSON", nioCore]),
        tests("QuireHTTP", [nioCore, nioPosix, nioEmbedded]),
        tests(
            "QuireGateway",
            [
                "QuireHTTP", "QuireOpenAI", "QuireTelemetry", "QuireJSON", nioCore, nioPosix,
                nioEmbedded,
            ]
        ),
        tests("QuireClient", ["QuireHTTP", "QuireJSON", nioCore, nioPosix]),
        tests(
            "QuireServer",
            [
                "QuireEngine", "QuireTokenizer", "QuireTemplate", "QuireOpenAI", "QuireHTTP",
                "QuireTelemetry", "QuireModels", "QuireCheckpoint", "QuireKernels", "QuireJSON",
                nioCore, nioPosix,
            ]
        ),
    ],
    swiftLanguageModes: [.v6],
    cLanguageStandard: .c11
)
