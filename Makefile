# Every command does its own set-up. PYTHON=... chooses the interpreter (after a `make clean`).
export PYTHON

BIN := .venv/bin
RUN := .venv/ready-to-run
DEV := .venv/ready-to-develop

.PHONY: help demo test check format bench promises set-up clean

help: ## list these commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' Makefile

demo: $(RUN) ## play a small company's story on a simulated clock, on SQLite
	@$(BIN)/countersign demo

test: $(DEV) ## run the tests, on SQLite and on PostgreSQL
	@$(BIN)/pytest -q -n auto --maxprocesses 8 --dist worksteal

check: $(DEV) ## check format, lint, import contracts and types
	@echo "format" && $(BIN)/ruff format --check .
	@echo "lint" && $(BIN)/ruff check .
	@echo "import contracts" && $(BIN)/lint-imports --no-logo
	@echo "types" && $(BIN)/mypy

format: $(DEV) ## put format and imports right
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

bench: $(DEV) ## measure, each figure as a ratio to a raw baseline
	@$(BIN)/pytest -q -s tests/benchmarks -o python_files='bench_*.py' -o python_functions='bench_* test_*' -o faulthandler_timeout=0

promises: $(DEV) ## write down what the HTTP interface promises newly
	@COUNTERSIGN_TEST_WRITE_PROMISES=1 $(BIN)/pytest -q tests/interfaces/http/proofs/test_promises.py

set-up: $(DEV) ## only the set-up, for an editor

clean: ## remove the virtual environment, caches and builds
	@rm -rf .venv .*_cache .hypothesis build dist

# The stamps: set-up runs again only when what it reads has changed.
$(RUN): pyproject.toml constraints.txt .ci/set-up
	@.ci/set-up run
	@touch $@

$(DEV): $(RUN) tests/interfaces/http/proofs/typescript/package.json
	@.ci/set-up dev
	@touch $@
