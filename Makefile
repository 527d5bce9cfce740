# The two commands of the README: `make run` and `make test`. Everything else is for developers.

SHELL := /bin/bash
SWIFT ?= swift
# One set of flags for all builds, so that nothing is compiled twice. Tests run in release: debug
# kernels crawl.
FLAGS := -c release --explicit-target-dependency-import-check error
BINARY := .build/release/quire
MODEL ?=
ARGS ?=

.PHONY: all setup build run test lint format clean

all: build

# Installs the system packages that a build needs, where they are missing.
setup:
	@Tools/setup.sh

build: setup
	$(SWIFT) build $(FLAGS) --static-swift-stdlib --product quire

# Builds, serves MODEL (a folder in the Hugging Face layout), and prints a curl line to paste.
run: build
	@$(BINARY) serve $(if $(MODEL),"$(MODEL)") $(ARGS)

# The whole test suite. Tests of real models read the assets that QUIRE_ASSETS names.
test: setup
	$(SWIFT) build $(FLAGS) --build-tests
	$(SWIFT) test -c release --skip-build $(if $(FILTER),--filter "$(FILTER)")

lint:
	$(SWIFT) format lint --strict --parallel --recursive Package.swift Sources Tests

format:
	$(SWIFT) format --in-place --parallel --recursive Package.swift Sources Tests

clean:
	rm -rf .build
