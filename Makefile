# Every target sets up what it needs: a fresh Debian or Ubuntu with make and Python 3.11+ is enough.
# PYTHON=python3.13 chooses the interpreter. PYTEST="-k replay -x" goes to pytest.

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help demo test check lint types contracts format graphs traces docs wire-server package-ready test-ready bench

PYTHON ?=
PYTEST ?=
# The floor of branch coverage in core and patterns; that of everything is in pyproject.toml.
PURE_COVERAGE_MIN ?= 90
export PYTHON PURE_COVERAGE_MIN

BIN := .venv/bin
PY := $(BIN)/python
SOURCES := flowagents tests

help: ## show the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: package-ready ## watch two agents write, run and mend code; needs no key
	@$(BIN)/flowagents run examples/two_agent_coding.py

test: check wire-server ## everything a change has to pass: check, tests, documentation examples, coverage
	@scripts/system_parts.sh
	@scripts/newer_python.sh
	@scripts/run_tests.sh $(PYTEST)

check: lint types contracts ## lint, types and layers, without the tests

lint: test-ready
	$(BIN)/ruff format --check
	$(BIN)/ruff check

types: test-ready
	$(BIN)/mypy --strict $(SOURCES)

contracts: test-ready
	$(BIN)/lint-imports --no-logo

format: test-ready ## put the source into its one format
	$(BIN)/ruff format
	$(BIN)/ruff check --fix

graphs: package-ready ## draw graphs/ anew from the examples
	@scripts/system_parts.sh
	$(PY) scripts/draw_graphs.py
	$(PY) scripts/draw_docs.py
	$(PY) scripts/write_reference.py

traces: package-ready ## record tests/traces/ anew from the examples
	$(PY) scripts/record_traces.py

bench: test-ready ## figures beside the same work written by hand
	@$(PY) -m tests.benchmarks

docs: ## build the documentation into site/
	@scripts/environment.sh docs
	$(BIN)/mkdocs build --strict --quiet

wire-server: test-ready
	@scripts/wire_server.sh

package-ready:
	@scripts/environment.sh

test-ready:
	@scripts/environment.sh test lint
