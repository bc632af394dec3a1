# Everything runs in .venv, which the first target that needs it creates.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
DEMO := $(VENV)/.demo-ready
# The frameworks that bench/train.py compares with have an environment of their own.
PEERS := .venv-bench

.PHONY: demo test test-all bench accept table format clean

demo: $(DEMO)
	@$(BIN)/python examples/sunspots/demo.py

test: $(READY)
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/pytest -m "not long" -n 2

test-all: $(READY)
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/pytest -n 2

bench: $(PEERS)/.ready  ## training steps against frameworks and hand-written code: about an hour
	@$(PEERS)/bin/python bench/train.py

accept: $(READY)  ## rewrite the expected output of the golden tests
	@QRNNLANG_ACCEPT=1 $(BIN)/pytest tests/errors tests/diagnostics

table: $(READY)  ## the LALR table, after a change of the grammar
	@$(BIN)/python -m qrnnlang.syntax.build_table

format: $(READY)
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

clean:
	rm -rf $(VENV) $(PEERS) build dist runs *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis

$(VENV)/bin/python:
	@echo "creating $(VENV)"
	@$(PYTHON) -m venv $(VENV)

$(READY): $(VENV)/bin/python pyproject.toml
	@echo "installing qrnnlang with its tests into $(VENV)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[test]'
	@$(BIN)/python -m qrnnlang.engine.native
	@touch $(READY) $(DEMO)

$(DEMO): $(VENV)/bin/python pyproject.toml
	@echo "installing qrnnlang into $(VENV)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[data]'
	@$(BIN)/python -m qrnnlang.engine.native
	@touch $(DEMO)

$(PEERS)/.ready: bench/requirements.txt pyproject.toml
	@echo "installing qrnnlang and the peers of the benchmarks into $(PEERS)"
	@$(PYTHON) -m venv $(PEERS)
	@$(PEERS)/bin/python -m pip install --quiet --disable-pip-version-check -e . -r bench/requirements.txt
	@$(PEERS)/bin/python -m qrnnlang.engine.native
	@touch $@
