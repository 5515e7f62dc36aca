# The two commands to know are `make demo` and `make test`; `make` alone lists the rest.
# Everything that is missing is fetched or built first, into the user's cache and bin/.

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help demo build test test-settings lint soak bench bench-micro gpu fixtures image image-test setup setup-demo tools clean

STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.8.2
CC_CHECK := $${CC:-gcc} -std=gnu11 -O2 -Wall -Wextra -Werror -c -o /dev/null
# leakcheck makes tests fail when objects of TensorFlow's are left over.
GOTEST := go test -tags leakcheck -timeout 30m

say = @printf '== %s\n' $(1)

help: ## list what make can do
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: setup-demo build ## hear the notes in a tune: set up what is missing and run a real model (ARGS=... are passed on)
	$(call say,'bin/ndflow demo')
	@bin/ndflow demo --model "$$(scripts/basic-pitch)" $(ARGS)

build: tools ## build the command, bin/ndflow
	$(call say,'building bin/ndflow')
	@go build -o bin/ndflow ./cmd/ndflow

test: setup ## run every test: plainly, under the race detector, under cgo's checks, as on other machines, and the scripts'
	$(call say,'go test')
	@$(GOTEST) ./...
	$(call say,'go test -race -short')
	@$(GOTEST) -race -short ./...
	$(call say,'go test -short with every pointer that is stored in C memory checked')
	@GOEXPERIMENT=cgocheck2 $(GOTEST) -short ./...
	@scripts/settings
	$(call say,'scripts/test')
	@scripts/test

test-settings: setup ## run the tests that compute as on other machines (a part of make test; ARGS=./graph picks packages)
	@scripts/settings $(ARGS)

lint: tools ## gofmt, go vet, staticcheck, the C compiler's warnings, shellcheck where there is one
	$(call say,'gofmt')
	@files=$$(gofmt -l .); [ -z "$$files" ] || { printf 'gofmt -w is wanted on:\n%s\n' "$$files"; exit 1; }
	$(call say,'go vet')
	@go vet ./... && go vet -tags leakcheck ./... && go vet -tags gpu ./internal/gputest
	$(call say,'staticcheck')
	@go run $(STATICCHECK) ./... && go run $(STATICCHECK) -tags leakcheck ./...
	$(call say,'warnings of the C compiler')
	@for f in $$(find . -name '*.c' -not -path './.*' -not -path '*/testdata/*'); do $(CC_CHECK) "$$f" || exit 1; done
	@if command -v shellcheck >/dev/null; then printf '== shellcheck\n'; shellcheck -x -P . $$(grep -lE '^#!.*sh$$' scripts/* .ci/run); \
	else printf '== no shellcheck here, so scripts are not checked\n'; fi

soak: setup ## run the tests in their long form: an hour or so
	$(call say,'go test with NDFLOW_SOAK=1')
	@NDFLOW_SOAK=1 $(GOTEST) -count=1 -timeout 4h ./...

bench: setup-demo build ## measure ndflow beside C, Python and NumPy; fetches Python TensorFlow, 2 GiB (ARGS=... are passed on)
	@scripts/python --tensorflow >/dev/null || true # it is shown as missing
	$(call say,'bin/ndflow bench; the report goes to out/bench')
	@mkdir -p out/bench
	@bin/ndflow bench --json out/bench/report.json --md out/bench/report.md --svg out/bench $(ARGS)

bench-micro: setup ## run the Go benchmarks (BENCH=regexp picks some)
	$(call say,'go test -bench')
	@go test -run '^$$' -bench '$(or $(BENCH),.)' -benchmem ./...

gpu: tools ## on a machine with an NVIDIA GPU: the tests on the real driver, bandwidths, a report in out/gpu
	@scripts/gpu build out/gpu
	@scripts/gpu run out/gpu

fixtures: ## write testdata/models anew with Python TensorFlow (needs 2 GiB of disk for it)
	$(call say,'scripts/fixtures.py')
	@python=$$(scripts/python --tensorflow) && "$$python" scripts/fixtures.py

image: ## build the Docker image, ndflow:latest, with docker, podman or buildah (ARGS=... are passed on)
	$(call say,'scripts/image')
	@scripts/image $(ARGS)

image-test: setup-demo build ## build the Docker images and try them; brings its own engine where there is none (5 GB of disk)
	$(call say,'scripts/image-test')
	@scripts/image-test

setup: setup-demo
	@scripts/python >/dev/null
	@scripts/python --tables >/dev/null

setup-demo: tools
	@[ -n "$$NDFLOW_LIBTENSORFLOW" ] || scripts/libtensorflow >/dev/null
	@scripts/basic-pitch >/dev/null

tools:
	@command -v go >/dev/null || { echo 'go is missing: install Go, as new as go.mod says or newer' >&2; exit 1; }
	@cc=$$(go env CC); command -v $${cc%% *} >/dev/null || { \
	  echo "the C compiler $$cc is missing: install gcc ('apt-get install gcc libc6-dev' on Debian and Ubuntu)" >&2; exit 1; }
	@[ "$$(go env CGO_ENABLED)" = 1 ] || { echo 'cgo is off: set CGO_ENABLED=1' >&2; exit 1; }

clean: ## remove what was built here; the cache (~/.cache/ndflow) stays
	rm -rf bin out
