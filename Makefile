# Each of these sets up what it needs:
#   make repro       the whole DAG: data, trainings, comparisons, champions; CORES=4 trainings at a time (default: all
#                    cores); DATA=public: on the published data (DATA_MIRROR=folder is tried before their addresses)
#   make ui          MLflow's and Prefect's pages; MLFLOW_PORT=5001 PREFECT_PORT=4201
#   make check-data  all data sets against their rules; DATA=public as above
#   make deploy      the schedules of prefect.yaml; make worker POOL=cpu works on what is due
#   make test        all tests; make test-fast: those for the loop of work
#   make lint        format, rules, types, and the results in documents
#   make mutations   every data set broken in every way
#   make drill       commands killed, files damaged, disks full, for hours
#   make fuzz        thousands of damaged inputs for each reader
#   make bench       speed beside other implementations; make bench-cells: of the recurrent cells
#   make lock        renews requirements.lock; make setup: only the environment

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help setup repro check-data test test-fast mutations drill fuzz ui deploy worker lint bench bench-cells lock

PYTHON ?= python3
BIN := .venv/bin
READY := .venv/ready
# Scripts in .venv begin with its path: after the folder was moved or copied it is made again.
ifneq ($(shell cat $(READY) 2>/dev/null || pwd),$(shell pwd))
$(shell rm -rf .venv)
endif
MLFLOW_PORT ?= 5000
PREFECT_PORT ?= 4200
CORES ?=

export PATH := $(CURDIR)/$(BIN):$(PATH)
# No telemetry from any tool; DVC's is off in .dvc/config.
export DO_NOT_TRACK := true
export DVC_NO_ANALYTICS := 1
export PYTHONUNBUFFERED := 1
export CORES
# Processes share the cores; numpy's threads within each would only wait for one another.
export OPENBLAS_NUM_THREADS := 1
# A user's own folder for packages is not that of the environment.
export PIP_USER := 0
# Packages of other folders would go before those of the environment.
unexport PYTHONPATH PYTHONHOME
# DVC and others ask for the user's name, which a container may not know.
ifneq ($(shell id -un >/dev/null 2>&1 || echo unnamed),)
export LOGNAME ?= user
endif
# Bytecode is cached beside the packages: without it every process would compile them anew, for 20 s.
unexport PYTHONDONTWRITEBYTECODE

help:
	@sed -n '/^#/!q; s/^# //p' Makefile

setup: $(READY)

# uv itself is installed by its hash in the lock, then everything else by uv, from the index that pip is set to.
$(READY): requirements.lock
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; sys.exit(None if (3, 11) <= v <= (3, 13) else f"error: Python {v[0]}.{v[1]} found, 3.11, 3.12 or 3.13 needed: name one with make PYTHON=python3.11")'
	@echo "setting up .venv from requirements.lock (the first time it downloads about 3 GB)"
	@date +%s > .setup-began
	@$(PYTHON) -m venv .venv
	@awk '/^uv==/ {take = 1} take {print} take && !/\\$$/ {exit}' requirements.lock > .venv/uv.lock
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes --requirement .venv/uv.lock
	@index=$${PIP_INDEX_URL:-$$($(BIN)/pip config get global.index-url 2>/dev/null || true)}; \
	[ -z "$$index" ] || export UV_DEFAULT_INDEX="$${UV_DEFAULT_INDEX:-$$index}"; \
	$(BIN)/uv pip sync $$([ -t 2 ] || echo --quiet) --python $(BIN)/python --require-hashes requirements.lock
	@echo $$(( $$(date +%s) - $$(cat .setup-began) )) > .venv/setup-seconds; rm .setup-began
	@git rev-parse --git-dir >/dev/null 2>&1 || $(BIN)/dvc config --local core.no_scm true  # an archive without git
	@pwd > $(READY)

repro: $(READY)
	@SETUP_SECONDS=$$(cat .venv/setup-seconds 2>/dev/null || echo 0); rm -f .venv/setup-seconds; \
	exec python -m pipelines repro $(if $(DATA),--data $(DATA)) --setup-seconds $$SETUP_SECONDS

# What CI runs: downloads and prepares what is not there yet, then checks all data sets in one process.
check-data: $(READY)
	@$(if $(filter-out builtin public,$(DATA)),$(error DATA must be builtin or public))
	@$(if $(DATA),python -c 'from pipelines.ops.repro import choose_data; choose_data("$(DATA)")')
	@python -m stages validate --all

test: $(READY)
	@echo "running the tests (5 to 10 minutes on 2 cores)"
	@pytest -n 2 --dist loadfile --no-loadscope-reorder

# What needs no server, no training and no whole data set, with few examples of each property: for the loop of work.
test-fast: $(READY)
	@pytest -n 2 -m "not server and not slow" --hypothesis-profile fast --dist loadfile --no-loadscope-reorder

# Breaks every data set in every way (tests/stages/mutations/): a tenth of it is part of `make test`.
mutations: $(READY)
	@python -m tests.stages.mutations $(if $(DATA),--source $(DATA))

# Kills and damages for hours; resumes where it was interrupted. A part of it is part of `make test`.
drill: $(READY)
	@python -m tests.drill $(ARGS)

# ARGS="tables --cases 1000" for one reader. A part of it is part of `make test`.
fuzz: $(READY)
	@python -m tests.fuzz $(ARGS)

ui: $(READY)
	@python -m pipelines ui --mlflow-port $(MLFLOW_PORT) --prefect-port $(PREFECT_PORT)

deploy: $(READY)
	@python -m pipelines deploy

worker: $(READY)
	@python -m pipelines worker $(or $(POOL),$(error which pool? make worker POOL=cpu or POOL=gpu))

lint: $(READY)
	@ruff format --check .
	@ruff check .
	@mypy
	@python -m pipelines results --check

bench: $(READY)
	@for file in tests/benchmarks/bench_*.py; do echo "-- $$file"; module=$${file%.py}; python -m $${module//\//.}; done

bench-cells: $(READY)
	@python -m tests.benchmarks.bench_cells $(ARGS)

lock: $(READY)
	@uv pip compile --quiet --universal --generate-hashes --no-header --group dev pyproject.toml --output-file requirements.lock
	@echo "requirements.lock is up to date with pyproject.toml; 'make setup' installs it"
