# Everything here stays in this checkout: the environment in .venv, scratch files in .cache, the service's files in data.

PYTHON ?= python3
HOST ?= 127.0.0.1
PORT ?= 8000

SHELL := /bin/sh
.DEFAULT_GOAL := help
BIN := .venv/bin
CORES := $(shell getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2)
# Tests spend half of their time waiting for servers. More workers than this only wait for each other's disk writes.
WORKERS := $(shell test $(CORES) -le 3 && echo $$(($(CORES) + 1)) || echo 4)

# Without compiled modules, each test worker and each command would compile all of them again.
unexport PYTHONDONTWRITEBYTECODE
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PIP_CACHE_DIR ?= $(CURDIR)/.cache/pip
export UV_CACHE_DIR ?= $(CURDIR)/.cache/uv
# pip calls rustc, which creates a missing ~/.rustup if it is rustup's.
ifeq ($(wildcard $(HOME)/.rustup),)
export RUSTUP_HOME ?= $(CURDIR)/.cache/rustup
endif

# The tests of `test` and `coverage`, and further options of pytest.
T ?= tests
ARGS ?=
PYTEST = PYTEST_DEBUG_TEMPROOT=$(CURDIR)/.cache $(BIN)/python -m pytest -n $(WORKERS)

.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^##@ / { print "\n" substr($$0, 5) } \
		/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

##@ Run

.PHONY: run
run: .venv/.run-installed ## Serve on HOST (127.0.0.1) and PORT (8000), after installing missing packages
	@exec $(BIN)/iotflow serve --host $(HOST) --port $(PORT)

.PHONY: dev
dev: .venv/.dev-installed ## Serve on HOST and PORT, and restart on each change in iotflow and migrations
	@exec $(BIN)/watchfiles --filter python --target-type command \
		"$(BIN)/iotflow serve --host $(HOST) --port $(PORT)" iotflow migrations

.PHONY: demo
demo: .venv/.run-installed ## Serve a demo with a year of real weather data
	@exec docs/demo.sh $(BIN) $(HOST) $(PORT)

.PHONY: run-all
run-all: servers ## Serve on HOST and PORT, on the servers of `make servers`
	@settings=$$($(BIN)/python -m tests.servers start) && eval "$$settings" && $(BIN)/iotflow migrate && \
		exec $(BIN)/iotflow serve --host $(HOST) --port $(PORT)

SECRETS := POSTGRES_PASSWORD CASSANDRA_PASSWORD CASSANDRA_SUPERUSER_PASSWORD REDIS_PASSWORD MONGO_PASSWORD

.PHONY: env
env: ## Write .env with the missing secrets for `docker compose up`
	@umask 077; touch .env; chmod 600 .env; for name in $(SECRETS); do grep -q "^$$name=" .env || \
		echo "$$name=$$($(PYTHON) -c 'import secrets; print(secrets.token_urlsafe(24))')" >> .env; done
	@echo "Wrote .env; keep it: the databases are created with these passwords"

.PHONY: images
images: .venv/.dev-installed ## Pull the images of the servers, or build them if the registry is unreachable
	@$(BIN)/python -m tests.servers.images.build

.PHONY: servers
servers: images ## Start PostgreSQL, Cassandra, Redis and MongoDB in containers, and print their settings
	@$(BIN)/python -m tests.servers start

.PHONY: servers-stop
servers-stop: .venv/.dev-installed ## Remove the servers and their data
	@$(BIN)/python -m tests.servers stop

##@ Test

.PHONY: check
check: .venv/.dev-installed ## Before each commit, in under a minute: lint, types, unit tests, the API on embedded stores
	@$(MAKE) --no-print-directory --output-sync --jobs 2 types check-tests lint

# These tests wait for nothing, and each worker takes seconds to start.
.PHONY: check-tests
check-tests: WORKERS := $(shell test $(CORES) -le 4 && echo $(CORES) || echo 4)
check-tests: .venv/.dev-installed
	@mkdir -p .cache
	$(PYTEST) -p no:schemathesis -m "not servers and not slow" tests/unit tests/api

.PHONY: test
test: .venv/.dev-installed ## Run all tests, or a part: make test T=tests/api ARGS="-k latest -x"
	@mkdir -p .cache
	$(PYTEST) $(ARGS) $(T)

.PHONY: test-abuse
test-abuse: .venv/.dev-installed ## Attack the service, embedded and on the databases; one test at a time, because they measure
	@mkdir -p .cache
	PYTEST_DEBUG_TEMPROOT=$(CURDIR)/.cache $(BIN)/python -m pytest -m abuse tests/abuse

.PHONY: test-compose
test-compose: .venv/.dev-installed ## Build the image, start compose.yaml and simulate a fleet on it
	$(BIN)/python -m pytest -m compose tests/packaging/test_compose.py

.PHONY: test-sdks
test-sdks: .venv/.dev-installed ## Lint the document; generate, compile and run clients of which a toolchain is installed
	@mkdir -p .cache
	PYTEST_DEBUG_TEMPROOT=$(CURDIR)/.cache $(BIN)/python -m pytest -n 2 --dist loadgroup -m sdks $(ARGS) tests/schema

.PHONY: lint
lint: .venv/.dev-installed ## Check format, style and layers
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/lint-imports

.PHONY: format
format: .venv/.dev-installed ## Format the code
	$(BIN)/ruff check --fix-only .
	$(BIN)/ruff format .

.PHONY: types
types: .venv/.dev-installed ## Check types, strictly
	$(BIN)/mypy

.PHONY: coverage
coverage: .venv/.dev-installed ## Run the tests of T, and report the lines and branches that they miss
	@mkdir -p .cache
	$(PYTEST) --cov --cov-report=term:skip-covered --cov-report=html $(ARGS) $(T)

# With servers in IOTFLOW_TEST_*_URL no containers are needed.
.PHONY: bench
bench: $(if $(IOTFLOW_TEST_CASSANDRA_URL),.venv/.dev-installed,servers) ## Compare the service with InfluxDB and a baseline, by wrk; options in BENCH
	@$(BIN)/python -m bench $(BENCH)

.PHONY: bench-growth
bench-growth: $(if $(IOTFLOW_TEST_CASSANDRA_URL),.venv/.dev-installed,servers) ## Measure response times at growing sizes; options in BENCH
	@$(BIN)/python -m bench growth $(BENCH)

.PHONY: profile
profile: .venv/.dev-installed ## Draw a flame graph of the service in a run of the bench; options in BENCH
	@mkdir -p .cache
	$(BIN)/py-spy record --subprocesses --output .cache/profile.svg -- \
		$(BIN)/python -m bench $(or $(BENCH),lines --only embedded submissions --rounds 1 --seconds 10)

##@ Client packages

.PHONY: sdks
sdks: sdk-python sdk-typescript ## Generate the client packages in sdk from the OpenAPI document; needs Node.js

.PHONY: sdk-python
sdk-python: .venv/.dev-installed
	@$(BIN)/python sdk/python/generate.py

.PHONY: sdk-typescript
sdk-typescript: export npm_config_cache ?= $(CURDIR)/.cache/sdks/npm
sdk-typescript: .venv/.dev-installed
	@mkdir -p .cache
	@$(BIN)/iotflow openapi > .cache/openapi.json
	cd sdk/typescript && npm ci --no-audit --no-fund && npm run generate ../../.cache/openapi.json && npm run build

##@ Release

.PHONY: wheel
wheel: .venv/.dev-installed ## Build the wheel into dist
	$(BIN)/python -m build --wheel --no-isolation

LOCK = $(BIN)/uv pip compile pyproject.toml --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-header

.PHONY: lock
lock: .venv/.dev-installed ## Update the pins in requirements for pyproject.toml, without other upgrades
	$(LOCK) --group dev -o requirements/dev.txt
	$(LOCK) --group build -c requirements/dev.txt -o requirements/run.txt

.PHONY: upgrade
upgrade: LOCK += --upgrade
upgrade: lock ## Pin the newest compatible versions

.PHONY: clean
clean: ## Remove the environment, caches and build results; the service's data stays
	rm -rf .venv .cache .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis .schemathesis dist build
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# The steps of the installation; each runs again when its inputs change.

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' 2>/dev/null || \
		{ echo "IoTFlow needs Python 3.11, 3.12 or 3.13; $(PYTHON) is $$($(PYTHON) -V 2>/dev/null || echo missing)." \
			"Name another: make $(MAKECMDGOALS) PYTHON=python3.13" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
		{ echo "$(PYTHON) cannot make environments: install its venv module (on Debian: apt install python3-venv)" >&2; \
			exit 1; }
	@echo "Making the environment .venv with $$($(PYTHON) -V)"
	@$(PYTHON) -m venv --clear .venv

.venv/.run-installed: requirements/run.txt pyproject.toml | .venv/bin/python
	@echo "Installing the service into .venv; the first time takes a minute"
	@$(BIN)/python -m pip install --quiet --require-hashes -r requirements/run.txt
	@$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation -e .
	@touch $@

.venv/.dev-installed: requirements/dev.txt .venv/.run-installed
	@echo "Installing the tools of development into .venv"
	@$(BIN)/python -m pip install --quiet --require-hashes -r requirements/dev.txt
	@touch $@
