# Everything a newcomer needs. `make help` lists it.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

export LOYALTY_DATA ?= $(CURDIR)/data
# The demo company's last business day.
DAY ?= 2017-12-31
PORT ?= 8080
# Test files that run side by side; each worker builds the small company once.
JOBS ?= 2
export PORT

PY := .venv/bin/python

.PHONY: help
help: ## List these commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: setup
setup: ## Make .venv exactly as uv.lock says (the other commands do this by themselves)
	@scripts/setup.sh

.PHONY: setup-spark
setup-spark:
	@scripts/setup.sh spark

.PHONY: demo
demo: setup ## Write the demo company's exports into data/landing
	@.venv/bin/loyalty demo

.PHONY: run
run: demo ## The main job: demo exports, then Airflow's DAGs, then the published marts
	@$(PY) scripts/run_dags.py $(DAY)

.PHONY: test
test: setup-spark ## The whole test suite (ARGS="tests/test_dags.py -k day" for a part)
	@$(PY) -m pytest --numprocesses $(JOBS) --dist loadfile --no-loadscope-reorder $(ARGS)

.PHONY: services
services: setup ## Prove it with Airflow's real services: schedule, late export, backfill; and a restore
	@$(PY) scripts/prove_services.py

.PHONY: bench
bench: setup ## Time and peak memory of each step on the demo, and what Airflow adds
	@$(PY) benchmarks/route.py

.PHONY: bench-clv
bench-clv: setup ## What customer lifetime value costs beside two packages (SIZES="100000 1000000": short)
	@$(PY) -m benchmarks.clv $(SIZES) $(ARGS)

.PHONY: bench-ingest
bench-ingest: setup ## What landing a CSV costs beside Polars, DuckDB and dlt (SIZES="0.2 2": shorter)
	@$(PY) -m benchmarks.ingest $(SIZES) $(ARGS)

.PHONY: faults
faults: setup ## Kill commands at every named point and at random; a retry must mend all (ARGS="--only land")
	@$(PY) -m benchmarks.faults $(ARGS)

.PHONY: clash
clash: setup ## 200 publishes under 2,000 reads: no reader sees a part, a mixture or an error
	@$(PY) -m benchmarks.clash $(ARGS)

.PHONY: replay
replay: setup ## Thirty days run one by one and replayed after a wipe: the same history (DAYS=5: shorter)
	@$(PY) benchmarks/history.py

.PHONY: parity
parity: setup-spark ## Build one lake on DuckDB and on Spark and compare every mart (SCALE=demo: the demo)
	@$(PY) benchmarks/parity.py

.PHONY: nasty
nasty: setup ## Deliver the corpus of nasty files: nothing silent, no crash, the exact reason
	@$(PY) -m tests.nasty

.PHONY: rebuilds
rebuilds: setup ## One lake built ten times with one thread and with two: one hash a mart (REBUILDS=4)
	@$(PY) benchmarks/rebuilds.py

.PHONY: mutation
mutation: setup ## Disable every guard in turn: a test must fail each time (ARGS="--only lake": some)
	@JOBS=$(JOBS) $(PY) -m benchmarks.mutation $(ARGS)

.PHONY: lint
lint: setup ## Check style, types, SQL, shell and YAML; each tool in its own environment
	@scripts/lint.sh

.PHONY: audit
audit: setup ## Ask about known vulnerabilities of every pinned package (exit 3: not run)
	@$(PY) scripts/audit_dependencies.py

.PHONY: format
format: setup ## Write Python and SQL the way the linters want them
	@scripts/lint.sh format

.PHONY: airflow
airflow: setup ## Airflow's real services on 127.0.0.1 (PORT=8080); Ctrl-C stops them
	@scripts/airflow.sh

.PHONY: up
up: setup ## The same in containers, with PostgreSQL (needs Docker); docker compose down stops it
	@scripts/up.sh

.PHONY: reasons
reasons: setup ## Write the page of reason codes, etl/ingest/REASONS.md, from their table
	@$(PY) -m etl.ingest.reason_page

.PHONY: docs
docs: setup ## Describe every model and column in one HTML file
	@scripts/docs.sh

.PHONY: clean
clean: ## Remove environments and caches; data/ stays
	@rm -rf .venv .boot .tools .pytest_cache .ruff_cache .mypy_cache .hypothesis dbt_project/target dbt_project/logs
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
