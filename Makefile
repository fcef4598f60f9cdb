# A newcomer types `make demo`, then `make test`. `make help` lists the rest.
.DEFAULT_GOAL := help
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PACKAGES := data_prep models pipeline tuning weights
SYNTHETIC := data/raw/synthetic/synthetic.json

.PHONY: help demo test mutants check lint types format clean

help: ## list the targets
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-8s %s\n", $$1, $$2}'

$(VENV)/.installed: pyproject.toml constraints.txt
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "installing agelens and what it trains with into $(VENV) (minutes, several GB)"
	@$(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[train,dev]'
	@touch $@

$(SYNTHETIC): $(VENV)/.installed
	@$(BIN)/agelens data synthetic

demo: $(VENV)/.installed $(SYNTHETIC) ## the whole pipeline on drawn faces: crops, search, training, report
	@cmp -s params.yaml params/demo.yaml || { \
		echo "params.yaml is not the demo's: type 'dvc repro' to run it, or 'agelens use demo' first."; exit 1; }
	@PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/dvc repro
	@$(BIN)/agelens summary

test: $(VENV)/.installed ## the tests
	@$(BIN)/pytest -n 2 --dist loadscope

mutants: $(VENV)/.installed ## how many small faults of the pure modules the tests notice (20 minutes)
	@$(BIN)/python benchmarks/mutants.py

lint: $(VENV)/.installed ## style
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

# mypy does not follow pyproject's mapping of folders to packages, so it reads the sources through links.
build/types/agelens: $(wildcard agelens/*)
	@rm -rf $@ && mkdir -p $@
	@for name in $(PACKAGES); do ln -s ../../../$$name $@/$$name; done
	@for file in agelens/*.py agelens/py.typed; do ln -s ../../../$$file $@/; done

types: $(VENV)/.installed build/types/agelens ## types
	@$(BIN)/mypy

check: lint types test ## style, types and tests: what CI runs

format: $(VENV)/.installed ## mend style
	@$(BIN)/ruff check --fix --quiet .
	@$(BIN)/ruff format --quiet .

clean: ## remove crops, features, tables and reports; raw data, weights and W&B runs stay
	rm -rf data/crops data/features data/splits data/tune data/train_state data/protocol data/*.csv reports
