# Start with `make demo` and `make test`; `make help` lists all targets.
.DEFAULT_GOAL := help
PYTHON ?= python3
VENV := .venv
CONSTRAINTS := constraints.txt
EXTRAS := train,serve,app,video,onnx,hub,dev
BIN := $(VENV)/bin
PACKAGES := data_prep models pipeline tuning weights
comma := ,
SYNTHETIC := data/raw/synthetic/synthetic.json

.PHONY: help demo demo-metrics test test-lowest test-newest test-scale mutants soak load fuzz fuzz-guided properties audit release check lint types format clean

help: ## list all targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

$(VENV)/.installed: pyproject.toml $(CONSTRAINTS)
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "installing agelens with the extras $(EXTRAS) into $(VENV) (minutes, several GB)"
	@$(BIN)/pip install --quiet --disable-pip-version-check --constraint $(CONSTRAINTS) --editable '.[$(EXTRAS)]'
	@touch $@

$(SYNTHETIC): $(VENV)/.installed
	@$(BIN)/agelens data synthetic

demo: $(VENV)/.installed $(SYNTHETIC) ## run the whole pipeline on drawn faces: crops, search, training, report
	@git rev-parse --git-dir >/dev/null 2>&1 || { \
		echo "this is no git repository: DVC runs without comparing experiments (core.no_scm in .dvc/config.local)"; \
		$(BIN)/dvc config --local core.no_scm true; }
	@cmp -s params.yaml params/demo.yaml || { \
		echo "params.yaml is not params/demo.yaml: run 'dvc repro', or 'agelens use demo' first."; exit 1; }
	@$(BIN)/agelens data check
	@PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/dvc repro
	@$(BIN)/agelens summary

demo-metrics: demo ## compare the metrics of the demo with the recorded ones, after upgrades of libraries
	@$(BIN)/python -m benchmarks.upgrades.demo_metrics

test: $(VENV)/.installed ## run the tests
	@$(BIN)/pytest -n 2 --dist loadscope --no-loadscope-reorder

# The versions that pip would never choose by itself. uv solves for them; an exact version of one may exclude another's lowest.
build/lowest.txt: pyproject.toml
	@mkdir -p build && test -x build/uv/bin/uv || { $(PYTHON) -m venv build/uv && build/uv/bin/pip install --quiet uv; }
	@build/uv/bin/uv pip compile --quiet --resolution lowest-direct --python $(PYTHON) --no-header --no-annotate \
		$(foreach extra,$(subst $(comma), ,$(EXTRAS)),--extra $(extra)) pyproject.toml --output-file $@

test-lowest: build/lowest.txt ## run the tests with the lowest direct dependencies that pyproject.toml allows, in .venv-lowest
	@$(MAKE) test VENV=.venv-lowest CONSTRAINTS=build/lowest.txt

test-newest: ## the same with the newest of all dependencies, in .venv-newest; PYTHON=python3.13 for another Python
	@$(MAKE) test VENV=.venv-newest CONSTRAINTS=/dev/null

mutants: $(VENV)/.installed ## how many small faults of the pure modules the tests notice (20 minutes)
	@$(BIN)/python benchmarks/mutation/mutants.py

soak: $(VENV)/.installed ## kill, damage and fill the disk of every stage (20 minutes; the full disk needs root or unshare -rm)
	@$(BIN)/python -m benchmarks.faults.run

load: $(VENV)/.installed ## 50 clients for a minute on the service and on the web page (4 minutes)
	@$(BIN)/python -m benchmarks.load.run

$(VENV)/.installed-release: $(VENV)/.installed
	@$(BIN)/pip install --quiet --disable-pip-version-check --constraint $(CONSTRAINTS) --editable '.[release]'
	@touch $@

SECONDS ?= 60
fuzz: $(VENV)/.installed ## give changed images, cards and tables to agelens; SECONDS=600 for longer
	@$(BIN)/python -m benchmarks.fuzz.run --seconds $(SECONDS)

fuzz-guided: $(VENV)/.installed ## the same, guided by coverage with atheris
	@$(BIN)/pip install --quiet --disable-pip-version-check atheris
	@$(BIN)/python -m benchmarks.fuzz.guided --seconds $(SECONDS)

properties: $(VENV)/.installed ## try 2,000 random examples of each property instead of 40 (8 minutes)
	@AGELENS_PROPERTIES=fuzz $(BIN)/pytest -n 2 tests/properties

audit: $(VENV)/.installed-release ## check the installed packages for known vulnerabilities (needs the network)
	@$(BIN)/python -m benchmarks.release.audit

release: $(VENV)/.installed-release ## build source archive, wheel, bill of materials (CycloneDX) and their SHA-256 into dist/
	@$(BIN)/python -m benchmarks.release.build

# Ray is large and optional. Once it is installed, `make test` and `make check` run its test too.
$(VENV)/.installed-scale: $(VENV)/.installed
	@$(BIN)/pip install --quiet --disable-pip-version-check --constraint $(CONSTRAINTS) --editable '.[$(EXTRAS),scale]'
	@touch $@

test-scale: $(VENV)/.installed-scale ## install Ray (extra scale) and run the test of the crop stage on it
	@$(BIN)/pytest tests/data_prep/faces/test_ray_engine.py tests/pipeline/prediction/test_ray_predictions.py

lint: $(VENV)/.installed ## check style
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

# mypy does not follow the mapping of folders to packages in pyproject.toml, so it reads the sources through links.
build/types/agelens: $(wildcard agelens/*)
	@rm -rf $@ && mkdir -p $@
	@for name in $(PACKAGES); do ln -s ../../../$$name $@/$$name; done
	@for file in agelens/*.py agelens/py.typed; do ln -s ../../../$$file $@/; done

types: $(VENV)/.installed build/types/agelens ## check types
	@$(BIN)/mypy

check: lint types test ## check style and types, run the tests: what CI runs

format: $(VENV)/.installed ## fix style
	@$(BIN)/ruff check --fix --quiet .
	@$(BIN)/ruff format --quiet .

clean: ## remove crops, features, tables and reports; raw data, weights and W&B runs stay
	rm -rf data/crops data/features data/splits data/tune data/train_state data/compared_runs data/protocol data/*.csv reports
	rm -f data/*.json data/*.jsonl
	find data weights/trained weights/exported -name '.writing-*' -delete 2>/dev/null || true
