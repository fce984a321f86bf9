# Every target sets up what it needs in .venv, with plain python3 and pip. `make` alone lists them.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
NODE := tests/house/node
SDKS := tests/sdk/node
# PyTorch without CUDA, for a machine without a GPU: gigabytes less. TORCH_INDEX= is for who wants pip's usual one.
TORCH_INDEX ?= https://download.pytorch.org/whl/cpu
GPU := $(wildcard /dev/nvidiactl /dev/nvhost-gpu /dev/nvgpu /dev/dxg /dev/kfd)
PACKAGES := stream engine client demo server features cluster app
# Processes of tests, each of which holds a model: two more than there are cores, since many a test waits for a camera or a page.
WORKERS ?= $(shell $(PYTHON) -c 'import os; print(min(6, (os.cpu_count() or 1) + 2))')
BENCHMARKS := demo ready languages low_power summarize timeline watches clips calibration capture_cpu freshness faults same replay grammar barcode fuzz fuzz_realtime cluster_sim soak chaos

.DEFAULT_GOAL := help
.PHONY: help setup torch sdks demo test check lint types arrows javascript collected language renew bench clean

help: ## this list
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

setup: $(READY) ## create .venv and install askcam with everything that its tests need

$(READY): pyproject.toml
	@command -v $(PYTHON) >/dev/null || { echo "there is no $(PYTHON) here: install Python 3.11 or newer, or name one: make PYTHON=/path/to/python" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "askcam needs Python 3.11 or newer, and $(PYTHON) is $$($(PYTHON) -c 'import platform; print(platform.python_version())'): name another: make PYTHON=/path/to/python" >&2; exit 1; }
	@echo "== 1/3 virtual environment in $(VENV)"
	@$(PYTHON) -m venv $(VENV) || { echo "$(PYTHON) cannot make a virtual environment: install its venv module (Debian, Ubuntu: apt install python3-venv)" >&2; exit 1; }
	@echo "== 2/3 pip and setuptools"
	@$(BIN)/python -m pip install --disable-pip-version-check --progress-bar on --upgrade pip "setuptools>=77"
	@echo "== 3/3 askcam and its dependencies (PyTorch is the large one: minutes and gigabytes, the first time)"
	@$(MAKE) -s --no-print-directory torch
	@$(BIN)/python -m pip install --disable-pip-version-check --progress-bar on --editable ".[test]"
	@touch $@

# Whatever keeps it from being had there, pip's usual index has one that runs here, too.
torch:
	@if [ -z "$(GPU)" ] && [ -n "$(TORCH_INDEX)" ] && [ "$$(uname -s)" = Linux ] && $(BIN)/python -c "import importlib.util, sys; sys.exit(importlib.util.find_spec(\"torch\") is not None)"; then \
		if $(BIN)/python -m pip --isolated --disable-pip-version-check index versions torch --index-url "$(TORCH_INDEX)" --retries 0 --timeout 10 >/dev/null 2>&1; then \
			echo "there is no GPU here: PyTorch without CUDA, from $(TORCH_INDEX)"; \
			$(BIN)/python -m pip install --disable-pip-version-check --progress-bar on --index-url "$(TORCH_INDEX)" "torch>=2.6" "torchvision>=0.21" || true; \
		else echo "there is no GPU here, but $(TORCH_INDEX) cannot be had either: PyTorch with CUDA"; fi; fi

sdks: $(READY) $(SDKS)/node_modules/.package-lock.json ## frameworks and SDKs of others, which tests/sdk asks by (a minute; they are skipped without)
	@$(BIN)/python -m pip install --disable-pip-version-check --progress-bar on --editable ".[sdks]"

demo: $(READY) ## a synthetic camera, the built-in model and the page, on this machine
	@$(BIN)/askcam demo

test: $(READY) ## all tests; ARGS="-k window" passes pytest more
	@$(BIN)/python -m pytest -q --durations=10 --numprocesses=$(WORKERS) --dist=loadfile --no-loadscope-reorder $(ARGS)

check: lint types arrows javascript ## ruff, mypy --strict, the arrows between the rooms, and the pages' modules

lint: $(READY) ## ruff: rules and formatting
	@echo "== ruff"
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

types: $(READY) ## mypy --strict
	@echo "== mypy --strict"
	@$(BIN)/mypy $(PACKAGES:%=-p askcam.%)

arrows: $(READY) ## import-linter: who may import whom
	@echo "== import-linter"
	@$(BIN)/lint-imports

javascript: ## tsc and eslint over client/web; without Node.js they are left out, but not in CI
	@echo "== tsc and eslint"
	@if command -v npm >/dev/null; then $(MAKE) -s --no-print-directory $(NODE)/node_modules/.package-lock.json && $(NODE)/node_modules/.bin/tsc --project jsconfig.json && $(NODE)/node_modules/.bin/eslint --config $(NODE)/eslint.config.js client/web; \
	else echo "left out: there is no npm here; install Node.js (Debian, Ubuntu: apt install nodejs npm)" >&2; test -z "$$CI"; fi

%/node_modules/.package-lock.json: %/package-lock.json
	@command -v npm >/dev/null || { echo "there is no npm here: install Node.js (Debian, Ubuntu: apt install nodejs npm)" >&2; exit 1; }
	@npm ci --prefix $* --no-audit --no-fund
	@touch $@

# Beside the checks, in CI: what tests import is compiled here, once, and not by each process of tests.
collected: $(READY)
	@echo "== pytest --collect-only"
	@said=$$($(BIN)/python -m pytest -q --collect-only 2>&1) || { echo "$$said" | tail -n 60; exit 1; }; echo "$$said" | tail -n 1

language: ## the files of a new language, to be translated: make language CODE=fr (docs/translating.md)
	@test -n "$(CODE)" || { echo "which one? make language CODE=fr" >&2; exit 1; }
	@for each in $$(find $(PACKAGES) -path '*/locales/en.json'); do to=$${each%/en.json}/$(CODE).json; test -e $$to || { cp $$each $$to && echo $$to; }; done

renew: $(READY) ## docs/rooms.svg and the wire's types for the pages, made anew of the sources
	@$(BIN)/python tests/house/draw.py
	@$(BIN)/python tests/house/wire_types.py

bench: $(READY) ## the benchmarks of the README, one after the other: about three quarters of an hour
	@echo "== askcam bench portable"
	@$(BIN)/askcam bench portable
	@for each in $(BENCHMARKS); do echo "== benchmarks/$$each.py"; $(BIN)/python benchmarks/$$each.py || exit 1; done

clean: ## remove .venv and everything built
	rm -rf $(VENV) build .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis *.egg-info
