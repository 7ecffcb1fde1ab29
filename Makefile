# make demo: a face you can talk to. make test: is it all right. `make help` lists the rest.

UV_VERSION := 0.13.8
export PORT

# uv from the PATH, else in an environment of its own.
UV := $(shell command -v uv 2>/dev/null || echo .cache/uv/bin/uv)
PYTHON := .venv/bin/python
UV_SYNC := $(UV) sync --locked --inexact --no-default-groups --group apps --group demo

LOCK := pyproject.toml uv.lock
PAGE := $(shell find frontend -path frontend/node_modules -prune -o -path frontend/dist -prune \
	-o -type f -print 2>/dev/null)
SERVER := .cache/livekit-server/.ready
# Each core takes whole files; what talks and listens in real time has the machine to itself.
# A crash ends the run: xdist never ends where it gives the rest of a crashed worker's files away.
AT_ONCE := -n logical --dist loadfile --max-worker-restart 0

.DEFAULT_GOAL := help
.PHONY: help demo setup test test-fast lint bench clean chromium mesa services

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 12

demo: setup ## set up what is missing and start everything; Ctrl-C stops it
	@exec $(PYTHON) -m demo

setup: .venv/.apps frontend/dist/index.html .venv/.prewarm $(SERVER) ## set up alone

test: setup .venv/.dev lint chromium mesa services ## every check and every test
	$(PYTHON) -m pytest -m "not e2e" $(AT_ONCE)
	$(PYTHON) -m pytest -m e2e
	@npm --prefix frontend test --silent

test-fast: setup .venv/.dev ## the quick tests, for your own loop
	$(PYTHON) -m pytest -m "not e2e" $(AT_ONCE) -x -q

lint: .venv/.dev frontend/node_modules/.package-lock.json ## ruff, mypy; eslint, tsc
	$(PYTHON) -m ruff check .
	$(PYTHON) -m ruff format --check .
	$(PYTHON) -m mypy
	@npm --prefix frontend run --silent lint
	@npm --prefix frontend run --silent typecheck

# What is measured at this commit is not measured again: FORCE=1 does. BENCH_ARGS=--quick is short.
bench: setup .venv/.dev ## measure everything, about two hours; one table at the end
	@$(MAKE) --no-print-directory chromium || echo "visavis: what needs Chromium is skipped" >&2
	@$(PYTHON) -m bench all $(if $(FORCE),--force) $(BENCH_ARGS)

clean: ## remove everything that setup made
	rm -rf .venv .cache frontend/dist frontend/node_modules

.cache/uv/bin/uv:
	@echo "==> uv $(UV_VERSION) (the Python environment)"
	@python3 -m venv .cache/uv || { rm -rf .cache/uv; echo "visavis: install uv \
	(https://docs.astral.sh/uv) or your system's python3-venv, then start again" >&2; exit 1; }
	@.cache/uv/bin/pip install --quiet --disable-pip-version-check "uv==$(UV_VERSION)"

.venv/.apps: $(LOCK) | $(filter .cache/%,$(UV))
	@echo "==> Python environment in .venv"
	@$(UV_SYNC)
	@mkdir -p $(@D) && touch $@

.venv/.dev: .venv/.apps
	@echo "==> tools for tests"
	@$(UV) sync --locked --inexact
	@mkdir -p $(@D) && touch $@

frontend/node_modules/.package-lock.json: frontend/package.json frontend/package-lock.json
	@command -v npm >/dev/null || { echo "visavis: the page is built with Node.js 20.19 or newer: \
	install it (https://nodejs.org), then start again" >&2; exit 1; }
	@echo "==> the page's packages"
	@npm ci --prefix frontend --no-audit --no-fund --loglevel=error
	@touch $@

frontend/dist/index.html: frontend/node_modules/.package-lock.json $(PAGE)
	@echo "==> the page"
	@npm run --prefix frontend --silent build
	@touch $@

.venv/.prewarm: .venv/.apps $(wildcard avatar_worker/render/*.py avatar_worker/render/simd/*.py \
	avatar_worker/heads/*.glb) agent/brains/llama_weights.py
	@echo "==> the renderer"
	@$(PYTHON) -m avatar_worker prewarm
	@echo "==> the embedded language model"
	@$(PYTHON) -m agent.brains.llama_weights
	@mkdir -p $(@D) && touch $@

$(SERVER): .venv/.apps
	@$(PYTHON) -m demo.livekit_server
	@mkdir -p $(@D) && touch $@

chromium:
	@command -v chromium >/dev/null || command -v google-chrome >/dev/null || { \
	echo "==> Chromium (for the browser tests)"; \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium >/dev/null; \
	else echo "visavis: the browser tests need Chromium: install it, then start again" >&2; exit 1; fi; }

# OpenGL on the CPU: what a graphics card would draw is compared with what the CPU draws.
mesa:
	@ldconfig -p 2>/dev/null | grep -q libEGL_mesa || { \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	echo "==> Mesa (for the tests of the renderer on a graphics card)"; \
	apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends libegl1 libopengl0 libgl1-mesa-dri >/dev/null; \
	else false; fi; } || echo "visavis: without Mesa's EGL, the tests of the graphics card are skipped"

# The tests start a Postgres and a Redis of their own.
services:
	@{ command -v redis-server && { command -v initdb || ls /usr/lib/postgresql/*/bin/initdb; }; } >/dev/null 2>&1 || { \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	echo "==> Postgres and Redis (for the tests of the store and of several gateways)"; \
	apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends postgresql redis-server >/dev/null; \
	else false; fi; } || echo "visavis: without Postgres and Redis their tests are skipped: install postgresql and redis-server"
