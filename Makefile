.DEFAULT_GOAL := help
.PHONY: help setup run up test test-unit browser docker containers promtool faketime check check-deploy audit docs format clean
PYTHON ?= python3
UV := .uv/bin/uv
BIN := .venv/bin
ARGS ?=
BALANCE_ARGS ?=
PERMISSIONS_ARGS ?=
PORTAL_ARGS ?=
REPORTS_ARGS ?=
TELEMETRY_ARGS ?=

help: ## Show this help
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(UV):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo 'Ampledger needs Python 3.11 or newer; "$(PYTHON)" is not. Name another one: make PYTHON=python3.12' >&2; exit 1; }
	$(PYTHON) -m venv .uv && .uv/bin/python -m pip install --quiet --disable-pip-version-check uv==0.13.9

setup: .venv/.installed ## Bring uv and everything else, into .uv and .venv

.venv/.installed: $(UV) pyproject.toml uv.lock
	$(UV) sync --frozen --python $(PYTHON)
	$(BIN)/python -c 'from services.balancer.allocation import warm_up; warm_up()'
	@touch $@

run: setup ## Balance a garage of simulated cars on this machine; ARGS="--help" lists what to vary
	$(BIN)/ampledger demo $(ARGS)

up: setup ## Run Ampledger on this machine for chargers of your own, until Ctrl-C
	$(BIN)/ampledger up $(ARGS)

bench: setup ## Measure the log and the balancer beside others, who may do what, the portal, reports and the gateway; leave the machine alone for twenty minutes
	$(BIN)/ampledger bench log $(ARGS)
	$(BIN)/ampledger bench balance $(BALANCE_ARGS)
	$(BIN)/ampledger bench permissions $(PERMISSIONS_ARGS)
	$(BIN)/ampledger bench portal $(PORTAL_ARGS)
	$(BIN)/ampledger bench reports $(REPORTS_ARGS)
	$(BIN)/ampledger bench telemetry $(TELEMETRY_ARGS)

# A file of tests stays with one of three workers: most of them wait, so that three keep two cores busy. Real servers on a machine that others use as well: a test that
# fails is tried again, twice at most, and listed, as is what was left out.
HOW := -n 3 --dist loadfile --reruns 2 -rfERs

test: setup ## Run every test; browser tests need chromium, which root gets on Debian
	@[ "$$(id -u)" != 0 ] || ! command -v apt-get >/dev/null || $(MAKE) --no-print-directory browser
	@if command -v chromium >/dev/null; then set -x; $(BIN)/pytest $(HOW) $(ARGS); else \
	echo 'No chromium here: the browser tests are left out. Bring it with: make browser'; set -x; $(BIN)/pytest $(HOW) -m 'not browser' $(ARGS); fi

test-unit: setup ## Run the tests that need no servers: seconds
	$(BIN)/pytest tests/unit tests/contracts shared services simulator cli $(ARGS)

browser: ## Bring Debian's chromium for the browser tests, as root or by sudo
	@command -v chromium >/dev/null || { S=$$([ "$$(id -u)" = 0 ] || echo sudo); $$S apt-get update -qq && $$S apt-get install -y -qq --no-install-recommends chromium fonts-dejavu-core; }

promtool: ## Bring Debian's promtool, which tests alert rules, into .tools
	@command -v promtool >/dev/null || [ -x .tools/promtool ] || { S=$$([ "$$(id -u)" = 0 ] || echo sudo); $$S apt-get update -qq && mkdir -p .tools \
	&& cd .tools && apt-get download -qq prometheus && dpkg-deb --fsys-tarfile prometheus_*.deb | tar -x --strip-components=3 ./usr/bin/promtool; rm -f prometheus_*.deb; }

faketime: ## Bring Debian's libfaketime, which sets the clocks of services in ampledger chaos, into .tools
	@[ -n "$$(find /usr/lib .tools -name libfaketime.so.1 2>/dev/null)" ] || { S=$$([ "$$(id -u)" = 0 ] || echo sudo); $$S apt-get update -qq && mkdir -p .tools \
	&& cd .tools && apt-get download -qq libfaketime && dpkg-deb --fsys-tarfile libfaketime_*.deb | tar -x --strip-components=4 --wildcards '*/libfaketime.so.1'; rm -f libfaketime_*.deb; }

docker: ## Bring Debian's Docker engine, docker-compose and mmdebstrap, with which images are built and run, as root or by sudo
	@{ { command -v dockerd || docker info; } && command -v mmdebstrap && { docker compose version || command -v docker-compose; }; } >/dev/null 2>&1 || { S=$$([ "$$(id -u)" = 0 ] || echo sudo); $$S apt-get update -qq && $$S apt-get install -y -qq --no-install-recommends docker.io docker-compose mmdebstrap; }

containers: setup docker ## Build the images, and run them hardened on real servers; figures in images.report.json
	AMPLEDGER_CONTAINERS=1 $(BIN)/pytest -s tests/containers $(ARGS)

check: setup ## Check style, types, import contracts, the lock file and the published schemas
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(UV) lock --check
	$(BIN)/ampledger docs check
	$(BIN)/python deploy/helm/values_table.py --check

check-deploy: setup ## Hold what the Helm chart makes against the policies of Checkov, which it brings
	PYTHONPATH=. $(BIN)/python .ci/policies.py

audit: setup ## Look up known vulnerabilities of what Ampledger runs on; needs PyPI's advisories
	$(BIN)/python .ci/audit.py

docs: setup ## Write the published schemas, the AsyncAPI document and the table of the chart's values
	$(BIN)/ampledger docs generate
	$(BIN)/python deploy/helm/values_table.py

format: setup ## Bring the code into its one form
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean: ## Remove what can be brought back; the data folder .ampledger stays
	rm -rf .venv .uv .tools dist .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
