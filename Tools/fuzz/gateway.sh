# Builds a fuzzer of the gateway's bytes; sourced by gateway-*/run.sh from the root of the repository,
# with its folder's name in $target. Leaves the fuzzer and an empty corpus in $out.

# Gives the modules and objects of NIO, which all buffers come from.
swift build -c release --target QuireOpenAI
build=.build/release
out=.build/fuzz/$target
mkdir -p "$out/corpus"

includes=()
for folder in .build/checkouts/*/Sources/*/include; do includes+=(-Xcc -I -Xcc "$folder"); done
for map in "$build"/*.build/module.modulemap; do includes+=(-Xcc "-fmodule-map-file=$map"); done
objects=()
for name in NIOCore CNIOLinux CNIODarwin CNIOWindows CNIOWASI CNIOOpenBSD CNIOFreeBSD CNIOAtomics \
    _NIOBase64 _NIODataStructures NIOConcurrencyHelpers DequeModule InternalCollectionsUtilities \
    ContainersPreview Atomics _AtomicsShims; do
    [ -d "$build/$name.build" ] || continue
    while IFS= read -r object; do objects+=("$object"); done < <(find "$build/$name.build" -name '*.o')
done

features=(-O -parse-as-library -package-name quire -swift-version 6
    -enable-experimental-feature Lifetimes -enable-upcoming-feature InternalImportsByDefault
    -enable-upcoming-feature ExistentialAny -I "$out" -I "$build/Modules" "${includes[@]}")
for module in QuireJSON QuireOpenAI; do
    find "Sources/$module" -name '*.swift' -print0 | xargs -0 swiftc "${features[@]}" -wmo \
        -sanitize=fuzzer,address -module-name "$module" -emit-module \
        -emit-module-path "$out/$module.swiftmodule" -c -o "$out/$module.o"
    objects+=("$out/$module.o")
done
swiftc "${features[@]}" -sanitize=fuzzer,address -module-name GatewayFuzz \
    Sources/QuireGateway/Body/*.swift Sources/QuireGateway/Events/*.swift \
    Sources/QuireGateway/Answers/*.swift "Tools/fuzz/$target"/*.swift "${objects[@]}" -o "$out/fuzzer"
