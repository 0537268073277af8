# Maru. `make help` lists the targets; each sets up what is missing first.

SWIFT ?= swift
CLANG ?= $(dir $(realpath $(shell command -v $(SWIFT))))clang
BUILD = .build/release
PACKAGES = libopenblas-dev liblapacke-dev libdeflate-dev zlib1g-dev libssl-dev libpng-dev libturbojpeg0-dev \
           pkg-config gnuplot-nox dataset-fashion-mnist
PEERS = .build-peers
SOURCES = Package.swift Sources Tests Benchmarks
MODULES = BLAS Tensors LinearAlgebra Layers Training Datasets ModelFiles ONNXFiles Charts Maru
DOCS = .build-docs
PREFIX ?= /usr/local
PORTABLE = .build-portable

.PHONY: help run setup build test install uninstall portable bench bench-peers bench-contention bench-large test-peers fuzz sanitize \
        docs onnx-messages lint format clean

help: ## lists the targets
	@sed -nE 's/^([a-z-]+):[^#]*## (.*)/\1\t\2/p' $(MAKEFILE_LIST) | expand -t 16

run: build ## trains a softmax regression on digits and a network on images of clothes
	$(BUILD)/maru train --exercise softmax --seed 1 --force --output runs/softmax
	$(BUILD)/maru train --exercise mlp --seed 1 --force --output runs/mlp

# Installs those of some Debian packages that are missing; asks for nothing where all are there.
define installed
	@missing=$$(for package in $(1); do \
	  dpkg-query -W -f='$${Status}' $$package 2>/dev/null | grep -q 'install ok installed' \
	    || echo $$package; done); \
	if [ -n "$$missing" ]; then \
	  if [ "$$(id -u)" = 0 ]; then sudo=; else sudo=sudo; fi; \
	  echo "installing" $$missing; \
	  $$sudo apt-get update -qq && \
	  $$sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $$missing; \
	fi
endef

setup: ## installs the Debian packages that are missing
	$(call installed,$(PACKAGES))
	@command -v $(SWIFT) > /dev/null || \
	  { echo "Swift 6.2 or later is needed: https://www.swift.org/install/linux" >&2; exit 1; }

build: setup ## builds the command and the benchmarks into .build/release
	$(SWIFT) build -c release --product maru
	$(SWIFT) build -c release --product benchmarks

# The command for any place: Swift's runtime is linked statically. Foundation's part for networks asks
# for libcurl by its name for development, of which the library itself is enough. Man page and
# completions are by the command's own argument parser.
STAGE = $(PORTABLE)/stage
MANUAL = share/man/man1/maru.1
BASH_COMPLETION = share/bash-completion/completions/maru
ZSH_COMPLETION = share/zsh/site-functions/_maru
FISH_COMPLETION = share/fish/vendor_completions.d/maru.fish
INSTALLED = bin/maru $(MANUAL) $(BASH_COMPLETION) $(ZSH_COMPLETION) $(FISH_COMPLETION)
portable: setup
	@mkdir -p $(PORTABLE)/lib $(dir $(INSTALLED:%=$(STAGE)/%))
	@echo 'INPUT(libcurl.so.4)' > $(PORTABLE)/lib/libcurl.so
	$(SWIFT) build -c release --product maru --scratch-path $(PORTABLE) --static-swift-stdlib \
	  -Xlinker -L$(CURDIR)/$(PORTABLE)/lib -Xlinker -s
	$(SWIFT) build --product generate-manual --scratch-path $(PORTABLE)/manual -Xswiftc -suppress-warnings \
	  --package-path $(PORTABLE)/checkouts/swift-argument-parser
	@cp $(PORTABLE)/release/maru $(STAGE)/bin/maru
	@$(PORTABLE)/manual/debug/generate-manual $(STAGE)/bin/maru --output-directory $(STAGE)/$(dir $(MANUAL))
	@$(STAGE)/bin/maru --generate-completion-script bash > $(STAGE)/$(BASH_COMPLETION)
	@$(STAGE)/bin/maru --generate-completion-script zsh > $(STAGE)/$(ZSH_COMPLETION)
	@$(STAGE)/bin/maru --generate-completion-script fish > $(STAGE)/$(FISH_COMPLETION)

TARGET = $(DESTDIR)$(PREFIX)
install: ## installs the command, its man page and completions below PREFIX (/usr/local)
	@mkdir -p "$(TARGET)" 2> /dev/null && [ -w "$(TARGET)" ] || \
	  { echo "$(TARGET) cannot be written to: name another PREFIX, or use sudo" >&2; exit 1; }
	@$(MAKE) --no-print-directory portable
	@for file in $(INSTALLED); do \
	  install -D -m $$([ $$file = bin/maru ] && echo 755 || echo 644) \
	    "$(STAGE)/$$file" "$(TARGET)/$$file" && echo "$(TARGET)/$$file" || exit 1; \
	done

uninstall: ## removes what install has put below PREFIX
	rm -f $(INSTALLED:%="$(TARGET)/%")

# The tests run on the release build: the one that people use, and fast enough to train in.
test: setup ## tests everything; with MARU_DATA=DIR (DIR/mnist/*.gz) also on MNIST
	$(SWIFT) build -c release --product MaruPackageTests
	$(SWIFT) test -c release --skip-build

# What this machine is and how fast it is, within two minutes on two cores.
bench: build ## measures this machine in two minutes
	@$(BUILD)/maru data show mnist > /dev/null 2>&1 || $(BUILD)/maru data fetch mnist || true
	$(BUILD)/benchmarks gemm --sizes 64 256 1024 2048 --repeats 5
	$(BUILD)/benchmarks training --epochs 2

# The same training in NumPy, PyTorch, JAX and Keras, in turn with ours, the same factorisations in NumPy,
# and the same tables read by pandas and polars.
bench-peers: build $(PEERS)/bin/pip ## trains the same in NumPy, JAX, PyTorch and Keras, in turn with ours
	@$(BUILD)/maru data show mnist > /dev/null 2>&1 || $(BUILD)/maru data fetch mnist || true
	$(PEERS)/bin/python Benchmarks/Peers/compare.py
	$(PEERS)/bin/python Benchmarks/Peers/compare_lapack.py
	$(PEERS)/bin/python Benchmarks/Peers/compare_load.py

bench-contention: build $(PEERS)/bin/pip ## trains beside busy programs, in turn with NumPy, JAX and PyTorch
	@$(BUILD)/maru data show mnist > /dev/null 2>&1 || $(BUILD)/maru data fetch mnist || true
	$(PEERS)/bin/python Benchmarks/Peers/contention.py

bench-large: build ## trains on data larger than memory, in turn with the same in memory
	python3 Benchmarks/Peers/large.py

test-peers: $(PEERS)/bin/pip ## tests the programs of bench-peers
	$(PEERS)/bin/pip install --quiet --requirement Benchmarks/Peers/requirements-numpy.txt \
	  --requirement Benchmarks/Peers/requirements-lapack.txt \
	  --requirement Benchmarks/Peers/requirements-load.txt
	$(PEERS)/bin/python -m unittest discover --start-directory Benchmarks/Peers

bench-peers bench-contention test-peers: PACKAGES += python3-venv
$(PEERS)/bin/pip: | setup
	python3 -m venv $(PEERS)

# Every reader of files, a minute each (FUZZ_SECONDS), with what libFuzzer makes of the seeds. What it
# finds lies in .build-fuzz/found; what is worth going on from next time in .build-fuzz/corpus. Of two
# sanitizers that Swift's compiler is given one by one it takes the last, hence both in one flag, and a
# look at whether coverage has led anywhere.
FUZZ_SECONDS ?= 60
READERS ?= $(notdir $(patsubst %/,%,$(wildcard Tests/ReaderFuzz/Seeds/*/)))
fuzz: setup ## feeds every reader of files to libFuzzer, a minute each
	$(SWIFT) build -c release --package-path Tests/ReaderFuzz --scratch-path .build-fuzz --product fuzz \
	  --sanitize=fuzzer --sanitize=address -Xswiftc -sanitize=fuzzer,address
	@mkdir -p .build-fuzz/found $(READERS:%=.build-fuzz/corpus/%)
	@for reader in $(READERS); do \
	  echo "fuzzing $$reader"; \
	  TMPDIR=$(firstword $(wildcard /dev/shm) /tmp) ASAN_OPTIONS=quarantine_size_mb=16 \
	  .build-fuzz/release/fuzz --reader=$$reader \
	    -max_total_time=$(FUZZ_SECONDS) -max_len=4096 -timeout=1 -malloc_limit_mb=64 \
	    -rss_limit_mb=512 -print_final_stats=1 -print_funcs=0 -verbosity=0 \
	    -artifact_prefix=.build-fuzz/found/$$reader- \
	    .build-fuzz/corpus/$$reader Tests/ReaderFuzz/Seeds/$$reader || exit 1; \
	  [ -n "$$(ls .build-fuzz/corpus/$$reader)" ] || \
	    { echo "$$reader: nothing new was found, as without coverage" >&2; exit 1; }; \
	done

# The tests under AddressSanitizer, then under ThreadSanitizer. Leaks are not looked for: Foundation
# leaks with each process, and the global values of tests are taken for leaks. Left out by name:
# - of both, what bounds address space, of which both take terabytes, or descriptors, of which both
#   use some; what compiles a program without a sanitizer; and a test whose process gets none of the
#   options below, and whose thousands of checkpoints outlast its time limit;
# - of ThreadSanitizer what bounds files, of which it makes some itself, what expects a second signal
#   within a step, of which it holds signals back, and what expects the rounding of newer processors'
#   kernels;
# - and what takes minutes there: trainings by the lesson, on all generated digits, of slowed steps,
#   and of 3,000 epochs, of which other tests interrupt and resume shorter ones; and what measures
#   products and naive loops, which are on one thread.
UNSANITIZED = memoryIsBoundedWhateverTheFileAsksFor itBuildsNothingElseAndRuns programCompiles \
              aFullDiskLosesNothing withFewDescriptorsTheModelIsSaved \
              aPlotWithoutDescriptorsIsTold withoutDescriptorsItIsTheSystemsError
UNTHREADED = fullDiskLeavesTheOldRun aFullDiskTakesOnlyWhatDoesNotFit \
             anExportThatFailsMidwayLeavesNoFolder \
             aSecondInterruptEndsTheCommandAtOnce \
             softmaxRegressionOnMNISTFollowsTheLesson fullBatchTrainingOnMNISTEndsBelowTheLesson \
             perceptronOnFashionMNISTReachesTheLesson digitsTakeThePlaceOfMNIST \
             gettingStartedTrainsADigitReader pictureInAnyFormIsTakenForTheSameDigit \
             lineIsRedrawnWithoutWrapping \
             killedRunsGoOnToTheSameBytes aDamagedCheckpointGivesWayToTheOneBefore \
             aWriteThatFailsLosesNothing \
             gemmMeasuresTheProductsOfTraining trainingPrintsAnObjectARepeat \
             trainingPrintsATableAndWhatIsScaledUp lossesOfTheSameBatchesAgree
sanitize: setup ## runs the tests under AddressSanitizer, then under ThreadSanitizer
	$(SWIFT) build -c release --product MaruPackageTests --sanitize=address --scratch-path .build-asan
	ASAN_OPTIONS=detect_leaks=0 \
	  $(SWIFT) test -c release --skip-build --sanitize=address --scratch-path .build-asan \
	  $(UNSANITIZED:%=--skip %)
	$(SWIFT) build -c release --product MaruPackageTests --sanitize=thread --scratch-path .build-tsan
	TSAN_OPTIONS=suppressions=$(CURDIR)/Tests/Sanitizers/threads.txt \
	  $(SWIFT) test -c release --skip-build --sanitize=thread --scratch-path .build-tsan \
	  $(UNSANITIZED:%=--skip %) $(UNTHREADED:%=--skip %)

# The Swift of ONNX's messages, anew after a change to the message file. It is committed, because the
# plug-in takes minutes to build.
PROTOBUF = .build/checkouts/swift-protobuf
onnx-messages: PACKAGES += protobuf-compiler
onnx-messages: setup ## generates the Swift of ONNX's messages anew
	$(SWIFT) package resolve
	$(SWIFT) build -c release --package-path $(PROTOBUF) --scratch-path .build-protobuf \
	  --product protoc-gen-swift
	protoc --plugin=.build-protobuf/release/protoc-gen-swift --swift_opt=Visibility=Package \
	  --swift_out=Sources/ONNXFiles --proto_path=Sources/ONNXFiles onnx.proto

# The documentation of all modules as one site; a warning is an error.
docs: setup ## makes the articles and every module's symbols into a site
	MARU_DOCUMENTATION=1 $(SWIFT) package --scratch-path $(DOCS) \
	  --allow-writing-to-directory $(DOCS)/site generate-documentation $(MODULES:%=--target %) \
	  --enable-experimental-combined-documentation --warnings-as-errors \
	  --transform-for-static-hosting --output-path $(DOCS)/site
	@echo '<meta http-equiv="refresh" content="0; url=documentation/maru/">' > $(DOCS)/site/index.html
	@echo "to read it: python3 -m http.server --directory $(DOCS)/site"

lint: ## checks the style, strictly, and that the C files compile for arm64
	$(SWIFT) format lint --strict --recursive $(SOURCES)
	$(call installed,libc6-dev-arm64-cross)
	@for file in Sources/CKernels/*.c Sources/CStartup/*.c; do \
	  $(CLANG) --target=aarch64-linux-gnu -isystem /usr/aarch64-linux-gnu/include \
	    -ISources/CKernels/include -ISources/CStartup/include -Wall -Werror -fsyntax-only $$file || exit 1; \
	done

format: ## puts the sources into the style
	$(SWIFT) format --in-place --recursive $(SOURCES)

clean: ## removes all that was built, and runs
	rm -rf .build .build-* runs
