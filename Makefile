# `make` lists the targets.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

CARGO ?= cargo
PYTHON ?= python3
MVN ?= mvn

# What is fetched once lies here; the program and the tests look in the same folder.
CACHE := $(or $(SADA_CACHE),$(if $(XDG_CACHE_HOME),$(XDG_CACHE_HOME)/sada),$(HOME)/.cache/sada)

# The ClickHouse engine as a library.
CHDB := 26.7.3-stable.1
LIBCHDB := $(CACHE)/chdb/$(CHDB)/libchdb.so
# Apache Kafka; deploy/dev/kafka/pom.xml names the same version.
KAFKA := 4.1.0
KAFKA_LIBS := $(CACHE)/kafka/$(KAFKA)/libs
# Kafka Connect with Debezium; deploy/dev/debezium/pom.xml names the same version.
DEBEZIUM := 3.2.0.Final
DEBEZIUM_LIBS := $(CACHE)/debezium/$(DEBEZIUM)/libs
# ClickHouse's clients for Python and Java, and the Python pipeline of the benchmark.
PYTHON_VENV := $(CACHE)/clients/python
JDBC_LIBS := $(CACHE)/clients/jdbc

# Tests and benches hold the language model against lingua; the product is built without its 291 MB.
LINGUA := --features lingua

.PHONY: help
help: ## List the targets
	@sed -nE 's/^([a-z-]+):[^#]*## (.*)$$/\1|\2/p' $(MAKEFILE_LIST) \
	  | while IFS='|' read -r target line; do printf '  make %-14s %s\n' "$$target" "$$line"; done

.PHONY: build
build: libchdb ## Build the program for production: target/release/sada
	$(CARGO) build --release --locked

.PHONY: demo
demo: libchdb ## Broker, ClickHouse engine and pipeline in one command, in ./demo-data (DEMO_ONCE=1: print and end)
	$(CARGO) build --locked
	target/debug/sada demo --path $(or $(DEMO_PATH),demo-data) $(if $(filter-out 0,$(DEMO_ONCE)),--once)

.PHONY: test
test: libchdb kafka clients ## All tests, against real Apache Kafka and the real ClickHouse engine
	@# Many tests wait for servers most of the time.
	RUST_TEST_THREADS=$$(( 2 * $$(nproc) )) $(CARGO) test --locked $(LINGUA) --lib --tests

.PHONY: test-debezium
test-debezium: libchdb kafka debezium ## Rows changed by SQL in a real PostgreSQL arrive through a real Debezium
	$(CARGO) test --locked $(LINGUA) --test debezium

# STRINGS, SEED
.PHONY: fuzz
fuzz: ## Ten million strings that nobody writes, for language and mojibake repair (STRINGS=10000000 SEED=1)
	SADA_FUZZ_STRINGS=$(or $(STRINGS),10000000) SADA_FUZZ_SEED=$(or $(SEED),$(shell date +%s)) \
	$(CARGO) test --locked $(LINGUA) --test suite -- --nocapture language_fuzz

# FAULTS, EVENTS, SEED, DELIVERY=at_least_once
.PHONY: chaos
chaos: libchdb kafka ## A thousand faults under load, then every record is checked (FAULTS=1000 EVENTS=2000000 SEED=1)
	SADA_CHAOS_FAULTS=$(or $(FAULTS),1000) SADA_CHAOS_EVENTS=$(or $(EVENTS),2000000) \
	SADA_CHAOS_SEED=$(or $(SEED),$(shell date +%s)) SADA_CHAOS_DELIVERY=$(DELIVERY) \
	$(CARGO) test --locked $(LINGUA) --test suite -- --exact --nocapture chaos::every_record_has_one_outcome_whatever_fails

.PHONY: chaos-odata
chaos-odata: libchdb kafka ## The same with O-data and repair: every join is held against an oracle (FAULTS=300 EVENTS=300000 SEED=1)
	SADA_CHAOS_FAULTS=$(or $(FAULTS),300) SADA_CHAOS_EVENTS=$(or $(EVENTS),300000) \
	SADA_CHAOS_SEED=$(or $(SEED),$(shell date +%s)) SADA_CHAOS_DELIVERY=$(DELIVERY) \
	$(CARGO) test --locked $(LINGUA) --test suite -- --exact --nocapture chaos::joined::what_was_true_is_joined_whatever_fails

# ROWS, RETAG
.PHONY: volume
volume: libchdb kafka ## Reconcile ten million rows, retag a million beside a live stream (ROWS=10000000 RETAG=1000000)
	SADA_VOLUME_ROWS=$(or $(ROWS),10000000) SADA_VOLUME_RETAG=$(or $(RETAG),1000000) \
	$(CARGO) test --release --locked --test suite -- --nocapture --test-threads=1 volume::

# ROWS
.PHONY: bench-repair
bench-repair: libchdb ## Join a million rows again, whose O-data came late: time, parts, memory (ROWS=1000000)
	SADA_REPAIR_ROWS=$(or $(ROWS),1000000) \
	$(CARGO) test --release --locked --test suite -- --exact --nocapture repair_volume::a_great_import_of_history_is_repaired_in_bounded_memory

# DATA, SEED
.PHONY: train-sentiment
train-sentiment: ## Fit models/sentiment.bin and its card from labelled texts (DATA=folder, or SADA_DATA; SEED=1)
	$(CARGO) run --release --locked -- train sentiment --texts models/topics $(if $(DATA),--data $(DATA)) --seed $(or $(SEED),1)

# DATA, SEED
.PHONY: train-topics
train-topics: ## Fit models/topics.bin and its card from labelled texts (DATA=folder, or SADA_DATA; SEED=1)
	$(CARGO) run --release --locked -- train topics --texts models/topics $(if $(DATA),--data $(DATA)) --seed $(or $(SEED),1)

.PHONY: bench
bench: libchdb kafka python-mark ## Measure events/s, CPU, memory with a Python pipeline beside ours; language with lingua
	SADA_BENCH_PYTHON=$(PYTHON_VENV)/bin/python $(CARGO) bench --locked $(LINGUA) --bench language --bench sentiment --bench pipeline --bench join

.PHONY: bench-language
bench-language: ## Measure how many texts/s get their language, with lingua in turn
	$(CARGO) bench --locked $(LINGUA) --bench language

.PHONY: bench-sentiment
bench-sentiment: ## Measure how many texts/s are judged, and what the sentiment model costs to load
	$(CARGO) bench --locked $(LINGUA) --bench sentiment

# CUSTOMERS, ORDERS, TICKETS
.PHONY: bench-join
bench-join: libchdb kafka ## Measure catch-up and join of O-data, with ClickHouse's beside (CUSTOMERS=1000000 ORDERS=3000000 TICKETS=300000)
	$(CARGO) bench --locked --bench join -- --customers $(or $(CUSTOMERS),1000000) --orders $(or $(ORDERS),3000000) --tickets $(or $(TICKETS),300000)

.PHONY: fmt
fmt: ## Format the code
	$(CARGO) fmt

.PHONY: lint
lint: ## Formatting and clippy, without warnings
	$(CARGO) fmt --check
	$(CARGO) clippy --locked $(LINGUA) --all-targets -- -D warnings
	$(CARGO) clippy --locked $(LINGUA) --test debezium -- -D warnings

.PHONY: doc
doc: ## The documentation: target/doc/sada/index.html (the architecture is its first page)
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --locked --no-deps

.PHONY: libchdb
libchdb: $(LIBCHDB) ## Fetch the ClickHouse engine (178 MB, once)

$(LIBCHDB):
	deploy/dev/libchdb.sh $(CHDB) $@

.PHONY: kafka
kafka: $(KAFKA_LIBS) ## Fetch Apache Kafka for tests (54 MB, once)

$(KAFKA_LIBS):
	@mkdir -p $(@D)
	@echo "fetching jars into $@ (once)" >&2; $(call copy-jars,deploy/dev/kafka/pom.xml,$@)

.PHONY: kafka-start
kafka-start: kafka ## Start a Kafka server on localhost:9092, for trying things out
	deploy/dev/kafka.sh start

.PHONY: kafka-stop
kafka-stop: kafka ## Stop it
	deploy/dev/kafka.sh stop

.PHONY: debezium
debezium: $(DEBEZIUM_LIBS) ## Fetch Kafka Connect and Debezium for their test (38 MB, once)

$(DEBEZIUM_LIBS):
	@mkdir -p $(@D)
	@echo "fetching jars into $@ (once)" >&2; $(call copy-jars,deploy/dev/debezium/pom.xml,$@)

.PHONY: clients
clients: $(PYTHON_VENV)/.clients $(JDBC_LIBS) ## Fetch ClickHouse's Python and Java clients for tests (once)

$(PYTHON_VENV)/.clients: deploy/dev/clients/requirements.txt
	@echo "installing Python packages into $(PYTHON_VENV) (once)" >&2; $(call pip-install,$<)

$(JDBC_LIBS):
	@mkdir -p $(@D)
	@echo "fetching jars into $@ (once)" >&2; $(call copy-jars,deploy/dev/clients/pom.xml,$@)

.PHONY: python-mark
python-mark: $(PYTHON_VENV)/.python-mark

$(PYTHON_VENV)/.python-mark: benches/python_mark/requirements.txt
	@echo "installing Python packages into $(PYTHON_VENV) (once)" >&2; $(call pip-install,$<)

.PHONY: check-tools
check-tools: ## Say which tools are missing and how to get them
	@deploy/dev/check-tools.sh

.PHONY: clean
clean: ## Remove what was built and the demo's data; the cache folder stays
	$(CARGO) clean
	rm -rf demo-data

# The folder appears whole or not at all: jars go to a temporary one beside it first.
# $(1): pom.xml, $(2): folder
define copy-jars
command -v $(MVN) > /dev/null || { echo "mvn is missing: make check-tools" >&2; exit 1; }; \
temporary=$$(mktemp -d "$(dir $(2)).fetch-XXXXXX"); trap 'rm -rf "$$temporary"' EXIT; \
$(MVN) -q -B -f $(1) dependency:copy-dependencies -DincludeScope=runtime -DoutputDirectory="$$temporary/libs"; \
mv "$$temporary/libs" $(2)
endef

# $(1): requirements.txt
define pip-install
[ -x $(PYTHON_VENV)/bin/python ] || $(PYTHON) -m venv $(PYTHON_VENV) \
  || { echo "python3 or its venv module is missing: make check-tools" >&2; exit 1; }; \
$(PYTHON_VENV)/bin/python -m pip install --quiet --disable-pip-version-check -r $(1); \
touch $@
endef
