# make run    sets up and starts the lab
# make test   sets up and passes the tests
# make check  lint, types, import contracts
# make interop  drives the other SMPP software and writes docs/interop.md anew
# make site   builds docs/ into gateway/site, from where the lab serves it at /docs; first what follows from the code
# make dist   builds the source archive and the wheel into dist/
# make fuzz   feeds the decoder and the session 200,000 mutated inputs, the server 10,000 connections
# make bench  measures beside npm's smpp and bare aiohttp, and writes docs/performance.md anew (ARGS=--short: a minute)
# make soak   ten minutes at half the greatest rate: memory, receipts and latency must stay as they are

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# Where the environment forbids Python to keep what it compiles, each of the tests' many processes would compile the
# whole program anew.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: run test check interop site dist fuzz bench soak setup setup-dev setup-interop clean
.DEFAULT_GOAL := run

$(VENV)/run.stamp: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "confirmlab needs Python 3.11 or newer; name one: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || { echo "on Debian and Ubuntu: apt-get install python3-venv"; exit 1; }
	$(BIN)/python -m pip install --quiet -e .
	@touch $@

$(VENV)/dev.stamp: $(VENV)/run.stamp
	$(BIN)/python -m pip install --quiet -e '.[dev]'
	@touch $@

$(VENV)/interop.stamp: $(VENV)/dev.stamp
	$(BIN)/python -m pip install --quiet -e '.[dev,interop]'
	@touch $@

setup: $(VENV)/run.stamp
setup-dev: $(VENV)/dev.stamp
setup-interop: $(VENV)/interop.stamp

run: setup
	@exec $(BIN)/confirmlab serve $(ARGS)

test: setup-dev
	$(BIN)/python -m pytest -q -n auto $(ARGS)

check: setup-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

interop: setup-interop
	WRITE_INTEROP_TABLE=1 $(BIN)/python -m pytest -q tests/interop $(ARGS)

site: setup-dev
	$(BIN)/python docs/tools/generate.py
	$(BIN)/python docs/tools/site.py

dist: setup-dev
	$(BIN)/python -m build --no-isolation

fuzz: setup-dev
	$(BIN)/python tests/fuzz/mutate.py --inputs 200000 $(ARGS)
	FUZZ_CONNECTIONS=10000 $(BIN)/python -m pytest -q tests/fuzz/test_server.py

bench: setup-dev
	$(BIN)/python -m bench $(ARGS)

soak: setup-dev
	$(BIN)/python -m bench --soak 10m $(ARGS)

clean:
	rm -rf $(VENV)
