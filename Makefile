# make run    a virtual environment, everything in it, and a village to try: open the printed address
# make test   all tests, with their own PostgreSQL and Valkey
# make voice  renders what the hotline says into ivr_scripts/_voice, what is missing only
# make check  what CI runs: style, types, imports, tests
SHELL := /bin/sh
VENV := .venv
BIN := $(VENV)/bin
PYTEST_WORKERS ?= 2
.PHONY: run setup test check bench soak voice lock clean
.DEFAULT_GOAL := run

# the newest Python from 3.11 on; a missing one is one sentence, not a traceback
define FIND_PYTHON
for p in python3.14 python3.13 python3.12 python3.11 python3; do \
  if command -v $$p >/dev/null 2>&1 && $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then py=$$p; break; fi; \
done; \
if [ -z "$$py" ]; then echo "需要 Python 3.11 或更新 / Python 3.11 or newer is needed: install it, then try again" >&2; exit 1; fi
endef

# stamps: installing is done again only when a lock or the project file changes
$(VENV)/bin/python:
	@$(FIND_PYTHON); $$py -m venv $(VENV) || { echo "建不了虚拟环境，请装 python3-venv / can't make a virtual environment: install python3-venv" >&2; rm -rf $(VENV); exit 1; }

$(VENV)/.run-stamp: requirements.lock pyproject.toml | $(VENV)/bin/python
	@echo "正在安装 / installing …"
	@if command -v uv >/dev/null 2>&1; then VIRTUAL_ENV=$(VENV) uv pip install -q --require-hashes -r requirements.lock; \
	else $(BIN)/python -m pip install -q --disable-pip-version-check --no-input --require-hashes -r requirements.lock; fi
	@$(BIN)/python -m pip install -q --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.test-stamp: requirements-test.lock $(VENV)/.run-stamp
	@if command -v uv >/dev/null 2>&1; then VIRTUAL_ENV=$(VENV) uv pip install -q --require-hashes -r requirements-test.lock; \
	else $(BIN)/python -m pip install -q --disable-pip-version-check --no-input --require-hashes -r requirements-test.lock; fi
	@touch $@

setup: $(VENV)/.test-stamp

# what is given to make is in the environment already, spaces and quotes included; an empty one counts as not given
run: $(VENV)/.run-stamp
	@$(foreach name,PORT HOST DATA_DIR,$(if $($(name)),,unset $(name);)) exec $(BIN)/xiangyin up --demo

test: $(VENV)/.test-stamp
	@$(BIN)/python -m pytest -n $(PYTEST_WORKERS) --dist loadfile -m "not soak"

check: $(VENV)/.test-stamp
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	@$(MAKE) test

bench: $(VENV)/.test-stamp
	@$(BIN)/python -m bench $(ONLY)

soak: $(VENV)/.test-stamp
	@$(BIN)/python -m pytest -m soak || { code=$$?; [ $$code -eq 5 ] && echo "no soak tests yet"; [ $$code -eq 5 ]; }

# what the hotline says, as clips: only phrases that have none
voice: $(VENV)/.run-stamp
	@$(BIN)/python -m pip install -q --disable-pip-version-check --no-build-isolation -e '.[voice]'
	@$(BIN)/python tools/render_voice.py

lock:
	$(BIN)/uv pip compile -q --generate-hashes --universal --no-header --no-emit-index-url --extra build -o requirements.lock pyproject.toml
	$(BIN)/uv pip compile -q --generate-hashes --universal --no-header --no-emit-index-url --extra build --extra test -o requirements-test.lock pyproject.toml

clean:
	rm -rf $(VENV) artefacts .pytest_cache .mypy_cache .ruff_cache xiangyin.egg-info
