# Muster. `make demo` opens a shell on a made-up shop, `make test` passes the tests; both need Go, git and make alone.
GO       ?= go
PKGS     ?= ./...
FUZZTIME ?= 60s
CONTACTS  ?= 1000000
BENCH_DIR ?= /tmp/muster-bench
LINT_VERSION := v2.15.0

.PHONY: build test race invariants lint fmt vet fuzz bench generate fresh demo soak clean

build:            ## the one binary, ./muster
	$(GO) build -trimpath -o muster ./cmd/muster

test:             ## all tests, as CI runs them
	$(GO) test $(PKGS)

race:             ## the tests under the race detector; slabs come from the Go heap
	$(GO) test -race -p 1 $(PKGS)

invariants:       ## the tests with invariant checks: heap slabs, poison, valid() at each Apply
	$(GO) test -tags invariants $(PKGS)

fmt:              ## fails if a file is not formatted
	@out=$$(gofmt -l $$(git ls-files '*.go')); if [ -n "$$out" ]; then echo "not formatted:"; echo "$$out"; exit 1; fi

vet:
	$(GO) vet $(PKGS)

lint: fmt vet     ## golangci-lint, built from the module proxy at a pinned version
	$(GO) run github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(LINT_VERSION) run $(PKGS)

generate:         ## writes generated files anew
	$(GO) generate $(PKGS)

fresh: generate   ## fails if generated files were not fresh
	@git diff --exit-code --stat

fuzz:             ## every fuzz target for FUZZTIME, then random bases against the oracle for FUZZTIME
	@bash .ci/fuzz "$(FUZZTIME)"

bench:            ## load, memory, restart and Q1–Q14 over a generated base, as Markdown; CONTACTS=10000000 for the published table
	$(GO) run ./cmd/muster bench --contacts $(CONTACTS) --dir $(BENCH_DIR)

demo:             ## a made-up shop in memory, and a shell; without a terminal it answers five questions
	$(GO) run ./cmd/muster demo

soak:             ## kill -9 rounds of a load, and random bases against the oracle, for an hour
	MUSTER_SOAK=1 $(GO) test -count=1 -timeout 2h ./cmd/muster ./engine/...

clean:
	rm -f muster
