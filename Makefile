# The verbs of this project. Each makes its environment first if it is not there.
PYTHON ?= python3
BIN := .venv/bin
export DO_NOT_TRACK := 1
export DBT_SEND_ANONYMOUS_USAGE_STATS := false
export GX_ANALYTICS_ENABLED := false

.DEFAULT_GOAL := help
.PHONY: help demo test proof lint dev docs wheel lock upgrades clean

help: ## list the verbs
	@grep -E '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

# pip compiles bytecode even where PYTHONDONTWRITEBYTECODE is set: without it every start takes twice as long
.venv/installed: requirements.lock pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(None if (3, 11) <= sys.version_info < (3, 14) else "Python 3.11 to 3.13 is needed: make PYTHON=python3.12 ...")'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	touch $@

demo: .venv/installed ## a synthetic year, all four quarters, the release, and where to look
	$(BIN)/cpai demo

test: .venv/installed ## the tests, with the whole story on a small synthetic year
	$(BIN)/python -m pytest -n 2 --dist loadgroup -m "not proof"

proof: .venv/installed ## heavier proofs: the full-size year, pages in a browser
	$(BIN)/python -m pytest -m proof

lint: .venv/installed ## ruff, types, sqlfluff, and whether Dagster can load the code location
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/ty check --error-on-warning
	CPAI_HOME=$(CURDIR)/.venv/home $(BIN)/dg check defs
	$(BIN)/sqlfluff lint --processes 2 dbt_project/models

dev: .venv/installed ## the Dagster UI on http://localhost:3000, for this machine alone: it has no sign-in
	@echo "The Dagster UI has no sign-in: whoever reaches it may start runs. It listens on 127.0.0.1 alone; for others see orchestration/readings/room/README.md"
	$(BIN)/python -c 'from orchestration import home, jobs; jobs.instance(home.home())'
	CPAI_HOME=$$(realpath $${CPAI_HOME:-data}) DAGSTER_HOME=$$(realpath $${CPAI_HOME:-data})/dagster $(BIN)/dagster dev --host 127.0.0.1

docs: .venv/installed ## dbt's documentation of every model and column as one page: data/dbt/target/static_index.html
	$(BIN)/python -m orchestration.warehouse.docs

wheel: .venv/installed ## dist/*.whl, for forces that check their returns: the compiled rules are in it
	$(BIN)/python -m orchestration.returns.check
	$(BIN)/python -c 'from orchestration.releases.inputs import git_commit; print(git_commit() or "not known")' > orchestration/commit
	$(BIN)/python -m pip wheel --quiet --disable-pip-version-check --no-deps --no-build-isolation --wheel-dir dist .
	rm orchestration/warehouse/compiled.json orchestration/commit

lock: ## pin again, with hashes
	$(PYTHON) -m venv .venv && $(BIN)/pip install --quiet uv
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --no-header --extra dev pyproject.toml -o requirements.lock

upgrades: .venv/installed ## the newest Dagster, dbt-duckdb, Great Expectations and DuckDB, each apart: what breaks
	$(BIN)/python tests/upgrades.py

clean: ## remove the environment; the home (data/) is yours to remove
	rm -rf .venv
