# `make help` lists what there is. Only Python 3.11 or newer is needed; everything else is installed in .venv.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
ARGS ?=

.PHONY: help demo test check fuzz conformance lint types contracts openapi format faults-full bench clean

help:  ## Show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1|\2/' | column -t -s '|'

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed, this is " + sys.version.split()[0] + ". Try: make PYTHON=python3.12" if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv $(VENV)

$(VENV)/.runtime: pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e .
	@touch $@

$(VENV)/.dev: pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[dev]'
	@touch $@ $(VENV)/.runtime

demo: $(VENV)/.runtime  ## Run the whole story: a charger and a partner roam (ARGS=--once: once, then exit)
	$(BIN)/gateway demo $(ARGS)

test: $(VENV)/.dev  ## Run the whole test suite
	$(BIN)/python -m pytest $(ARGS)

lint: $(VENV)/.dev  ## Check style
	$(BIN)/ruff check --output-format concise .
	$(BIN)/ruff format --check .

types: $(VENV)/.dev  ## Check types
	$(BIN)/mypy

contracts: $(VENV)/.dev  ## Check who imports whom
	$(BIN)/lint-imports

openapi: $(VENV)/.dev  ## Write openapi/*.yaml anew
	$(BIN)/python -m ocpi.openapi
	$(BIN)/python -m gateway.api.openapi

format: $(VENV)/.dev  ## Format the code
	$(BIN)/ruff check --fix --quiet . || true
	$(BIN)/ruff format .

faults-full: $(VENV)/.dev  ## Break it on purpose, at full size (1 000 stations) and with what takes long
	FAULTS_FULL=1 FAULTS_STATIONS=1000 $(BIN)/python -m pytest tests/faults -s --timeout=1800

bench: $(VENV)/.dev  ## Measure what we promise, beside a baseline
	$(BIN)/python benchmarks/meter_values.py
	$(BIN)/python benchmarks/transaction_events.py
	$(BIN)/python benchmarks/pricing.py
	$(BIN)/python benchmarks/partner_down.py
	$(BIN)/python benchmarks/pages.py
	$(BIN)/python benchmarks/authorize.py

fuzz: $(VENV)/.dev  ## Send 100 000 mutated frames of each OCPP version to the charger side
	FUZZ_FRAMES=100000 $(BIN)/python -m pytest --timeout 900 -s tests/ocpp_side/test_v16_fuzz.py tests/ocpp_side/test_v2x_fuzz.py tests/ocpp_side/test_fuzz_beside_others.py

conformance: $(VENV)/.dev  ## Run the tests and write docs/conformance-*.md anew, with their verdicts
	$(BIN)/python -m tests.conformance
	$(BIN)/python -m tests.conformance_ocpp
	$(BIN)/python -m pytest --junitxml=$(VENV)/conformance.xml
	$(BIN)/python -m tests.conformance $(VENV)/conformance.xml
	$(BIN)/python -m tests.conformance_ocpp $(VENV)/conformance.xml

check:  ## Everything CI checks: demo, style, types, contracts, tests
	.ci/run

clean:  ## Remove what make made
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis .demo
