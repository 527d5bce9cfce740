#!/usr/bin/env bash
# Checks for what a build needs and installs what is missing (Debian and Ubuntu packages).
set -euo pipefail

if ! command -v swift >/dev/null 2>&1; then
    echo "quire: no Swift toolchain found; install Swift 6.3 or later from https://www.swift.org/install" >&2
    exit 1
fi

# What the linker asks for: C headers and start files, the C++ runtime, binutils.
missing=()
command -v git >/dev/null 2>&1 || missing+=(git)
command -v ld >/dev/null 2>&1 || missing+=(binutils)
[ -e /usr/include/stdio.h ] || missing+=(libc6-dev)
compgen -G '/usr/lib/gcc/*/*/libstdc++.a' >/dev/null || missing+=(g++)

if [ ${#missing[@]} -gt 0 ]; then
    if ! command -v apt-get >/dev/null 2>&1; then
        echo "quire: please install: ${missing[*]}" >&2
        exit 1
    fi
    sudo=""
    [ "$(id -u)" = 0 ] || sudo=sudo
    echo "quire: installing ${missing[*]}"
    $sudo apt-get update -qq
    $sudo apt-get install -y -qq "${missing[@]}"
fi
