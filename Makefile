# Every target sets itself up: Python >= 3.11, pip and make are all it takes.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready

.DEFAULT_GOAL := help
.PHONY: help demo test check sandbox bench chaos mutants lock sbom clean

help:  ## this list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-9s %s\n", $$1, $$2}'

demo: $(READY)  ## the whole main job against the local sandbox, no keys needed
	$(BIN)/social demo

test: $(READY)  ## the tests: real HTTP, real DuckDB (`make chaos` has the slow ones)
	$(BIN)/python -m pytest -q -n 3 --dist loadfile -m "not slow and not chaos"

check: $(READY)  ## lint, format and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

sandbox: $(READY)  ## serve the emulator of the providers on a loopback port
	$(BIN)/social sandbox

bench: $(READY)  ## what the README claims about speed, measured here and now
	$(BIN)/python -m benchmarks

chaos: $(READY)  ## slow campaigns: kills at many instants, random faults
	$(BIN)/python -m pytest -q -n 2 --dist loadfile -m "slow or chaos"

mutants: $(READY)  ## plant each bug of tests/mutants in a copy; do the tests notice? (ONLY=name)
	$(BIN)/python tests/mutants/run.py $(ONLY)

lock: $(READY)  ## pin every dependency again (hashes, no hosts)
	$(BIN)/pip install --quiet uv
	$(BIN)/uv pip compile --universal --generate-hashes --no-header --no-annotate --extra dev --quiet pyproject.toml -o requirements.lock

# CycloneDX has an environment of its own: what it needs is no dependency of the project.
sbom: $(READY)  ## build/sbom.cdx.json: every installed package with version, hash and license
	$(PYTHON) -m venv --clear build/sbom
	build/sbom/bin/pip install --quiet --disable-pip-version-check cyclonedx-bom==7.5.0
	build/sbom/bin/cyclonedx-py environment --pyproject pyproject.toml --output-reproducible -o build/sbom.cdx.json $(BIN)/python

clean:  ## remove the environment and the sandbox's data
	rm -rf $(VENV) data/sandbox.duckdb* data/sandbox-report.html

# uv when it is installed (seconds), else the pip that every Python brings.
$(READY): requirements.lock pyproject.toml
	$(PYTHON) -m venv --clear $(VENV)
	@if command -v uv >/dev/null 2>&1; then \
	  uv pip install --quiet --python $(BIN)/python --no-deps --require-hashes -r requirements.lock && \
	  uv pip install --quiet --python $(BIN)/python --no-deps -e . ; \
	else \
	  $(BIN)/pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements.lock && \
	  $(BIN)/pip install --quiet --disable-pip-version-check --no-deps -e . ; \
	fi
	@touch $(READY)
