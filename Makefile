# One command for each thing. `make` alone lists them.

PYTHON ?= python3
VENV   ?= .venv
ARGS   ?=
SEED   ?= 1
SEEDS  ?= 100
SITES  ?= 3
DAYS   ?= 7
SECONDS ?= 20
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip --disable-pip-version-check --quiet
CODE   := protocol edge hub firmware_sim benchmarks

# The readers' package wants RPi.GPIO and spidev, which build only on a Pi; the simulation brings its own of both.
CARD_PACKAGE := mfrc522==0.0.7

# For `make fuzz` only: its wheels are for Linux on x86-64.
FUZZER := atheris==3.0.0

.DEFAULT_GOAL := help
.PHONY: help demo test lint docs bench fuzz soak clean

help: ## this list
	@awk 'BEGIN { FS = ":.*## " } /^[a-z]+:.*## / { printf "  make %-6s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: $(VENV)/.demo ## three simulated micro-libraries on this machine; ARGS="--visits 50 --exit" runs without hands
	@$(BIN)/microlib-sim demo $(ARGS)

test: lint ## everything that must be true: style, types, import rules, tests; ARGS goes to pytest
	$(BIN)/python -m pytest $(ARGS)

lint: $(VENV)/.dev ## style, types and import rules only
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy $(CODE)
	$(BIN)/lint-imports

docs: $(VENV)/.demo ## docs/asyncapi.json anew, after a change in protocol/
	@$(BIN)/python -m tests.wire.asyncapi

bench: $(VENV)/.dev ## speed of journal, ingest, frames, search, city and planner, each against a reference in the same run; ARGS=--large for all sizes
	@$(BIN)/python -m benchmarks $(ARGS)

fuzz: $(VENV)/.fuzz ## every decoder against atheris, SECONDS=20 each; ARGS names targets
	@$(BIN)/python -m tests.fuzz --seconds $(SECONDS) $(ARGS)

soak: $(VENV)/.demo ## the simulated city with every fault: SEEDS=1000 of them, from SEED=1 on
	@$(BIN)/microlib-sim city --sites $(SITES) --days $(DAYS) --seed $(SEED) --seeds $(SEEDS) $(ARGS)

clean: ## removes the environment, caches and what the demo left
	rm -rf $(VENV) .demo .fuzz build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(BIN)/python:
	@command -v $(PYTHON) >/dev/null \
	  || { echo "There is no $(PYTHON) here. On Debian or Raspberry Pi OS: sudo apt install python3 python3-venv"; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "microlib needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) -V). Try: make PYTHON=python3.12 …"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null \
	  || { echo "$(PYTHON) can't make environments. On Debian or Raspberry Pi OS: sudo apt install python3-venv"; exit 1; }
	@echo "Making the environment in $(VENV) …"
	@$(PYTHON) -m venv $(VENV)

# The stamps are older than pyproject.toml or constraints.txt exactly when something must be installed again.
$(VENV)/.demo: pyproject.toml constraints.txt | $(BIN)/python
	@echo "Installing microlib (a few minutes the first time) …"
	@$(PIP) install -c constraints.txt -e '.[edge,hub,sim]'
	@$(PIP) install --no-deps '$(CARD_PACKAGE)'
	@touch $@

$(VENV)/.dev: pyproject.toml constraints.txt $(VENV)/.demo
	@echo "Installing what the tests need …"
	@$(PIP) install -c constraints.txt -e '.[edge,hub,sim,dev]'
	@touch $@

$(VENV)/.fuzz: $(VENV)/.dev
	@$(PIP) install '$(FUZZER)'
	@touch $@
