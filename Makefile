# `make help` lists what there is. Everything runs in .venv, which `make setup` makes from requirements.lock.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

PYTHON := .venv/bin/python
CACHE := $(CURDIR)/.cache
CHECKED := src tests tools benchmarks workflow/scripts
RULES := Snakefile workflow/rules

# Caches stay in the repository and nothing calls home: HOME may be read-only. (src/heschl/cli.py sets the same.)
export XDG_CACHE_HOME ?= $(CACHE)
export MPLCONFIGDIR ?= $(CACHE)/matplotlib
export NUMBA_CACHE_DIR ?= $(CACHE)/numba
export NIPYPE_CONFIG_DIR ?= $(CACHE)/nipype
export MNE_DONTWRITE_HOME ?= true
export NO_ET := 1
export NIPYPE_NO_ET := 1
export HF_HUB_DISABLE_TELEMETRY := 1

.PHONY: help setup demo test lint format docs-config lock clean purge

help:  ## List the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

setup:  ## Make .venv from requirements.lock, if it isn't there already
	@bash tools/setup.sh

demo: setup  ## Simulated listeners, real music: run everything on this machine, in minutes
	@$(PYTHON) -m heschl.cli run --profile profiles/local $(ARGS)
	@printf 'report   %s\n' "$$PWD"/results/*/report.html; printf 'figures  %s\n' "$$PWD"/results/*/figures

# Two workers share the cores: with a thread of BLAS or torch on each core of its own, each only waits for the other's.
test: lint  ## Every check, then every test
	@OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 MKL_NUM_THREADS=1 $(PYTHON) -m pytest -n 2 --dist loadfile --no-loadscope-reorder $(ARGS)

lint: setup  ## Style, rules, and who may import whom
	@$(PYTHON) -m ruff check $(wildcard $(CHECKED))
	@$(PYTHON) -m ruff format --check $(wildcard $(CHECKED))
	@$(PYTHON) -m snakefmt --check $(RULES)
	@$(PYTHON) -m snakemake --lint
	@$(PYTHON) -c 'from importlinter.cli import lint_imports_command; lint_imports_command()'

format: setup  ## Let ruff and snakefmt lay out the code
	@$(PYTHON) -m ruff check --fix $(wildcard $(CHECKED))
	@$(PYTHON) -m ruff format $(wildcard $(CHECKED))
	@$(PYTHON) -m snakefmt $(RULES)

docs-config: setup  ## Write config/README.md from src/heschl/config.py
	@$(PYTHON) -c 'from heschl.config import document; print(document(), end="")' > config/README.md.part
	@mv config/README.md.part config/README.md

lock: setup  ## Resolve requirements.in into requirements.lock again (deliberately: look at the difference)
	@bash tools/lock.sh $(ARGS)

clean:  ## Remove intermediates and logs; figures, report and weights stay
	@rm -rf logs results/*/ingest results/*/preprocess results/*/bids .snakemake/log .pytest_cache .ruff_cache

purge: clean  ## Remove everything that was made here, .venv included
	@rm -rf results .snakemake .cache .venv
