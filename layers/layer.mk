# How a layer of third-party code is built from its lock file; included by layers/*/Makefile.
#
# The default target is what AWS runs: arm64, Python 3.13, glibc 2.34, on any host. NPCOPS_BUILD_TARGET=local builds for
# this machine and the interpreter that runs functions here (LAYER_PYTHON).
#
# Bytecode is compiled ahead with unchecked hashes, which makes imports two to three times faster and never goes stale:
# packaging resets the times that ordinary .pyc files are checked against.

SHELL := /bin/sh
ROOT := $(abspath $(dir $(lastword $(MAKEFILE_LIST)))..)
UV ?= $(firstword $(wildcard $(ROOT)/.venv/bin/uv) uv)
SITE = $(ARTIFACTS_DIR)/python

ifeq ($(NPCOPS_BUILD_TARGET),local)
LAYER_PYTHON ?= $(firstword $(wildcard $(ROOT)/.venv/bin/python) python3)
TARGET := --python $(LAYER_PYTHON)
else
LAYER_PYTHON ?= $(shell UV_PYTHON_DOWNLOADS=never $(UV) python find --no-project 3.13 2>/dev/null || \
  ls -d $(HOME)/.pyenv/versions/3.13.*/bin/python3.13 2>/dev/null | tail -n 1)
TARGET := --python-version 3.13 --python-platform aarch64-manylinux_2_34
endif

define install
	$(UV) pip install --quiet --no-deps --require-hashes --only-binary :all: --link-mode copy $(TARGET) \
	  --target "$(SITE)" --requirement requirements.txt
	rm -rf "$(SITE)/bin" "$(SITE)/.lock"
	find "$(SITE)" -type d \( -name tests -o -name test -o -name examples -o -name __pycache__ \) \
	  -prune -exec rm -rf {} +
	find "$(SITE)" -type f \( -name '*.pyi' -o -name '*.pyx' -o -name '*.pxd' -o -name '*.h' -o -name RECORD \
	  -o -name INSTALLER -o -name REQUESTED \) -delete
endef

# Without an interpreter of the target's version there is no bytecode: slower cold starts, same behaviour.
define compile
	@if [ -n "$(LAYER_PYTHON)" ]; then \
	  PYTHONDONTWRITEBYTECODE= $(LAYER_PYTHON) -m compileall -q -j 2 --invalidation-mode unchecked-hash \
	    -s "$(SITE)" -p /opt/python "$(SITE)"; \
	else echo "No Python 3.13 on this machine: $@ goes without bytecode." >&2; fi
endef
