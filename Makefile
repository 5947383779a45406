# drill: the rollback rehearsal. `make help` lists the targets.
SCENARIO ?= ecs-bad-migration
ARGS ?=
BIN := .venv/bin

.PHONY: help setup drill gate test test-cluster unit library lint bench clean
help:            ## this list
	@grep -E '^[a-z-]+: .*##' $(MAKEFILE_LIST) | sed -E 's/:.*##/\t/' | expand -t 14

setup: .venv/.ready   ## virtual environment from the lock file, container engine
	@$(BIN)/drill doctor --fix --quiet

.venv/.ready: requirements.lock pyproject.toml scripts/venv
	@scripts/venv

drill: .venv/.ready  ## one drill: make drill SCENARIO=ecs-bad-migration ARGS='--path prepared'
	@$(BIN)/drill doctor --fix --quiet $(SCENARIO)
	@$(BIN)/drill run $(SCENARIO) $(ARGS)

gate: .venv/.ready  ## is everything rehearsed that drill-gate.yaml asks for? ARGS=--run rehearses first what is not
	@$(BIN)/drill gate $(ARGS)

test: setup      ## unit tests and live drills (45 minutes on two cores); clusters have a target of their own
	@scripts/chromium
	$(BIN)/coverage run -m pytest -n 2 --timeout 600 -m 'not cluster' $(ARGS)
	$(BIN)/coverage combine -q
	$(BIN)/coverage report

test-cluster: setup  ## live tests on a Kubernetes cluster; the first one builds the node image, about 20 minutes
	$(BIN)/pytest -m cluster $(ARGS)

unit: setup      ## only the tests that start nothing
	$(BIN)/pytest -m 'not live' $(ARGS)

library: setup   ## every scenario, every path, and the mutations that prove them; ARGS="-k vps" for some; docs/library.md
	$(BIN)/drill library $(ARGS)

lint: .venv/.ready  ## ruff, mypy strict, layers, module length
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python scripts/module_length.py

bench: setup     ## the harness's own overhead, and the truth of its clock
	$(BIN)/python -m bench $(ARGS)

clean:           ## remove what the targets above made, images and engine excepted
	rm -rf .venv build *.egg-info .mypy_cache .ruff_cache .pytest_cache .coverage*
