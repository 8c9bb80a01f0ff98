# Segue's verbs. Each works on a fresh clone: it first sets up .venv, once.
SHELL := /bin/bash
.DEFAULT_GOAL := help
# Python writes no compiled files where this is set, and then compiles at every start.
unexport PYTHONDONTWRITEBYTECODE
export TF_USE_LEGACY_KERAS := 1

OUT ?= out
DATA ?=
CONFIG ?=
PLAYLISTS ?= 2000
PORT ?= 8500
TARGET ?= 127.0.0.1:8500
# The release that belongs to the TensorFlow in requirements/.
TF_SERVING_VERSION ?= 2.16.1
# What a release is called: v and the version.
TAG ?=
IMAGE ?= segue
LOCK ?=
ARGS ?=
# Processes that tests run in; each takes up to 2 GiB.
WORKERS ?= $(shell n=$$(nproc 2>/dev/null || echo 2); echo $$((n < 4 ? n : 4)))

BIN := .venv/bin
SOURCES := pipeline gateway components models evaluation report serving demo listening sample schema benchmarks scripts tests setup.py

.PHONY: help setup run loop vertex-local flink kafka feature-store mlflow test test-cloud test-services test-engines test-newest lint format docs bench soak fuzz serve serve-tf conformance query kept-run package try-package release-notes publish-release image push-image lock clean

help: ## list the verbs
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

setup: ## build .venv from the locked requirements
	@scripts/setup.sh

run: setup ## the whole pipeline: make run [DATA=DIR] [OUT=DIR] [CONFIG=FILE]
ifeq ($(DATA),)
	@$(BIN)/segue sample --playlists $(PLAYLISTS) --seed 7 --output "$(OUT)/sample-$(PLAYLISTS)"
	@$(BIN)/segue run --data "$(OUT)/sample-$(PLAYLISTS)" --out "$(OUT)" $(if $(CONFIG),--config "$(CONFIG)") $(ARGS)
else
	@$(BIN)/segue run --data "$(DATA)" --out "$(OUT)" $(if $(CONFIG),--config "$(CONFIG)") $(ARGS)
endif

loop: setup ## a world of listeners: events, features, segments, their models, lists: make loop [OUT=DIR] [ARGS='--listeners 1000 --days 14']
	@$(BIN)/python -W ignore::FutureWarning -m scripts.loop --out "$(OUT)/loop" $(ARGS)

vertex-local: setup ## the specification for Vertex AI, run here: make vertex-local [DATA=DIR] [OUT=DIR] [ARGS=--gs]
ifeq ($(DATA),)
	@$(BIN)/segue sample --playlists $(PLAYLISTS) --seed 7 --output "$(OUT)/sample-$(PLAYLISTS)"
endif
	@$(BIN)/python scripts/vertex_local.py --data "$(or $(DATA),$(OUT)/sample-$(PLAYLISTS))" --out "$(OUT)/vertex" \
	  $(if $(CONFIG),--config "$(CONFIG)") $(ARGS)

flink: setup ## a Flink cluster on this machine, until Ctrl-C; needs Java 17 and mvn: make flink [OUT=DIR] [ARGS='--slots 4']
	@$(BIN)/python -m scripts.flink --folder "$(OUT)/flink" $(ARGS)

kafka: setup ## a Kafka broker on this machine, until Ctrl-C; needs Java 17 and mvn: make kafka [OUT=DIR] [ARGS='--port 9092']
	@$(BIN)/python -m scripts.kafka --folder "$(OUT)/kafka" $(ARGS)

feature-store: ## Feast in an environment of its own, for stores feast:DIR; needs Python 3.12 and, to serve, a Redis
	@scripts/environment.sh feast 3.12

mlflow: setup ## MLflow's server, in an environment of its own, until Ctrl-C; needs Python 3.12: make mlflow [OUT=DIR] [ARGS='--port 5000 --backend-store postgresql://...']
	@$(BIN)/python -m scripts.mlflow --folder "$(OUT)/mlflow" $(ARGS)

test: setup ## all tests
	@$(BIN)/python -m pytest --numprocesses $(WORKERS) --dist loadfile --no-loadscope-reorder $(ARGS)

test-cloud: setup ## what runs in Google's cloud, against stand-ins of its services
	@$(BIN)/python -m pytest -m cloud --numprocesses $(WORKERS) --dist loadfile $(ARGS)

test-services: setup ## what needs a service or a runtime of its own: Java, MariaDB, Kafka, Feast with Redis, MLflow with PostgreSQL
	@$(BIN)/python -m pytest -m services --numprocesses $(WORKERS) --dist loadfile $(ARGS)

test-engines: setup ## whole runs on a Flink cluster that it starts, and in several processes; needs Java 17 and mvn
	@$(BIN)/python -m pytest -m engines $(ARGS)

test-newest: ## tests and a run on the newest stack, TFX 1.21 on Python 3.12: make test-newest [ARGS='python -m pytest tests/schema']
	@scripts/newest.sh $(ARGS)

lint: setup ## ruff, mypy, the floors (who may import whom), hadolint
	@$(BIN)/ruff check $(SOURCES)
	@$(BIN)/ruff format --check $(SOURCES)
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache --no-logo
	@$(BIN)/hadolint deploy/*Dockerfile

format: setup ## rewrite the code as the linter wants it
	@$(BIN)/ruff check --fix $(SOURCES)
	@$(BIN)/ruff format $(SOURCES)

docs: setup ## docs/ and the API as a site, in site/
	@$(BIN)/python scripts/contracts.py
	@$(BIN)/mkdocs build --strict --quiet
	@echo "Built site/index.html"

bench: setup ## measure; figures go to benchmarks/results
	@$(BIN)/python -m benchmarks $(ARGS)

serve: setup ## serve what was pushed: make serve [OUT=DIR] [PORT=8500]
	@$(BIN)/segue serve --model-base "$(OUT)/serving/segue" --port $(PORT) $(ARGS)

serve-tf: ## serve it with the official TensorFlow Serving container; needs Docker
	@command -v docker >/dev/null || { echo "make serve-tf needs Docker; make serve does not." >&2; exit 1; }
	@test -d "$(OUT)/serving/segue" || { echo "Nothing is pushed to $(OUT)/serving/segue yet: make run first." >&2; exit 1; }
	docker run --rm --publish 127.0.0.1:$(PORT):8500 \
	  --volume "$(abspath $(OUT)/serving/segue):/models/segue:ro" --env MODEL_NAME=segue \
	  tensorflow/serving:$(TF_SERVING_VERSION)

conformance: setup ## the tests of the API against a server: make conformance TARGET=HOST:PORT
	@SEGUE_SERVING_TARGET=$(TARGET) $(BIN)/python -m pytest tests/serving/conformance $(ARGS)

# Releases under load at any server: make soak ARGS=swaps TARGET=HOST:PORT MODEL_BASE=DIR [FOLDER=DIR]
soak: setup ## what takes long: malformed requests, kills, mutants, load, releases: make soak [ARGS='tests mutation load swaps engines kills landing gateway']
	@$(BIN)/python -m benchmarks.soak $(ARGS) $(if $(filter file,$(origin TARGET)),,--target "$(TARGET)") \
	  $(if $(MODEL_BASE),--model-base "$(MODEL_BASE)") $(if $(FOLDER),--folder "$(FOLDER)")

fuzz: setup ## thousands of slices that went wrong, through ingest: make fuzz [ARGS='--slices 5000 --seed 1']
	@$(BIN)/python -m benchmarks.fuzz $(ARGS)

query: setup ## ask the server: make query ARGS='--name "road trip" --top 10'
	@$(BIN)/segue query --target 127.0.0.1:$(PORT) $(if $(ARGS),$(ARGS),--name "road trip")

kept-run: setup ## in a workflow: the report that the last build of main kept, to kept/
	@$(BIN)/python scripts/kept_run.py $(ARGS)

package: setup ## wheel and sdist, to dist/
	@rm -rf dist
	@$(BIN)/uv build --quiet --no-build-isolation --python $(BIN)/python --out-dir dist
	@ls dist

try-package: setup ## install the wheel of dist/ into an empty environment and run the pipeline there
	@scripts/try_package.sh dist

release-notes: setup ## of CHANGELOG.md, for a tag: make release-notes TAG=v1.2.3
	@$(BIN)/python scripts/release_notes.py "$(TAG)"

publish-release: ## in a workflow: dist/ and notes.md as a release on GitHub: make publish-release TAG=v1.2.3
	gh release create "$(TAG)" --verify-tag --title "Segue $(TAG)" --notes-file notes.md dist/*

image: ## build the images with docker, podman or buildah: make image [IMAGE=segue] [LOCK=gpu] [ARGS=...]
	@LOCK="$(LOCK)" scripts/image.sh "$(IMAGE)" $(ARGS)

push-image: ## push the image and print it under its digest: make push-image IMAGE=REGISTRY/segue:TAG
	@scripts/image.sh --push "$(IMAGE)"

lock: setup ## resolve the requirements again
	@cd requirements && export UV_CUSTOM_COMPILE_COMMAND="make lock" && \
	  ../$(BIN)/uv pip compile --quiet --python-version 3.10 --generate-hashes --no-emit-index-url runtime.in -o runtime.lock >/dev/null && \
	  ../$(BIN)/uv pip compile --quiet --python-version 3.10 --generate-hashes --no-emit-index-url -c runtime.lock dev.in -o dev.lock >/dev/null && \
	  ../$(BIN)/uv pip compile --quiet --python-version 3.10 --generate-hashes --no-emit-index-url -c runtime.lock gpu.in -o gpu.lock >/dev/null && \
	  ../$(BIN)/uv pip compile --quiet --python-version 3.10 --generate-hashes --no-emit-index-url -c runtime.lock s3.in -o s3.lock >/dev/null && \
	  ../$(BIN)/uv pip compile --quiet --python-version 3.10 --generate-hashes --no-emit-index-url -c runtime.lock --override cpu.overrides cpu.in -o cpu.lock >/dev/null && \
	  ../$(BIN)/uv pip compile --quiet --python-version 3.12 --python-platform x86_64-manylinux_2_39 --generate-hashes --no-emit-index-url --override newest.overrides newest.in -o newest.lock >/dev/null && \
	  ../$(BIN)/uv pip compile --quiet --python-version 3.12 --generate-hashes --no-emit-index-url feast.in -o feast.lock >/dev/null && \
	  ../$(BIN)/uv pip compile --quiet --python-version 3.12 --generate-hashes --no-emit-index-url mlflow.in -o mlflow.lock >/dev/null && \
	  ../$(BIN)/uv pip compile --quiet --python-version 3.13 --generate-hashes --no-emit-index-url bigquery.in -o bigquery.lock >/dev/null && \
	  ../$(BIN)/uv pip compile --quiet --python-version 3.10 --generate-hashes --no-emit-index-url bootstrap.in -o bootstrap.lock >/dev/null

clean: ## remove what runs leave behind, not .venv
	rm -rf out site .mypy_cache .ruff_cache .pytest_cache .hypothesis
