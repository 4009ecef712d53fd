# Every target sets up what is missing. `make` alone lists them.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
MIN_COVERAGE := 90
# A file at a time: fixtures of a file are made once. The slow folders come first. One process more than
# two cores, as tests that wait (for a takeover, an answer, a browser) leave a core free.
JOBS   ?= 4
SPREAD := --numprocesses $(JOBS) --dist loadfile --no-loadscope-reorder
LOCK   := $(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url \
          --no-emit-find-links --no-header --no-annotate --python-version 3.11 pyproject.toml \
          --extra server --extra postgres

DOCUMENTS ?= 500

# Tests start the program some hundred times: what was compiled once is kept.
export PYTHONDONTWRITEBYTECODE :=

.DEFAULT_GOAL := help
.PHONY: help demo up test chaos coverage check lint format types unused bench assets lock release pictures manual clean

help: ## List the targets
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

demo: $(VENV)/.server assets ## Do the whole walk once, with a real invoice, and end
	$(BIN)/ionport demo --once

up: $(VENV)/.server assets ## Serve both sides, with the sandbox, on http://127.0.0.1:8400
	$(BIN)/ionport up --sandbox

test: $(VENV)/.dev assets ## Run all tests, some at a time (JOBS=)
	$(BIN)/pytest $(SPREAD)

coverage: $(VENV)/.dev assets ## Run all tests and ask for 90 % of the lines: before a release
	$(BIN)/coverage erase
	IONPORT_EXAMPLES=1 $(BIN)/coverage run -m pytest $(SPREAD)
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report --fail-under=$(MIN_COVERAGE)

chaos: $(VENV)/.dev assets ## Make every fault while 500 documents are delivered (DOCUMENTS=): about 90 minutes
	IONPORT_CHAOS_DOCUMENTS=$(DOCUMENTS) $(BIN)/pytest -svv --durations=0 --durations-min=10 \
	  tests/promises tests/functional/gateway/test_resilience.py

check: lint types test ## Format, lint, types, import contracts, own rules, tests: what CI runs

lint: $(VENV)/.dev ## Format check, ruff, import contracts, own rules
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/lint-imports
	$(BIN)/python -m tools.rules

types: $(VENV)/.dev ## mypy --strict
	$(BIN)/mypy

unused: $(VENV)/.dev ## List what nothing seems to use; what frameworks and templates call is among it
	-$(BIN)/vulture src tools tests examples benchmarks

format: $(VENV)/.dev ## Format and sort imports in place
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: $(VENV)/.dev ## Print every benchmark as a ratio to a peer in the same run
	@set -e; for script in benchmarks/*.py; do [ -e "$$script" ] || continue; \
	  $(BIN)/python "$$script" --quick; done

assets: $(VENV)/.server ## Install the front-end files (htmx, Tabler) by lock file
	@$(BIN)/python tools/assets.py

release: $(VENV)/.dev $(VENV)/.uv assets ## Build wheel, sdist and SBOM into dist, and try both in clean environments
	$(BIN)/python -m tools.release

pictures: $(VENV)/.dev assets ## Make the pictures of README and manual from the running product
	IONPORT_PICTURES=docs/pictures $(BIN)/pytest tests/browser/test_walk.py
	IONPORT_MANUAL_PICTURES=src/ionport/manual/pictures $(BIN)/pytest tests/browser/test_walk_by_words.py

manual: $(VENV)/.server assets ## Build the manual as plain files into dist/manual
	$(BIN)/python -m tools.manual_site

lock: $(VENV)/.uv ## Resolve both lock files anew
	$(LOCK) -o requirements.lock
	$(LOCK) --extra mcp --extra otel --extra s3 --extra sftp --extra smb --extra xlsx --extra xslt --group dev -o requirements-dev.lock

clean: ## Remove what the targets made
	rm -rf $(VENV) .coverage .coverage.* .mypy_cache .pytest_cache .ruff_cache node_modules \
	  src/ionport/web/static/vendor

$(VENV)/bin/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "ionport needs Python 3.11 or newer")'
	$(PYTHON) -m venv $(VENV)

$(VENV)/.uv: | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	@touch $@

$(VENV)/.server: requirements.lock pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	@touch $@

$(VENV)/.dev: requirements-dev.lock $(VENV)/.server
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@touch $@
