# Maru. `make run` trains the lesson's two exercises; `make test` tests everything. Both set up what
# is missing first.

SWIFT ?= swift
BUILD = .build/release
PACKAGES = libopenblas-dev liblapacke-dev libdeflate-dev libssl-dev libpng-dev pkg-config \
           gnuplot-nox dataset-fashion-mnist
PEERS = .build-peers
SOURCES = Package.swift Sources Tests Benchmarks
MODULES = BLAS Tensors LinearAlgebra Layers Training Datasets ModelFiles Charts Maru
DOCS = .build-docs

.PHONY: run setup build test bench bench-peers test-peers docs lint format clean

run: build
	$(BUILD)/maru train --exercise softmax --seed 1 --output runs/softmax
	$(BUILD)/maru train --exercise mlp --seed 1 --output runs/mlp

# Installs the Debian packages that are missing; asks for nothing where all are there.
setup:
	@missing=$$(for package in $(PACKAGES); do \
	  dpkg-query -W -f='$${Status}' $$package 2>/dev/null | grep -q 'install ok installed' \
	    || echo $$package; done); \
	if [ -n "$$missing" ]; then \
	  if [ "$$(id -u)" = 0 ]; then sudo=; else sudo=sudo; fi; \
	  echo "installing" $$missing; \
	  $$sudo apt-get update -qq && \
	  $$sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $$missing; \
	fi
	@command -v $(SWIFT) > /dev/null || \
	  { echo "Swift 6.2 or later is needed: https://www.swift.org/install/linux" >&2; exit 1; }

build: setup
	$(SWIFT) build -c release

# The tests run on the release build: the one that people use, and fast enough to train in.
test: setup
	$(SWIFT) build -c release --build-tests
	$(SWIFT) test -c release --skip-build

# What this machine is and how fast it is, within two minutes on two cores.
bench: build
	@$(BUILD)/maru data show mnist > /dev/null 2>&1 || $(BUILD)/maru data fetch mnist || true
	$(BUILD)/benchmarks gemm --sizes 64 256 1024 2048 --repeats 5
	$(BUILD)/benchmarks training --epochs 2

# The same training in NumPy, PyTorch, JAX and Keras, in turn with ours.
bench-peers: build $(PEERS)/bin/pip
	@$(BUILD)/maru data show mnist > /dev/null 2>&1 || $(BUILD)/maru data fetch mnist || true
	$(PEERS)/bin/python Benchmarks/Peers/compare.py

test-peers: $(PEERS)/bin/pip
	$(PEERS)/bin/pip install --quiet --requirement Benchmarks/Peers/requirements-numpy.txt
	$(PEERS)/bin/python -m unittest discover --start-directory Benchmarks/Peers

bench-peers test-peers: PACKAGES += python3-venv
$(PEERS)/bin/pip: | setup
	python3 -m venv $(PEERS)

# The documentation of all modules as one site; a warning is an error.
docs: setup
	MARU_DOCUMENTATION=1 $(SWIFT) package --scratch-path $(DOCS) \
	  --allow-writing-to-directory $(DOCS)/site generate-documentation $(MODULES:%=--target %) \
	  --enable-experimental-combined-documentation --warnings-as-errors \
	  --transform-for-static-hosting --output-path $(DOCS)/site
	@echo '<meta http-equiv="refresh" content="0; url=documentation/maru/">' > $(DOCS)/site/index.html
	@echo "to read it: python3 -m http.server --directory $(DOCS)/site"

lint:
	$(SWIFT) format lint --strict --recursive $(SOURCES)

format:
	$(SWIFT) format --in-place --recursive $(SOURCES)

clean:
	rm -rf .build .build-* runs
