# Two commands for everybody: `make demo` and `make test`. The rest are the same words as `hearth --help`.
SHELL := /bin/sh
PYTHON ?= python3
BIN := .venv/bin
# Quietens warnings about extra package locations that are configured on a machine but empty.
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-input --require-hashes

.PHONY: demo test up down status clean lint bench chaos fuzz migrate lock checker pictures
.DEFAULT_GOAL := demo

$(BIN)/hearth: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit("Hearth needs Python 3.11 or newer, this is " + sys.version) if sys.version_info < (3, 11) else 0'
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv || { echo "no virtual environment: install the package python3-venv (Debian) first"; exit 1; }
	@echo "installing (about two minutes the first time)"
	@$(PIP) -r requirements.lock 2>&1 | grep -v 'WARNING: Location' || true
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e . 2>&1 | grep -v 'WARNING: Location' || true
	@test -x $@ && touch $@

.venv/.dev: requirements-dev.lock $(BIN)/hearth
	@echo "installing what tests and lint need"
	@$(PIP) -r requirements-dev.lock 2>&1 | grep -v 'WARNING: Location' || true
	@$(BIN)/python -c 'import pytest, ruff, mypy, sqlfluff' && touch $@

demo up down status migrate: $(BIN)/hearth
	@$(BIN)/hearth $@

clean: $(BIN)/hearth
	@$(BIN)/hearth clean --yes

test: .venv/.dev
	@$(BIN)/hearth lint
	@$(BIN)/hearth test

lint bench: .venv/.dev
	@$(BIN)/hearth $@

# The offline check as one file for clerks: dist/hearth-check.pyz. For Windows: hearth checker --platform win_amd64.
checker: .venv/.dev
	@$(BIN)/hearth checker

# A hundred thousand worsened files, each with a verdict. About ten minutes on one core.
fuzz: .venv/.dev
	@$(BIN)/python -m tests.fuzz.run --count 100000

# Kills each part of a running installation at each step of a month, then breaks one of two counties. About forty minutes
# on two cores.
chaos: .venv/.dev
	@$(BIN)/python -m tests.chaos.two_counties
	@$(BIN)/python -m tests.chaos.run

# Intake through Redis and two Celery workers, one of them killed. Needs redis-server (Debian) and what the images install.
.PHONY: celery
celery: .venv/.dev
	@$(PIP) --no-deps -r docker/requirements.lock
	@$(BIN)/pytest -n0 -q tests/chaos/test_celery.py

# Pins everything, with hashes and without any index address. Needs uv.
lock:
	uv pip compile --universal --generate-hashes --no-strip-extras --no-emit-index-url --no-emit-find-links --python-version 3.11 --custom-compile-command "make lock" requirements.in -o requirements.lock
	uv pip compile --universal --generate-hashes --no-strip-extras --no-emit-index-url --no-emit-find-links --python-version 3.11 --custom-compile-command "make lock" requirements-dev.in -o requirements-dev.lock
	$(PYTHON) -m hearth.lock requirements.lock requirements-dev.lock

# The pictures of the guides, from what the system writes and runs today. Needs LibreOffice and poppler-utils.
pictures: $(BIN)/hearth
	@$(BIN)/python -m ingestion.sample.pictures
	@$(BIN)/python -m hearth.services.asset_graph

# Airflow's own pages, from the installation that runs. Needs chromium, chromium-driver and fonts-noto-cjk (Debian).
.PHONY: pages
pages: $(BIN)/hearth
	@$(BIN)/python -m hearth.services.pages $(RUNS)
