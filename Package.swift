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

let package = Package(
    name: "quire",
    platforms: [.macOS("26.0")],
    targets: [
        library("QuireJSON"),
        library("QuireKernels"),
        library("QuireCheckpoint", ["QuireKernels", "QuireJSON"]),
        library("QuireModels", ["QuireKernels", "QuireCheckpoint"]),
        library("QuireTelemetry"),
        library("QuireTestSupport", ["QuireJSON"]),
        tests("QuireJSON"),
        tests("QuireCheckpoint", ["QuireKernels", "QuireJSON"]),
        tests("QuireTelemetry"),
    ],
    swiftLanguageModes: [.v6],
    cLanguageStandard: .c11
)
