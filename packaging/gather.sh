#!/usr/bin/env bash
# Gathers what Portero runs with, as wheels: its own and those that the lock names. Everything after this needs no network.
# Whatever comes from an index is checked against the hashes in requirements/, what makes the wheel too.
#
# usage: packaging/gather.sh DIR [X.Y]     X.Y: the version of the python that will run it (default that of PYTHON)
#   PYTHON   python with pip, of the environment that `make` makes (default .venv/bin/python)
set -euo pipefail
cd "$(dirname "$0")/.."
dir=${1:?usage: packaging/gather.sh DIR [X.Y]}
python=${PYTHON:-.venv/bin/python}
version=${2:-$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')}

rm -rf "$dir"
mkdir -p "$dir"
builder=$(mktemp -d)
trap 'rm -rf "$builder"' EXIT
"$python" -m venv "$builder"
"$builder/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/build.txt
# hatchling takes the time of every file in the wheel from SOURCE_DATE_EPOCH.
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || echo 1577836800)} \
  "$builder/bin/python" -m pip wheel --quiet --disable-pip-version-check --no-deps --no-build-isolation --wheel-dir "$dir" .
"$python" -m pip download --quiet --disable-pip-version-check --dest "$dir" --only-binary :all: --python-version "$version" \
  --require-hashes --no-deps -r requirements/run.txt
