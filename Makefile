# Two commands matter: `make up` runs the shop, `make test` tests it. `make help` names the others.

PYTHON ?= $(shell for p in python3 python3.11 python3.12 python3.13; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
VENV := .venv
PY := $(VENV)/bin/python
STAMP := $(VENV)/installed

.PHONY: help up test pictures rolling slow fuzz orders-random orders-chaos year pricing moving constraints chaos staff-hour bench bench-reads bench-freshness bench-calls bench-import bench-memory bench-processes bench-rush bench-checkout bench-faults bench-outbox bench-auth bench-admin bench-pages bench-webhooks bench-feeds bench-compare capacity bench-capacity bench-plans check audit fmt lock sbom shell clean crowd boundary bench-quote bench-noon bench-search bench-peers
.DEFAULT_GOAL := help

help: ## Say what there is
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | sort | expand -t 12

# A recipe that is one plain command replaces no shell: a signal to make reaches the program.
up: $(STAMP) ## Run the whole shop here: PostgreSQL, Valkey, web, relay, workers, beat (Ctrl-C ends it)
	@$(PY) -m dev.up

test: $(STAMP) ## Run every test; ARGS="-k checkout" and the like go to pytest
	@$(PY) -m pytest -n 3 $(ARGS)

staff-hour: $(STAMP) ## A staff member's hour in Chromium: 30 confirmed, 20 packed, 18 sent; prints clicks and typed fields
	@STAFF_HOUR=long $(PY) -m pytest -n 0 -s -q tests/browser/test_staff_hour.py tests/browser/test_staff_day.py

pictures: $(STAMP) ## Take a picture of every page of the storefront and every mail: wide, narrow, dark, three languages (build/browser)
	@PICTURES=1 $(PY) -m pytest -n 0 -q --timeout 1800 tests/browser/test_pictures.py $(ARGS)

chaos: $(STAMP) ## Inject every fault and print what held: fault, tries, invariant, breaches (35 to 50 minutes)
	@$(PY) -m tests.chaos.run $(ARGS)

rolling: $(STAMP) ## Restart every process under load (no request fails, no job is lost); read from a real standby
	@ROLLING_ROUNDS=$(or $(ROUNDS),2) $(PY) -m pytest -n 0 -s tests/deploy $(ARGS)

slow: $(STAMP) ## 200 slow clients of each kind for 30 s, behind Caddy, nginx and no front (about twelve minutes)
	@SLOW_SECONDS=$(or $(SECONDS),30) $(PY) -m pytest -n 0 -s --timeout 3600 tests/deploy/test_slow_clients.py $(ARGS)

fuzz: $(STAMP) ## Fuzz the whole API, print what was tried (FUZZ_EXAMPLES=5 for each operation), then verify; takes long
	@FUZZ=full $(PY) -m pytest -n 0 -s --timeout 7200 tests/fuzz $(ARGS)

orders-random: $(STAMP) ## Take 5,000 random steps with orders against a model of them; verify after each (half an hour)
	@ORDERS=full $(PY) -m pytest -n 2 --timeout 1800 tests/orders/test_orders_at_random.py $(ARGS)

orders-chaos: $(STAMP) ## Take 480 steps with orders over HTTP while web, workers and relay are killed; nothing lost or doubled
	@CHAOS=1 $(PY) -m pytest -n 0 -s -p no:randomly tests/chaos/test_orders_killed.py $(ARGS)

year: $(STAMP) ## Play a made-up year of trade (10,000 orders) by moved clocks: are all amounts equal? (hours; needs faketime)
	@$(PY) -m tests.year $(ARGS)

pricing: $(STAMP) ## Reckon 25,000 carts with promotions and 100,000 quotes again by brute force (about a minute)
	@PRICING=full $(PY) -m pytest -n 0 --timeout 1800 tests/orders/pricing $(ARGS)

crowd: $(STAMP) ## 500 buyers at once for 100 uses of a promotion, and for a gift card worth three carts (minutes)
	@BUYERS=500 $(PY) -m pytest -n 0 --timeout 3600 tests/concurrency/test_limited_means.py $(ARGS)

moving: $(STAMP) ## 44,446 products with pictures from a hostile server, killed five times (PICTURES=2000: fewer)
	@PICTURES=$(or $(PICTURES),44446) $(PY) -m pytest -n 0 -s --timeout 0 tests/moving/test_hostile_move.py $(ARGS)

boundary: $(STAMP) ## 8 readers on two web processes across the start and end of sales: 20,000 answers, none stale
	@BOUNDARY_ANSWERS=20000 BOUNDARY_LEAD_S=4 $(PY) -m pytest -n 0 -s --timeout 3600 tests/cache/test_sale_boundary.py $(ARGS)

bench-quote: $(STAMP) ## What a quote of 50 lines and 100 promotions costs, beside one of a line and none
	@$(PY) -m benchmarks.quote $(ARGS)

bench-search: $(STAMP) ## Searches and facets of 100,000 products: precision at 10, median and 99th percentile (minutes)
	@$(PY) -m benchmarks.search_speed --products $(or $(PRODUCTS),100000) $(ARGS)

bench-noon: $(STAMP) ## 100,000 products, a fifth of them on sale from one moment on: is a page slower, or stale?
	@$(PY) -m benchmarks.noon $(ARGS)

constraints: $(STAMP) ## List every rule of the database with the ways in which it was tried: raw SQL, API, admin
	@FUZZ=full $(PY) -m pytest -n 0 -s --timeout 1800 tests/constraints $(ARGS)

check: $(STAMP) ## Lint, types, layers, migrations, security: everything that CI looks at besides the tests
	@$(PY) -m dev.check

bench: bench-reads bench-freshness bench-calls bench-import bench-memory bench-checkout bench-faults bench-outbox bench-rush bench-auth bench-admin bench-pages ## Measure everything side by side, into benchmarks/results.md

bench-reads: $(STAMP) ## Catalogue reads beside a bare server, the stock stack, Express and plain SQL (needs wrk)
	@$(PY) -m benchmarks.reads $(ARGS)

bench-freshness: $(STAMP) ## Is anybody shown what is no longer true? And with the cache server killed under load?
	@$(PY) -m benchmarks.freshness $(ARGS)

bench-calls: $(STAMP) ## What a token costs a call, what a refresh costs, and a day's figures among 500,000 orders
	@$(PY) -m benchmarks.calls $(ARGS)

bench-import: $(STAMP) ## 44,000 products by import_products, beside the same rows by SQL into the same tables
	@$(PY) -m benchmarks.imports $(ARGS)

bench-pages: $(STAMP) ## What a shopper with a slow phone waits for, in Chromium
	@$(PY) -m benchmarks.page_vitals $(ARGS)

bench-memory: $(STAMP) ## A web process's memory after 100,000 mixed requests, beside after 1,000
	@$(PY) -m benchmarks.memory $(ARGS)

bench-processes: $(STAMP) ## Reads by two and four web processes beside one, on these cores (needs wrk)
	@$(PY) -m benchmarks.web_processes $(ARGS)

bench-rush: $(STAMP) ## 500 buyers at once for 100 pieces, over 4 web processes
	@$(PY) -m benchmarks.checkout_rush $(ARGS)

bench-checkout: $(STAMP) ## Checkouts a second, beside the same statements by pgbench; everybody wants one SKU
	@$(PY) -m benchmarks.checkout $(ARGS)

bench-faults: $(STAMP) ## How long a checkout takes while mail server, broker or cache are broken, beside undisturbed
	@$(PY) -m benchmarks.checkout_faults $(ARGS)

bench-outbox: $(STAMP) ## Jobs a second through the outbox, beside Celery alone
	@$(PY) -m benchmarks.outbox $(ARGS)

bench-webhooks: $(STAMP) ## Checkouts with five webhooks, one of whose servers hangs, beside all well and none
	@$(PY) -m benchmarks.webhooks $(ARGS)

bench-feeds: $(STAMP) ## The product feeds of 100,000 products: seconds, memory, faults by their readers' rules
	@$(PY) -m benchmarks.product_feeds $(ARGS)

bench-admin: $(STAMP) ## Every page of the admin on 100,000 products and 500,000 orders: queries and seconds
	@$(PY) -m benchmarks.admin_pages $(ARGS)

bench-auth: $(STAMP) ## 200 sessions refreshing in 3 tabs each, answers lost, a web process killed, tokens stolen
	@$(PY) -m benchmarks.auth_hammer $(ARGS)

bench-plans: $(STAMP) ## EXPLAIN of each read, and the pages it looks at in a small and a large shop: docs/query-plans.md
	@$(PY) -m benchmarks.query_plans $(ARGS)

bench-capacity: capacity

capacity: $(STAMP) ## What each request takes, the model over it held against real runs, and docs/scaling.md's tables (needs node)
	@$(PY) -m benchmarks.capacity $(ARGS)

bench-peers: $(STAMP) ## Reads, carts and checkouts beside Vendure and Medusa on this machine (needs wrk and Node.js; minutes)
	@$(PY) -m benchmarks.peer_shops $(ARGS)

bench-compare: $(STAMP) ## Run benchmarks of two revisions in turns and print the ratios: REV=v1.0.0 ARGS="reads outbox"
	@test -n "$(REV)" || { echo "Say which revision to compare with: make bench-compare REV=v1.0.0"; exit 2; }
	@$(PY) -m benchmarks.compare $(REV) $(ARGS)

audit: $(STAMP) ## Look for known holes in the pinned packages (needs the network)
	@$(PY) -m pip_audit --require-hashes -r requirements.txt

sbom: $(STAMP) ## Write what image and storefront are made of, as CycloneDX documents, into .local/sbom
	@$(PY) -m dev.sbom

fmt: $(STAMP) ## Format the code and fix what can be fixed
	@$(PY) -m ruff check --fix-only --quiet .
	@$(PY) -m ruff format .

lock: $(STAMP) ## Pin the newest versions that requirements*.in allow
	@$(PY) -m dev.lock

shell: $(STAMP) ## Open Django's shell on the development database
	@$(PY) -m dev.stack run $(PY) manage.py shell

clean: ## Remove what `make up` and `make test` have made, data included; keeps $(VENV)
	@if [ -x $(PY) ]; then $(PY) -m dev.stack clean; fi

$(STAMP): requirements-dev.txt
	@test -n "$(PYTHON)" || { echo "Markrin needs Python 3.11 or newer; none was found (set PYTHON=…)."; exit 1; }
	@$(PY) -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear $(VENV) || { \
		echo "Python cannot make a virtual environment here. On Debian or Ubuntu: apt-get install python3-venv"; exit 1; }
	@echo "Installing the pinned packages into $(VENV) …"
	@$(PY) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt || { \
		echo "The packages could not be installed into $(VENV): is there a network, and room on the disk?"; exit 1; }
	@touch $(STAMP)
