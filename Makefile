# npcops from a checkout. `make run` and `make test` need only Python 3.11 or newer, make and git.

SHELL := /bin/sh
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

ifndef PYTHON
PYTHON := $(shell for python in python3.11 python3.12 python3.13 python3; do \
  "$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo "$$python"; break; }; done)
endif
VENV := .venv
PY := $(VENV)/bin/python
UV := $(VENV)/bin/uv
COMPILE := $(UV) pip compile --quiet --generate-hashes --python-version 3.11 --universal
TYPED := layers/npcops cli local scripts training
# Measuring coverage makes the tests half as slow again: continuous integration does, or `make test COVERAGE=1`.
COVERED := $(if $(COVERAGE),--cov --cov-report=term)
TESTED := $(wildcard tests/unit tests/contracts tests/handlers tests/infra tests/local)

.PHONY: help setup run stop test check bench opensearch lock clean

help: ## show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' Makefile

setup: $(VENV)/.ready ## make the virtual environment
	@:

# uv is taken from the lock file, hashes and all, by the pip that Python brings; uv then installs everything else.
$(VENV)/.ready: requirements/dev.txt
	@test -n "$(PYTHON)" || { echo "npcops needs Python 3.11 or newer; none of python3.11, python3.12, python3.13 and \
	python3 is. Install one, or name it: make PYTHON=/path/to/python" >&2; exit 1; }
	@if ! $(UV) --version >/dev/null 2>&1; then \
	  echo "making $(VENV) with $$($(PYTHON) --version)" >&2; \
	  $(PYTHON) -m venv --clear $(VENV) || { echo "$(PYTHON) cannot make virtual environments (on Debian and Ubuntu: \
	  apt install python3-venv)" >&2; exit 1; }; \
	  awk '/^[A-Za-z0-9]/ { wanted = /^uv==/ } wanted' requirements/dev.txt > $(VENV)/uv.txt; \
	  $(PY) -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r $(VENV)/uv.txt; fi
	@$(UV) pip sync --quiet --require-hashes --python $(PY) requirements/dev.txt
	@printf '%s\n' "$(CURDIR)" "$(CURDIR)/cli" "$(CURDIR)/layers/npcops" \
	  > "$$($(PY) -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/npcops-checkout.pth"
	@printf '#!/bin/sh\nexec "%s/$(PY)" -m npc "$$@"\n' "$(CURDIR)" > $(VENV)/bin/npc && chmod +x $(VENV)/bin/npc
	@touch $@

run: setup ## start everything, load the sample world, and talk
	@$(PY) -m local.run

stop: setup ## stop the local stack; its data stays
	@$(PY) -m npc down

check: setup ## all static checks, as CI runs them
	@$(PY) -m local.venvs sam
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy $(TYPED)
	$(VENV)/bin/lint-imports
	SAM_CLI_TELEMETRY=0 .npcops/venvs/sam/bin/sam validate --lint --template-file template.yaml --region us-east-1
	$(PY) scripts/lint_machines.py statemachines/*.asl.json

# OpenSearch is part of the contract tests where it can be had; NPCOPS_REQUIRE_OPENSEARCH=1 insists on it.
# A server that ran before is left running.
test: setup ## all tests; the system tests get a local stack of their own
	@$(PY) -m local.venvs sam cloud tuning
	@had=no; $(PY) scripts/opensearch.py status >/dev/null && had=yes; \
	$(PY) scripts/opensearch.py start || test "$${NPCOPS_REQUIRE_OPENSEARCH:-0}" != 1 || exit 1; \
	status=0; $(PY) -m pytest -q -n 2 --dist worksteal $(COVERED) $(TESTED) || status=$$?; \
	test $$had = yes || $(PY) scripts/opensearch.py stop; exit $$status
	@$(PY) -m local.system_tests

bench: setup ## measure cold starts, turns, hydration, search and sizes
	@$(PY) -m bench

opensearch: setup ## install and start a real OpenSearch for the contract tests
	@$(PY) scripts/opensearch.py start

lock: setup ## resolve every requirements file again
	$(COMPILE) --override layers/deps/overrides.txt layers/deps/requirements.in -o layers/deps/requirements.txt
	$(COMPILE) layers/documents/requirements.in -o layers/documents/requirements.txt
	$(COMPILE) layers/embedded/requirements.in -o layers/embedded/requirements.txt
	$(COMPILE) layers/scoring/requirements.in -o layers/scoring/requirements.txt
	$(COMPILE) --override layers/deps/overrides.txt requirements/dev.in -o requirements/dev.txt
	$(COMPILE) --no-annotate training/requirements.in -o training/requirements.txt
	$(COMPILE) requirements/sam.in -o requirements/sam.txt
	$(COMPILE) requirements/cloud.in -o requirements/cloud.txt
	$(COMPILE) requirements/tuning.in -o requirements/tuning.txt

clean: ## stop everything and remove what was made, but for downloaded weights
	@if test -f $(VENV)/.ready; then $(PY) -c "from local import stack; stack.clean()"; fi
	@rm -rf .npcops/venvs .npcops/built-from .aws-sam $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis
