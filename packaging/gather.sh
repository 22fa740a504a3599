#!/usr/bin/env bash
# Gathers what Portero runs with, as wheels: its own and those that the lock names. Everything after this needs no network.
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
# hatchling takes the time of every file in the wheel from SOURCE_DATE_EPOCH.
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || echo 1577836800)} \
  "$python" -m pip wheel --quiet --disable-pip-version-check --no-deps --wheel-dir "$dir" .
"$python" -m pip download --quiet --disable-pip-version-check --dest "$dir" --only-binary :all: --python-version "$version" \
  --require-hashes --no-deps -r requirements/run.txt
