# The project's commands. `make run` and `make test` need nothing but Python 3.11 or newer.
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
CORES  ?= 2

.PHONY: run test check format docs servers bench clean

run: $(VENV)/.runtime
	$(BIN)/hanchot run --replay-from 2023-02-20 --speed 86400 --scenario workflows/bac-trung-bo/2023.scenario.toml

test: $(VENV)/.development
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --cache-dir .import_linter_cache
	$(BIN)/pytest --numprocesses $(CORES) --dist loadfile --cov --cov-report=term:skip-covered $(PYTEST)
	$(if $(PYTEST),,$(BIN)/coverage report --include='scheduler/plan/*' --show-missing --skip-covered --fail-under=100)

format: $(VENV)/.development
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

docs: $(VENV)/.development
	$(BIN)/python -m sphinx --fail-on-warning --keep-going --nitpicky --quiet --builder html docs build/docs
	@echo "Open build/docs/index.html"

bench: $(VENV)/.development
	for file in bench/[a-z]*.py; do $(BIN)/python $$file || exit 1; done

servers:
	sh tests/servers.sh

clean:
	rm -rf $(VENV) var build dist .coverage .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "hanchot needs Python 3.11 or newer; name one: make PYTHON=python3.12 run" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --upgrade "pip>=25.1"

$(VENV)/.runtime: pyproject.toml | $(VENV)/bin/python
	$(BIN)/pip install --quiet --editable .
	touch $@

$(VENV)/.development: pyproject.toml | $(VENV)/bin/python
	$(BIN)/pip install --quiet --editable . --group dev
	touch $@ $(VENV)/.runtime
