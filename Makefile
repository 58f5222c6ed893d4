# The project's commands. `make run` and `make test` need nothing but Python 3.11 or newer.
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
FLOORS ?= .venv-floors
CORES  ?= 2
SIGN_INS := tests/cli/test_mail_sign_in.py tests/mail/test_service_accounts.py
RULES  := tests/plan tests/queries tests/services tests/test_wording.py
# One process more than there are cores, because many tests wait for a server or a clock.
IN_PARALLEL := --numprocesses $(shell expr $(CORES) + 1) --dist loadfile
LOCK   := uv pip compile --quiet --upgrade --generate-hashes --python-version 3.11 --custom-compile-command "make lock" pyproject.toml

.PHONY: run test floors docs format lock servers bench ordeal clean

run: $(VENV)/.runtime
	$(BIN)/hanchot demo

# The tests of the rules come first and alone: they take every branch of scheduler/plan, whatever the others do.
test: $(VENV)/.development
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --cache-dir .import_linter_cache
ifdef PYTEST
	$(BIN)/pytest $(IN_PARALLEL) $(PYTEST)
else
	$(BIN)/pytest $(IN_PARALLEL) --cov --cov-report=term-missing:skip-covered --cov-fail-under=100 $(RULES)
	$(BIN)/pytest $(IN_PARALLEL) $(addprefix --ignore=,$(RULES))
endif

# The oldest versions that pyproject.toml allows, tried on the rules and on the installed wheel; the image has a lock of its own.
floors: $(FLOORS)/.installed
	$(FLOORS)/bin/pytest $(IN_PARALLEL) tests/plan tests/acceptance --ignore=tests/acceptance/test_image.py $(SIGN_INS)

docs: $(VENV)/.development
	$(BIN)/python -m sphinx --fail-on-warning --keep-going --nitpicky --quiet --builder html docs build/docs
	@echo "Open build/docs/index.html"

format: $(VENV)/.development
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

# Renews the exact versions and hashes that the environments are made of.
lock: $(VENV)/.development
	$(BIN)/$(LOCK) --universal --extra postgresql -o requirements/runtime.txt
	$(BIN)/$(LOCK) --universal --extra distributed --extra oauth --extra postgresql -c requirements/runtime.txt -o requirements/image.txt
	$(BIN)/$(LOCK) --universal --extra distributed --extra oauth --extra postgresql --group dev -c requirements/image.txt -o requirements/dev.txt
	$(BIN)/$(LOCK) --resolution lowest-direct --extra distributed --extra oauth --extra postgresql --group test -o requirements/floors.txt

bench: $(VENV)/.development
	for file in bench/[a-z]*.py; do $(BIN)/python $$file || exit 1; done

# Five minutes in which a fleet is struck in every way; tests/resilience has one of 60 seconds.
ordeal: $(VENV)/.development
	$(BIN)/python -m tests.resilience.ordeal

servers:
	sh tests/servers.sh

clean:
	rm -rf $(VENV) $(FLOORS) var build dist .coverage .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache

%/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "hanchot needs Python 3.11 or newer; name one: make PYTHON=python3.12 run" >&2; exit 1; }
	$(PYTHON) -m venv $*
	$*/bin/pip install --quiet --upgrade "pip>=25.1"

$(VENV)/.runtime: requirements/runtime.txt pyproject.toml | $(VENV)/bin/python
	$(BIN)/pip install --quiet --require-hashes --requirement requirements/runtime.txt
	$(BIN)/pip install --quiet --no-deps --editable .
	touch $@

$(VENV)/.development: requirements/dev.txt pyproject.toml | $(VENV)/bin/python
	$(BIN)/pip install --quiet --require-hashes --requirement requirements/dev.txt
	$(BIN)/pip install --quiet --no-deps --editable .
	touch $@ $(VENV)/.runtime

$(FLOORS)/.installed: requirements/floors.txt pyproject.toml | $(FLOORS)/bin/python
	$(FLOORS)/bin/pip install --quiet --require-hashes --requirement requirements/floors.txt
	$(FLOORS)/bin/pip install --quiet --no-deps --editable .
	touch $@
