# Rapport. `make help` says what there is.
.DEFAULT_GOAL := help
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
PACKAGES := shared services/orders-listener services/notifier services/loyalty services/feedback
export PYTHONUNBUFFERED := 1

.PHONY: help run replay test long simulate chaos rehearse bench asked audit check check-deploy check-monitoring trace fmt schemas lock clean

help: ## what can be done here
	@awk -F':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(READY): requirements/all.lock $(addsuffix /pyproject.toml,$(PACKAGES))
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "Rapport needs Python 3.11 or newer; name one with: make PYTHON=/path/to/python3.11"; exit 1; }
	@echo "setting up $(VENV) (once; a minute or two)"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/all.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation \
	  $(addprefix -e ./,$(PACKAGES))
	@touch $@

run: $(READY) ## the shop, the four services, broker and databases on this machine (ONCE=1 KAFKA=apache SEED=7 WEEKS=6)
	@$(BIN)/python -m deploy.local

replay: $(READY) ## recorded orders through the whole house (DATA=folder or Shopify export, else 1,000 generated orders)
ifeq ($(DATA),)
	@$(BIN)/python -m storefront simulate --export build/shop --orders 1000
	@$(BIN)/python -m deploy.local.replay build/shop
else
	@$(BIN)/python -m deploy.local.replay $(DATA)
endif
	@$(BIN)/python deploy/auditor/auditor.py build

# Apache Kafka is for what touches a broker: the chassis, the journeys and the stack itself.
ARGS ?= $(if $(filter apache,$(KAFKA)),tests/chassis tests/journeys tests/storefront $(addprefix tests/deploy/test_,apache.py secured_kafka.py stack.py))
test: $(READY) ## every test on real parts (KAFKA=apache: chassis and journeys there; ARGS="tests/chassis -k inbox")
	@$(BIN)/python -m pytest $(ARGS)

long: $(READY) ## what takes minutes: the same log, heard otherwise, and a backup put back, on a generated shop
	@$(BIN)/python -m pytest tests/replay/long

simulate: $(READY) ## the loop against a log, a group and failures that a seed decides (SEEDS=200 SEED=1 PLANT=name)
	@PYTHONPATH=.:tests/chassis/toy $(BIN)/python -m tests.simulation --seeds $(or $(SEEDS),200) --seed $(or $(SEED),1) \
	  $(if $(PLANT),--plant $(PLANT))

chaos: $(READY) ## workers killed, frozen and cut off, judged by a model (KILLS=20 SEED=1 EVENTS=100000 PLANT=name|every MAIL=1)
	@$(BIN)/python -m tests.chaos$(if $(MAIL),.mail)

rehearse: $(READY) ## processes replaced, broker and database away, an upgrade and back, under load (QUICK=1 OUTAGE_S=300)
	@$(BIN)/python -m deploy.local.rehearse

bench: $(READY) ## beside what people would otherwise write (QUICK=1, SCALE=full, ONLY=loyalty,relay; see docs/performance.md)
	@$(BIN)/python -m benchmarks

asked: $(READY) ## every operation of every service asked for what its document allows and does not (EXAMPLES=50)
	@EXAMPLES=$(or $(EXAMPLES),50) $(BIN)/python -m pytest --timeout 3600 tests/access/test_anything_asked.py

audit: $(READY) ## known weaknesses of what is pinned; AUDIT=required fails too where nobody with advisories can be asked
	@$(BIN)/python -m deploy.inspection.advisories

check: $(READY) ## lint, formatting, types, generated schemas, known weaknesses
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/python -m contracts.publish --check
	@$(BIN)/python -m deploy.inspection.advisories

check-monitoring: $(READY) ## alert rules, their tests, and a real Prometheus asked everything at a live stack (from Debian's package if missing)
	@deploy/monitoring/check.sh && $(BIN)/python -m pytest tests/monitoring/test_scraping.py

trace: $(READY) ## one order through the whole house, and its trace as a picture: build/trace.svg
	@$(BIN)/python -m deploy.local.trace

check-deploy: $(READY) ## what stands in deploy/, without a cluster: rendered, validated, linted, compared with the code; images installed
	@$(BIN)/python -m deploy.inspection && $(BIN)/python -m pytest --timeout 600 tests/deploy/long

fmt: $(READY) ## put the code into its form
	@$(BIN)/ruff check --fix --quiet . || true
	@$(BIN)/ruff format --quiet .

schemas: $(READY) ## write AsyncAPI and JSON Schemas from the contracts
	@$(BIN)/python -m contracts.publish

LOCK = uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
  --no-emit-find-links --no-annotate --no-header
lock: $(READY) ## pin what requirements/*.in ask for, with hashes and without addresses (needs uv)
	@$(LOCK) requirements/all.in -o requirements/all.lock
	@$(LOCK) requirements/services.in --constraints requirements/all.lock -o requirements/services.lock
	@$(LOCK) requirements/image.in -o requirements/image.lock
	@$(LOCK) requirements/deploy.in -o requirements/deploy.lock

clean: ## forget what was built; the virtual environment too
	rm -rf $(VENV) build .mypy_cache .pytest_cache .ruff_cache .hypothesis
