# `make` lists what can be done. Two commands matter: `make demo` and `make test`.
PYTHON ?= python3
PORT ?= 8000
ERP ?= reference
ERP_PORT ?= 8310
VENV := .venv
BIN := $(VENV)/bin
# Not compiled: nine tenths of what is installed is never imported. The rest compiles as it is, which
# a shell that forbids Python to write bytecode would have it do anew at every start.
PIP := $(BIN)/python -m pip --disable-pip-version-check install --no-compile -c constraints.txt
SPREAD := -n auto --maxprocesses 4 --dist loadfile
export HF_HUB_OFFLINE := 1
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help demo test slow notebooks erp erp-setup client check lint types imports format clean

help: ## List the targets.
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1\t/' | expand -t 18

# A pip of today installs in half the time of the one that comes with Python 3.11.
$(VENV)/.python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or newer is needed; name one with: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(PIP) --quiet pip
	@touch $@

# PyTorch first and alone: where a CPU wheel is offered, pip takes it and the rest fits around it.
$(VENV)/.demo: $(VENV)/.python pyproject.toml constraints.txt
	@echo "Installing (about two minutes the first time) ..."
	$(PIP) torch==2.13.0
	$(PIP) -e '.[training]'
	@touch $@

$(VENV)/.test: $(VENV)/.demo
	$(PIP) -e '.[training,broker,tracing,test]'
	@touch $@

demo: $(VENV)/.demo ## Set everything up, simulate, train, and serve on http://127.0.0.1:8000 (PORT=, ERP=tryton).
	@exec $(BIN)/triage demo --port $(PORT) --erp $(ERP)

test: $(VENV)/.test ## Lint, types, import rules and the test suite; a few minutes.
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest -m "not slow" $(SPREAD)

slow: $(VENV)/.test ## The tests that train, kill and restart: each takes longer than some seconds.
	$(BIN)/python -m pytest -m slow $(SPREAD)

notebooks: $(VENV)/.test ## Run the notebooks from top to bottom on small data.
	$(BIN)/python -m pytest --nbmake -p no:cacheprovider -o addopts=-q -o filterwarnings=default notebooks/*.ipynb

erp-setup: $(VENV)/.demo ## Build the real ERP that some tests need (once a month, three minutes).
	@$(BIN)/triage erp build

# The generator's own environment, and what it makes; `dist/` is not kept in the repository.
$(VENV)/client/.ready: $(VENV)/.python clients/python/requirements.txt
	$(BIN)/python -m venv $(VENV)/client
	$(VENV)/client/bin/python -m pip --disable-pip-version-check install --quiet --no-compile \
	  -r clients/python/requirements.txt
	@touch $@

client: $(VENV)/client/.ready ## Make the typed Python client from the API's document, as a wheel in dist/.
	PATH="$(abspath $(VENV))/client/bin:$$PATH" openapi-python-client generate --overwrite --meta setup \
	  --path tests/golden/openapi.json --config clients/python/generator.yml \
	  --custom-template-path clients/python/templates --output-path dist/client
	$(VENV)/client/bin/python -m pip --disable-pip-version-check wheel --quiet --no-deps \
	  --no-build-isolation --wheel-dir dist dist/client

erp: $(VENV)/.demo ## Serve the real ERP on http://127.0.0.1:8310 (ERP_PORT=).
	@exec $(BIN)/triage erp start --port $(ERP_PORT)

lint: $(VENV)/.test ## Only the linter.
	$(BIN)/ruff check .

types: $(VENV)/.test ## Only mypy.
	$(BIN)/mypy

imports: $(VENV)/.test ## Only the import rules.
	$(BIN)/lint-imports

format: $(VENV)/.test ## Format the code.
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

clean: ## Remove what was installed and made here; the embedded database stays.
	rm -rf $(VENV) .triage mlruns/mlflow.db mlruns/artifacts
