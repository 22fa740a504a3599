#!/usr/bin/env bash
# Gathers what Portero runs with, as wheels: its own and those that the lock names. Everything after this needs no network.
# Whatever comes from an index is checked against the hashes in requirements/, what makes the wheel too.
#
# usage: packaging/gather.sh DIR [X.Y]     X.Y: the version of the python that will run it (default that of PYTHON)
#   PYTHON   python with venv (default .venv/bin/python, which `make` makes, or else python3)
set -euo pipefail
cd "$(dirname "$0")/.."
dir=${1:?usage: packaging/gather.sh DIR [X.Y]}
python=${PYTHON:-$([ -x .venv/bin/python ] && echo .venv/bin/python || command -v python3)}
version=${2:-$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')}

mkdir -p "$dir"
other=$(find "$dir" -mindepth 1 -maxdepth 1 ! -name '*.whl' -print -quit)
[ -z "$other" ] || { echo "$0: $dir holds $other, which is no wheel: name a folder of its own" >&2; exit 2; }
rm -f "$dir"/*.whl
builder=$(mktemp -d)
trap 'rm -rf "$builder"' EXIT
"$python" -m venv "$builder"
"$builder/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/build.txt
# hatchling takes the time of every file in the wheel from SOURCE_DATE_EPOCH.
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || echo 1577836800)} \
  "$builder/bin/python" -m pip wheel --quiet --disable-pip-version-check --no-deps --no-build-isolation --wheel-dir "$dir" .
"$builder/bin/python" -m pip download --quiet --disable-pip-version-check --dest "$dir" --only-binary :all: --python-version "$version" \
  --require-hashes --no-deps -r requirements/run.txt
