# Two commands do everything on a fresh Debian machine with Swift: `make demo` and `make test`.
.PHONY: help setup build release deb deb-test demo test prove soak bench bench-ledger bench-replay attacks fuzz lint run clean

CAUSEWAY := .build/debug/causeway
# Swift's libraries in the binary, and one optimisation over all modules (docs/decisions/0012-the-release-is-linked-as-a-whole.md).
WHOLE := --static-swift-stdlib --experimental-lto-mode full

help:
	@echo "make demo [ONCE=1]   two gateways on this machine, one declaration, two-side clearance"
	@echo "make test            everything that must hold"
	@echo "make prove           200 declarations of each pair of economies, there and supplemented; 200 of each against WCO's schemas"
	@echo "make soak            the tests at length: 125,000 alterations of ledgers, 10,000 replays, an outage with 50,000 messages queued, 2,000 faults and 10,000 kills, every state of the delivery model [FLIPS= REPLAYS= QUEUE= FAULTS= KILLS=]"
	@echo "make bench           costs of a message, and of its whole path on SQLite and on PostgreSQL, as ratios to raw library calls in the same run"
	@echo "make bench-ledger    the same for a ledger of a million entries, and until witnesses have made a checkpoint final [ENTRIES=1000000]"
	@echo "make bench-replay    10,000 messages that failed for three causes, replayed between two gateways [MESSAGES=10000]"
	@echo "make attacks         how long the answer to each named attack on the parsers takes"
	@echo "make fuzz            bytes of chance for the parsers, the profiles and the translation [TARGET=xml] [SECONDS=600]"
	@echo "make deb             a Debian package of the release programs, in .build/deb [VERSION=0.1.0]"
	@echo "make deb-test        the package on a clean Debian: install, run, remove, purge; as root [PROGRAMS=FOLDER]"
	@echo "make lint            formatting, import directions, catalogue of errors, generated files"
	@echo "make run CONFIG=F    run one gateway"

setup:
	@scripts/setup

build: setup
	swift build

release: setup
	swift build -c release $(WHOLE)

deb: release
	@scripts/setup dpkg-dev binutils
	@scripts/deb .build/release .build/deb $(VERSION)

deb-test: $(if $(PROGRAMS),,release)
	@scripts/setup dpkg-dev binutils mmdebstrap
	@scripts/deb-test $(or $(PROGRAMS),.build/release)

demo: build
	$(CAUSEWAY) demo $(if $(ONCE),--once) $(if $(INPUT),--input $(INPUT))

# What waits for other processes runs by itself: beside tests that use every processor it would only measure them.
WAITING := EndToEndTests|ExchangeTests

test: build lint
	@scripts/setup softhsm2 postgresql
	swift build --build-tests
	swift test --skip-build --skip '$(WAITING)'
	swift test --skip-build --filter '$(WAITING)'
	python3 -m unittest discover -s interop/verifier
	$(MAKE) demo ONCE=1

# What a run of the tests does with a dozen declarations of each kind: some four minutes.
prove: setup
	swift build --build-tests
	CAUSEWAY_PROOFS=200 swift test --skip-build --filter 'EconomyPairTests|PublishedDMSTests'

# What a run of the tests does 25,000, 500 or 300 times, and what it explores to a depth: about an hour, most of it for the kills.
soak:
	@scripts/setup postgresql
	swift build --build-tests
	CAUSEWAY_FLIPS=$(or $(FLIPS),125000) swift test --skip-build --filter 'StoreTamperingTests|ExportTamperingTests'
	CAUSEWAY_REPLAYS=$(or $(REPLAYS),10000) swift test --skip-build --filter threeCauses
	CAUSEWAY_QUEUE=$(or $(QUEUE),50000) swift test --skip-build --filter 'OutageTests'
	CAUSEWAY_MODEL_DEPTH=250 swift test --skip-build --filter 'ModelTests/oneClearance'
	CAUSEWAY_FAULTS=$(or $(FAULTS),2000) CAUSEWAY_KILLS=$(or $(KILLS),10000) swift test --skip-build --filter 'StepPointTests'
	CAUSEWAY_FAULTS=$(or $(FAULTS),2000) CAUSEWAY_KILLS=$(or $(KILLS),10000) swift test --skip-build --filter 'GatewayFaultTests|KillTests'

bench: release
	@scripts/setup libxslt1.1 postgresql
	scripts/with-postgres cn sg -- .build/release/causeway bench --postgres-cn postgresql:///cn --postgres-sg postgresql:///sg

bench-ledger: release
	.build/release/causeway bench --ledger $(if $(ENTRIES),--entries $(ENTRIES))

bench-replay: release
	.build/release/causeway bench --replay $(if $(MESSAGES),--messages $(MESSAGES))

attacks: setup
	swift build -c release $(WHOLE) --product AttackTimes
	@.build/release/AttackTimes

fuzz: setup
	@scripts/fuzz $(TARGET) $(SECONDS)

lint:
	@scripts/check-imports
	@scripts/check-errors
	@scripts/check-text
	@scripts/check-deb

run: build
	$(CAUSEWAY) serve --config $(CONFIG)

clean:
	rm -rf .build
