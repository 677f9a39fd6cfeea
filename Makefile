# WiPy. Everything that a person types; `make help` says what. Each target does the set-up it needs: missing Debian packages (tools/setup), pinned
# sources (tools/fetch-sources), configuration, build.
SHELL := /bin/bash
BUILD := build
TESTED := $(BUILD)/sanitizers
CORTEX := $(BUILD)/cortex-m4
FUZZED := $(BUILD)/fuzz
PYTHON := /usr/bin/python3
DIR ?= my-wipy

.DEFAULT_GOAL := build
.PHONY: build run test test-long bench check-cortex-m4 clean help setup setup-test setup-fuzz setup-bench setup-cortex FORCE

help: ## this text
	@sed -n 's/^\([a-z0-9-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 18

build: setup $(BUILD)/build.ninja ## build build/wipy (the board and its command line) and build/mcuimg.bin (the firmware image)
	@ninja -C $(BUILD)

run: build ## build, then start a board in ./my-wipy (DIR=... for another)
	@$(BUILD)/wipy run $(DIR) --firmware $(BUILD)/mcuimg.bin

test: setup-test build $(TESTED)/build.ninja ## unit and system tests, with sanitizers; under 10 minutes
	@ninja -C $(TESTED)
	@$(PYTHON) tools/test.py $(TESTED)

test-long: setup-fuzz build $(TESTED)/build.ninja $(FUZZED)/build.ninja ## the longer sweeps: MicroPython's own tests, power loss, kill -9, fuzzing
	@ninja -C $(TESTED) all hosted
	@ninja -C $(FUZZED) fuzzers
	@$(PYTHON) tools/test.py --long --fuzz $(FUZZED) $(TESTED)

bench: setup-bench build ## figures, as ratios against peers measured in the same run
	@$(PYTHON) tests/bench/bench.py
	@$(PYTHON) tests/bench/crowd.py

check-cortex-m4: setup-cortex $(CORTEX)/build.ninja ## compile the firmware world for a Cortex-M4F, warning-free; code and RAM size per folder
	@ninja -C $(CORTEX)
	@tools/sizes $(CORTEX)

clean: ## remove what was built (not the sources in the cache)
	rm -rf $(BUILD)

setup:
	@tools/setup build

setup-test: setup
	@tools/setup test
	@tools/fetch-npm >/dev/null

setup-fuzz: setup-test
	@tools/setup fuzz

setup-bench: setup-test
	@tools/setup bench

setup-cortex: setup
	@tools/setup cortex

# Written anew only when the places of the sources change; then all is configured again.
$(BUILD)/sources.env: FORCE | setup
	@tools/fetch-sources $@

$(BUILD)/build.ninja: PRESET = virtual
$(TESTED)/build.ninja: PRESET = sanitizers
$(CORTEX)/build.ninja: PRESET = cortex-m4
$(FUZZED)/build.ninja: PRESET = fuzz
$(BUILD)/build.ninja $(TESTED)/build.ninja $(CORTEX)/build.ninja $(FUZZED)/build.ninja: $(BUILD)/sources.env CMakePresets.json
	@set -a; . $(BUILD)/sources.env; set +a; \
	    log=$$(mktemp); cmake --preset $(PRESET) >$$log 2>&1 || { cat $$log >&2; rm -f $$log; exit 1; }; rm -f $$log
	@touch $@

FORCE:
