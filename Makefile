# `make demo` and `make test` need a Python >= 3.11 and nothing else: the environment
# in .venv is made first, and brought up to date when its inputs change.

PYTHON ?= python3
PYTEST_ARGS ?=

VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.stamp
# A second environment, which sees the first: heavy libraries that few tests need, and
# that types must not be checked with.
MORE := $(VENV)/integrations

.DEFAULT_GOAL := help
.PHONY: help demo test test-integrations soak lint format vectors verifier.pyz bench clean

help:  ## list the targets
	@grep -E '^[a-z.-]+:.*##' Makefile | sed -E 's/:.*## /\t/' | expand -t 20

demo: $(STAMP)  ## the main job on text that this machine has, left in demo/
	$(BIN)/tuneledger demo --folder demo

test: $(STAMP)  ## every test; long campaigns as a short seeded sample
	$(BIN)/pytest -n auto --dist loadfile $(PYTEST_ARGS)

test-integrations: $(MORE)/.stamp  ## the tests that need transformers, peft, trl, Lightning, Opacus
	$(MORE)/bin/python -m pytest -n auto --dist loadfile $(PYTEST_ARGS) \
	  $$(grep -rlE 'importorskip\("(transformers|peft|accelerate|trl|lightning)' tests)

soak: $(STAMP)  ## the long campaigns in full; takes hours
	$(BIN)/pytest --soak -n auto --timeout 0 $(PYTEST_ARGS)

lint: $(STAMP)  ## style, types and import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(STAMP)  ## rewrite the code in the one style
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

vectors: $(STAMP)  ## write tests/vectors and docs/events.md anew
	$(BIN)/python tests/vectors/make_vectors.py
	$(BIN)/python tests/tools/make_events_page.py > docs/events.md

verifier.pyz:  ## the verifier as one file: runs with Python and `cryptography`
	$(PYTHON) tests/tools/make_pyz.py $@

bench: $(STAMP)  ## print ratios: verify and append against raw signatures; scans of a farm
	@for bench in append verify writers; do echo "== bench_$$bench.py"; \
	  $(BIN)/python tests/bench/bench_$$bench.py $(BENCH_ARGS) || exit 1; done
	@echo "== bench_scan.py"; $(BIN)/python tests/bench/bench_scan.py $(SCAN_ARGS)

clean:  ## delete what make made, the demo included
	rm -rf $(VENV) demo verifier.pyz dist build .pytest_cache .ruff_cache .mypy_cache \
	  .hypothesis .import_linter_cache .coverage

# Debian ships venv without pip in a package of its own.
$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "tuneledger needs Python >= 3.11: make PYTHON=python3.12" >&2; exit 2; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
	  { test "$$(id -u)" = 0 && command -v apt-get >/dev/null && \
	    apt-get update -qq && apt-get install -qq -y python3-venv; } || \
	  { echo "this Python cannot make an environment: install the package python3-venv" >&2; exit 2; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade --constraint constraints.txt pip
	$(BIN)/python -m pip install --quiet --constraint constraints.txt \
	  --build-constraint constraints.txt --group dev --editable '.[all]'
	@touch $(STAMP)

$(MORE)/.stamp: $(STAMP) tests/integrations.txt
	$(PYTHON) -m venv --without-pip $(MORE)
	$(BIN)/python -c 'import site; print("import site; site.addsitedir(%r)" % site.getsitepackages()[0])' \
	  > "$$($(MORE)/bin/python -c 'import site; print(site.getsitepackages()[0])')/beside.pth"
	$(MORE)/bin/python -m pip install --quiet --constraint constraints.txt \
	  --requirement tests/integrations.txt
	@touch $@
