#!/bin/sh
# Fuzzes the tokenizer with libFuzzer: run.sh [seconds] [corpus folder]
# Needs nothing but the Swift toolchain; the target's sources and QuireJSON are built as one module.
set -eu
seconds=${1:-60}
root=$(cd "$(dirname "$0")/../../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
corpus=${2:-$work/corpus}
mkdir -p "$corpus" "$work/sources"

# One module: access to the other target's names needs no import then.
for file in "$root"/Sources/QuireJSON/*.swift $(find "$root/Sources/QuireTokenizer" -name '*.swift') \
    "$root/Tools/fuzz/tokenizer/Driver.swift"; do
    sed -E '/^(package )?import QuireJSON$/d' "$file" >"$work/sources/$(basename "$file")"
done
swiftc -O -parse-as-library -sanitize=fuzzer -package-name quire -module-name Fuzz \
    -swift-version 6 -enable-experimental-feature Lifetimes \
    -enable-upcoming-feature ExistentialAny -enable-upcoming-feature MemberImportVisibility \
    "$work"/sources/*.swift -o "$work/fuzz"

# Seeds: small files of every shape, each with a text.
seed() { printf '%s\0%s' "$2" "$3" >"$corpus/$1"; }
bpe='"model":{"type":"BPE","unk_token":"u","fuse_unk":true,"byte_fallback":true,"vocab":{"u":0,"a":1,"b":2,"ab":3,"▁":4,"▁a":5,"<0xC3>":6,"<0xA9>":7,"Ġ":8,"Ã":9,"©":10,"Ġa":11},"merges":["a b",["▁","a"],["Ġ","a"]]}'
seed pieces '{"normalizer":{"type":"Sequence","normalizers":[{"type":"Prepend","prepend":"▁"},{"type":"Replace","pattern":{"String":" "},"content":"▁"}]},"decoder":{"type":"Sequence","decoders":[{"type":"Replace","pattern":{"String":"▁"},"content":" "},{"type":"ByteFallback"},{"type":"Fuse"},{"type":"Strip","content":" ","start":1,"stop":0}]},'"$bpe}" 'a abé ab'
seed bytes '{"normalizer":{"type":"NFC"},"pre_tokenizer":{"type":"Sequence","pretokenizers":[{"type":"Split","pattern":{"Regex":"(?i:'"'"'s|b)|\\p{L}+|\\s+(?!\\S)|[^a-c\\d]{1,3}|\\w*?x++|$"},"behavior":"MergedWithPrevious","invert":false},{"type":"ByteLevel","add_prefix_space":true,"use_regex":true},{"type":"Digits","individual_digits":true}]},"post_processor":{"type":"ByteLevel"},"decoder":{"type":"ByteLevel"},'"$bpe}" 'ab ab é12'
seed added '{"added_tokens":[{"id":20,"content":"<s>","single_word":true,"lstrip":true,"rstrip":true,"normalized":true,"special":true},{"id":21,"content":" ","lstrip":true,"rstrip":true,"normalized":false}],"normalizer":{"type":"Sequence","normalizers":[{"type":"Lowercase"},{"type":"NFD"},{"type":"StripAccents"},{"type":"Strip","strip_left":true,"strip_right":true}]},"pre_tokenizer":{"type":"Metaspace","replacement":"▁","prepend_scheme":"first","split":true},"post_processor":{"type":"TemplateProcessing","single":[{"SpecialToken":{"id":"a","type_id":0}},{"Sequence":{"id":"A","type_id":0}}],"special_tokens":{"a":{"id":"a","ids":[1],"tokens":["a"]}}},"decoder":{"type":"Metaspace","replacement":"▁","prepend_scheme":"always"},'"$bpe}" 'A <s> b  É'
"$work/fuzz" -max_total_time="$seconds" -max_len=4096 -timeout=10 -rss_limit_mb=2048 "$corpus"
