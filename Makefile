# Everything that is done with this repository. The first target that needs it makes .venv; python3 and make are enough.
#
#   make try     a denial, without root and dockerd          make demo    attacks denied by a throw-away dockerd
#   make run     serve dockerd, and say what to tell it      make bench   what a decision costs
#   make test    all tests that this machine can run
#   make check   what CI runs: style, types, tests           make plugin  Portero as a managed plugin
#   make site    the pages of docs, with search, in build/site
#   make pythons     the tests of what decides, on every other Python that this machine has (in CI: its oldest and newest)
#   make docs    bring generated pages up to date            make lock    take new versions of what it is built with
#   make coverage  lines and branches that tests reach       make clean   remove what was made here
#   make chaos   kills, restarts and every resource running out under busy clients (as root)
#   make install, make upgrade, make uninstall   on this host, as root (docs/install.md)
#   make fleet   the package on three hosts with systemd, a registry, rsyslog and Prometheus around them (as root)
#   make release KEY=FILE  sdist, wheel, SBOM, checksums and a signature, in dist
#   make deb     a Debian package of this checkout, in build/deb
#   make soak    millions of requests, and whether memory stays what it was
#   make sequences   random sequences of Docker operations that look for a way to the host (as root)
#   make picture   random operations by four clients at once: what Portero knows of a daemon against what it shows (as root)
#   make differential  generated requests: what Portero reads against what a real dockerd executes (as root)
#   make heads   crooked heads of requests through a door: one request with one stamp reaches dockerd, or none
#   make engines     other releases of Docker for the tests, into build/engines
#   make matrix      the tests at a real dockerd on those that CI leaves out, and the numbers of docs/engines.md (as root)
#   make instructions   what a decision costs in instructions, and whether that grew (as root, by Debian's Python)
#   make agents      the configurations of fluent-bit and vector, where they are installed: Debian and CI have neither
#   make mutate      small changes of the code that decides, and which of them no test notices

SHELL := /bin/sh
PYTHON ?= python3
VENV := .venv
PY := $(VENV)/bin/python
# Two steps: what Portero runs with, and what it is tested with beside.
RUN_READY := $(VENV)/.run
READY := $(VENV)/.ready
RUN_LOCK := requirements/run.txt
LOCK := requirements/ci.txt
MUTATE_LOCK := requirements/mutate.txt
SITE_LOCK := requirements/site.txt
# What makes wheels of Portero, and the pip that installs them in the managed plugin.
BUILD_LOCK := requirements/build.txt
PIP_LOCK := requirements/pip.txt
INSTALL := $(PY) -m pip install --quiet --disable-pip-version-check
# make install and make deb take wheels from here (packaging/gather.sh), and need no network then.
WHEELS ?=
# What runs an installed Portero; without it the system's newest from 3.13 on, or the one that PYTHON names.
TARGET ?= $(if $(filter-out file,$(origin PYTHON)),$(PYTHON))
# Options for `portero serve`: make run SERVE="--profile baseline", make run MODE=audit
SERVE ?=
MODE ?=
TESTS ?=
# Processes that run tests side by side; a file of tests stays in one of them. Tests of servers mostly wait: two for each
# processor. Those of a real dockerd, which need root, wait even more: three and a half.
JOBS ?= $(shell expr $$([ $$(id -u) = 0 ] && echo 7 || echo 4) \* $$(nproc) / 2)
# The address of the site, for its sitemap: make site ADDRESS=https://example.org/portero/
ADDRESS ?=
# Options for the benchmark: make bench BENCH="--growth"
BENCH ?=

export PYTHONPATH := plugin
# What is compiled once is kept: tests start Portero thousands of times.
unexport PYTHONDONTWRITEBYTECODE

# make sequences N=1000 SEED=7, and PROFILE=hardened or PROFILE=baseline for one of the two
# make mutate FOLDER=observe/host SECONDS=3600, a folder of plugin/portero and of tests
# make soak N=100000
# make heads N=20000 SEED=7
# make differential N=20000 SEED=7, and ENGINE=DIR for another dockerd (its programs in DIR/root/usr/bin and sbin)
N_OF_soak := 3000000
N_OF_differential := 500
N_OF_picture := 20000
N_OF_heads := 1000000
N ?= $(or $(N_OF_$(firstword $(MAKECMDGOALS))),100)
SEED ?= 1
# make chaos SECONDS=600 SEED=7
SECONDS_OF_mutate := 1800
SECONDS ?= $(or $(SECONDS_OF_$(firstword $(MAKECMDGOALS))),300)
PROFILE ?=
ENGINE ?=
FOLDER ?= decide/reading

.PHONY: help try site fleet release deb install upgrade uninstall run test pythons coverage check compile-tests style types demo bench plugin docs lock clean sequences world picture mutate chaos soak differential heads \
  engines matrix agents instructions

# The lines above, as far as the first empty one.
help:
	@sed -n '/^#/!q; s/^# \{0,1\}//p' Makefile

LINK ?= /usr/local/bin/portero

try: $(RUN_READY)
	@packaging/try.sh

run: $(RUN_READY)
	@echo 'To stop: Ctrl-C. While Portero is stopped and daemon.json names it, each docker command waits 32 seconds and fails.'
	@echo 'So take it out first: remove "portero" from authorization-plugins in /etc/docker/daemon.json, then systemctl reload docker'
	@echo 'On a machine in use, start with: make run MODE=audit   (logs what it would deny, and denies only what disables Portero)'
	@echo
	@echo 'When the line "portero ...: N rules" has come,'
	@$(PY) -c 'from portero.observe.files.chroot import Files; from portero.tools.hostcheck.daemon_settings import list_first_steps as steps; print(*steps(Files()), sep="\n")'
	@$(PY) -c 'from portero.observe.files.chroot import Files; from portero.tools.hostcheck.unasked_users import warn_of_unasked_users as warn; [print(line) for line in warn(Files())]'
	@mkdir -p build && echo 'Decisions are in build/decisions.jsonl, where portero explain finds them.'
	@exec packaging/link.sh $(LINK) $(CURDIR)/$(PY) -m portero serve --log $(CURDIR)/build/decisions.jsonl $(MODE:%=--mode %) $(SERVE)

test: $(READY)
	@$(PY) -c 'from tests.e2e.host import missing; why = missing(); why and print("SKIPPED: everything at a real dockerd: " + why)'
	@$(PY) -c 'from tests.e2e.engine import not_tried; print(not_tried(), end="")'
	$(PY) -m pytest -n $(JOBS) --dist loadfile --no-loadscope-reorder $(TESTS)

# A folder for each suite of Debian; a test on one: PORTERO_E2E_ENGINE=build/engines/forky make test TESTS=...
# For these targets alone: a portero that is started takes no variable PORTERO_... that is not a setting.
PORTERO_E2E_ENGINES ?= $(CURDIR)/build/engines
test coverage engines matrix picture: export PORTERO_E2E_ENGINES := $(PORTERO_E2E_ENGINES)
# Docker 29.7.2 is in no suite: a folder of its programs. Where there is none, it is not tried.
PORTERO_ENGINE_29 ?= $(wildcard ../shared/engines/29.7.2)

engines:
	@for suite in bookworm forky; do tests/e2e/engine.sh $$suite $(PORTERO_E2E_ENGINES)/$$suite || exit 2; done
	@$(if $(PORTERO_ENGINE_29),tests/e2e/engine.sh forky $(PORTERO_E2E_ENGINES)/29 $(PORTERO_ENGINE_29))
	@$(PYTHON) -c 'from tests.e2e.engine import not_tried; print(not_tried(), end="")'

# Those of tests/e2e that CI runs on the newest engine. 20.10 has neither buildx nor tokens, and may run nothing privileged.
MATRIX_bookworm := clients
MATRIX_forky := api_versions clients existing_corpus existing_objects buildkit identity image_names image_store

matrix: $(READY) engines
	PORTERO_WRITE_ENGINES=1 $(PY) -m pytest tests/e2e/test_engines.py
	@$(PY) docs/generate.py
	$(foreach suite,bookworm forky,PORTERO_E2E_ENGINE=$(PORTERO_E2E_ENGINES)/$(suite) \
	  $(PY) -m pytest -n $(JOBS) --dist loadfile $(MATRIX_$(suite):%=tests/e2e/test_%.py) &&) true

agents: $(READY)
	$(PY) -m pytest tests/packaging/logs/agents.py

# The Pythons of this machine that Portero runs on: on the PATH, or installed by pyenv, whose python3.12 on the PATH runs
# only where 3.12 is chosen. Besides that of .venv; in CI the oldest and the newest, since those between change nothing else.
PYTHONS = $(foreach minor,11 12 13 14 15,$(shell \
  for python in python3.$(minor) $(HOME)/.pyenv/versions/3.$(minor).*/bin/python3.$(minor); do \
    "$$python" -c 'import venv' 2>/dev/null && echo "$$python" && break; done))
OTHER_PYTHONS = $(filter-out %python3.$(shell $(PY) -c 'import sys; print(sys.version_info[1])'), \
  $(if $(CI),$(sort $(firstword $(PYTHONS)) $(lastword $(PYTHONS))),$(PYTHONS)))
DECIDING := decide observe/host observe/files observe/dockerd

pythons: $(READY)
	@for python in $(OTHER_PYTHONS); do \
	  echo "tests on $$python" && \
	  made=build/pythons/$${python##*/} && \
	  $$python -m venv --without-pip "$$made" && \
	  $(PY) -m pip --python "$$made/bin/python" install --quiet --disable-pip-version-check --require-hashes -r $(LOCK) && \
	  "$$made/bin/python" -m pytest -n $$(nproc) --dist loadfile $(DECIDING:%=tests/%) || exit 1; \
	done

# Branch coverage of what needs no root; the processes that tests start are not counted. The floor is in pyproject.toml.
coverage: $(READY)
	$(PY) -m coverage run -m pytest -m "not e2e" $(TESTS)
	$(PY) -m coverage report --skip-covered

# In a clean clone each process of tests would compile all tests: one does it, while types are checked.
check: style
	@$(MAKE) --no-print-directory --jobs 2 types compile-tests
	@$(MAKE) --no-print-directory test

compile-tests: $(READY)
	@$(PY) -m pytest --collect-only --quiet $(TESTS) >/dev/null || true  # test says why

style: $(READY)
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .

types: $(READY)
	$(PY) -m mypy

demo: $(READY)
	@$(PY) packaging/demo.py

bench: $(READY)
	@$(PY) bench/run.py $(BENCH)

# make instructions WRITE=1 writes the table into docs/benchmarks.md.
WRITE ?=
instructions: $(READY)
	@$(PY) bench/instructions.py $(WRITE:%=--write)

soak: $(READY)
	@$(PY) bench/soak.py --requests $(N) --seed $(SEED)

world: $(READY)
	@DIR=$(DIR) PROFILE=$(PROFILE) DOCKERD=$(DOCKERD) AT=$(AT) FIX=$(FIX) HOST_ROOT=$(HOST_ROOT) $(PY) -m tests.world.run

sequences: $(READY)
	@$(PY) -m tests.sequences.search --number $(N) --seed $(SEED) $(PROFILE:%=--profile %)

picture: $(READY)
	PICTURE_OPERATIONS=$(N) PICTURE_SEED=$(SEED) $(PY) -m pytest tests/sequences/test_picture.py

mutate: $(VENV)/.mutate
	@rm -rf build/mutate && mkdir -p build/mutate && tar --exclude=./build --exclude='./.[a-z]*' -c . | tar -x -C build/mutate
	@sed 's|FOLDER|$(FOLDER)|' tests/mutation.toml > build/mutate/mutation.toml
	@cd build/mutate && export PATH="$(CURDIR)/$(VENV)/bin:$$PATH" && \
	  cosmic-ray init mutation.toml session.sqlite && cr-filter-operators session.sqlite mutation.toml && \
	  cosmic-ray baseline mutation.toml && \
	  { timeout -s INT $(SECONDS) cosmic-ray exec mutation.toml session.sqlite || [ $$? = 124 ]; } && \
	  cr-report --surviving-only --show-diff session.sqlite && cr-rate --estimate --fail-over 10 session.sqlite

differential: $(READY)
	@$(PY) -m tests.differential.search --number $(N) --seed $(SEED) $(ENGINE:%=--engine %)

heads: $(READY)
	@$(PY) -m tests.door.crooked_heads --number $(N) --seed $(SEED)

chaos: $(READY)
	PORTERO_CHAOS_SECONDS=$(SECONDS) PORTERO_CHAOS_SEED=$(SEED) $(PY) -m pytest -s tests/chaos

# Of this machine's root file system, or of that in FLEET_ROOT: a fresh debootstrap with the packages that the test names.
FLEET_ROOT ?= /
fleet: $(READY)
	PORTERO_FLEET_HOSTS=3 PORTERO_FLEET_AWAY=60 PORTERO_FLEET_ROOT=$(FLEET_ROOT) $(PY) -m pytest -s tests/fleet

install upgrade uninstall: $(RUN_READY)
	@PYTHON=$(PY) TARGET=$(TARGET) packaging/install.sh $@

release: $(READY)
	@PYTHON=$(PY) KEY=$(KEY) packaging/release.sh

deb: $(RUN_READY)
	@PYTHON=$(PY) packaging/deb.sh

plugin: $(READY)
	@PYTHON=$(PY) packaging/build.sh

site: $(VENV)/.site
	@$(PY) docs/make_site.py $(ADDRESS)
	@$(PY) tests/project/site_search.py build/site

docs: $(READY)
	@$(PY) docs/generate.py

# The newest releases that pyproject.toml accepts, tried in an environment of their own. Use the oldest Python that Portero
# runs on: what later ones have built in, older ones install.
lock:
	rm -rf build/lock
	$(PYTHON) -m venv build/lock
	build/lock/bin/python -m pip install --quiet --upgrade pip
	build/lock/bin/python -m pip install --quiet .
	build/lock/bin/python packaging/lock.py 'What Portero runs with' > build/lock/run.txt
	build/lock/bin/python -m pip install --quiet '.[dev]'
	build/lock/bin/python packaging/lock.py 'What .venv is made of' build/lock/run.txt > build/lock/ci.txt
	build/lock/bin/python -m pip install --quiet '.[mutate]'
	build/lock/bin/python packaging/lock.py 'What make mutate needs' build/lock/run.txt build/lock/ci.txt > build/lock/mutate.txt
	build/lock/bin/python packaging/lock.py --pip 'What installs the wheels in the managed plugin' > build/lock/pip.txt
	grep -ho '^[^ ]*==[^ ]*' build/lock/run.txt build/lock/ci.txt > build/lock/versions.txt
	$(PYTHON) -m venv build/lock/site
	build/lock/site/bin/python -m pip install --quiet --upgrade pip
	build/lock/site/bin/python -m pip install --quiet -c build/lock/versions.txt '.[site]'
	build/lock/site/bin/python packaging/lock.py 'What make site needs' build/lock/run.txt > build/lock/site.txt
	$(PYTHON) -m venv build/lock/build
	build/lock/build/bin/python -m pip install --quiet --upgrade pip
	build/lock/build/bin/python -c 'import tomllib; print(*tomllib.load(open("pyproject.toml", "rb"))["build-system"]["requires"], sep="\n")' \
	  | build/lock/build/bin/python -m pip install --quiet -c build/lock/versions.txt editables -r /dev/stdin
	build/lock/build/bin/python packaging/lock.py 'What makes a wheel of Portero' > build/lock/build.txt
	mv build/lock/run.txt $(RUN_LOCK)
	mv build/lock/ci.txt $(LOCK)
	mv build/lock/mutate.txt $(MUTATE_LOCK)
	mv build/lock/site.txt $(SITE_LOCK)
	mv build/lock/build.txt $(BUILD_LOCK)
	mv build/lock/pip.txt $(PIP_LOCK)
	rm -rf build/lock

# A dot for each package, and errors; pip ends well with one of these two lines.
PROGRESS = { status=1; while read -r first rest; do case $$first in Collecting) printf . >&2 ;; \
  Successfully|Requirement) status=0 ;; ERROR:) echo "$$first $$rest" >&2 ;; esac; done; echo >&2; exit $$status; }

$(RUN_READY): $(RUN_LOCK)
	@$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("portero needs Python 3.11 or newer; name one: make PYTHON=python3.11")'
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || $(MAKE) --no-print-directory venv-package
	@echo 'making $(VENV), where Portero and what it needs go: up to a minute or two, this once' >&2
	@$(PYTHON) -m venv $(VENV)
	@$(PY) -m pip install --disable-pip-version-check --no-color $(if $(WHEELS),--no-index --find-links $(WHEELS)) --require-hashes -r $(RUN_LOCK) 2>&1 | $(PROGRESS)
	@printf '#!/bin/sh\nPYTHONPATH="%s/plugin" exec "%s/$(PY)" -P -m portero "$$@"\n' '$(CURDIR)' '$(CURDIR)' > $(VENV)/bin/portero
	@chmod 755 $(VENV)/bin/portero
	@touch $@

$(READY): $(RUN_READY) $(LOCK) $(BUILD_LOCK) pyproject.toml
	$(INSTALL) --require-hashes -r $(LOCK) -r $(BUILD_LOCK)
	$(INSTALL) --no-deps --no-build-isolation --editable .
	@touch $@

# In the same .venv; nothing but make mutate uses it.
$(VENV)/.mutate: $(MUTATE_LOCK) $(READY)
	$(INSTALL) --require-hashes -r $(MUTATE_LOCK)
	@touch $@

# In the same .venv; nothing but make site uses it.
$(VENV)/.site: $(SITE_LOCK) $(RUN_READY)
	$(INSTALL) --require-hashes -r $(SITE_LOCK)
	@touch $@

# Debian's python3 comes without ensurepip, and so without a working venv.
.PHONY: venv-package
venv-package:
	@if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	  said=$$(apt-get update -qq 2>&1 && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y python3-venv 2>&1) || \
	    { echo "$$said" >&2; exit 2; }; \
	else \
	  echo "python3 cannot make virtual environments here; install it first: apt-get install python3-venv" >&2; exit 2; \
	fi

clean:
	@[ "$$(readlink $(LINK))" != '$(CURDIR)/$(VENV)/bin/portero' ] || rm -f $(LINK)
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
