# The two commands of the README: `make run` and `make test`. Everything else is for developers.

SHELL := /bin/bash
SWIFT ?= swift
# One set of flags for all builds but `dist`, so that nothing is compiled twice. Tests run in
# release: debug kernels crawl.
FLAGS := -c release --explicit-target-dependency-import-check error
BINARY := .build/release/quire
MODEL ?=
# Where `install` puts things; DESTDIR goes before it, for packages.
PREFIX ?= /usr/local
DESTDIR ?=
ARGS ?=
FILTER ?=
# How long each fuzz target runs.
SECONDS ?= 60
SCRIPTS = $(wildcard .ci/run Tools/*.sh Tools/*/*.sh Tools/*/*/*.sh)

.PHONY: all setup build run test lint format fuzz bench model model-score install uninstall dist clean

all: build

# Installs the system packages that a build needs, where they are missing.
setup:
	@Tools/setup.sh

build: setup
	$(SWIFT) build $(FLAGS) --product quire

# Builds, serves the bundled model, and prints a curl line to paste; with MODEL=folder (Hugging
# Face layout) it serves that one.
run: build
	@$(BINARY) $(if $(MODEL),serve "$(MODEL)",up) $(ARGS)

# The whole test suite; the last line says how many tests and how long. Tests of real models read
# the assets that QUIRE_ASSETS names.
test: setup
	$(SWIFT) build $(FLAGS) --build-tests
	$(SWIFT) test -c release --skip-build --disable-xctest $(if $(FILTER),--filter "$(FILTER)")

# What the machine can do, then how much of it the engine reaches with MODEL.
bench: build
	@$(BINARY) bench limits
	@echo
	@$(BINARY) bench engine "$(MODEL)" $(ARGS)

# Builds and runs every fuzz target for SECONDS; ends with an error at the first fault found.
fuzz: setup
	@set -e; for target in Tools/fuzz/*/run.sh; do \
		echo "fuzz: $$target, $(SECONDS) s"; "$$target" "$(SECONDS)"; \
	done

# Trains the bundled model, and scores it on its held-out questions; docs/bundled-model.md.
model: build
	Tools/model/train.sh

model-score: build
	Tools/model/score.sh

# The layout of every Swift file, and the syntax of every script.
lint:
	$(SWIFT) format lint --strict --parallel --recursive Package.swift Sources Tests $(wildcard Tools/fuzz)
	@for script in $(SCRIPTS); do bash -n "$$script" || exit 1; done
	@! command -v python3 >/dev/null || python3 -c 'import ast, sys; \
		[ast.parse(open(name).read(), name) for name in sys.argv[1:]]' $(wildcard Tools/*.py Tools/*/*.py)

format:
	$(SWIFT) format --in-place --parallel --recursive Package.swift Sources Tests $(wildcard Tools/fuzz)

# One file that needs no Swift libraries, for machines without a toolchain; dist/quire.
dist: setup
	$(SWIFT) build $(FLAGS) --static-swift-stdlib --scratch-path .build/static --product quire
	@mkdir -p dist
	cp .build/static/release/quire dist/quire
	strip dist/quire

# Installs what was built: `make && sudo make install`. The binary links the toolchain's Swift
# libraries; with BINARY=dist/quire (after `make dist`) it needs none.
install:
	@[ -x "$(BINARY)" ] || { echo "quire: $(BINARY) is not built; run make first" >&2; exit 1; }
	@[ -e Resources/model/config.json ] || { echo "quire: Resources/model is missing" >&2; exit 1; }
	install -d "$(DESTDIR)$(PREFIX)/bin" "$(DESTDIR)$(PREFIX)/share/quire/model" \
		"$(DESTDIR)$(PREFIX)/share/doc/quire"
	install -m 755 "$(BINARY)" "$(DESTDIR)$(PREFIX)/bin/quire"
	install -m 644 Resources/model/* "$(DESTDIR)$(PREFIX)/share/quire/model"
	install -m 644 README.md README.zh-CN.md docs/*.md "$(DESTDIR)$(PREFIX)/share/doc/quire"

uninstall:
	rm -f "$(DESTDIR)$(PREFIX)/bin/quire"
	rm -rf "$(DESTDIR)$(PREFIX)/share/quire" "$(DESTDIR)$(PREFIX)/share/doc/quire"

clean:
	rm -rf .build dist
