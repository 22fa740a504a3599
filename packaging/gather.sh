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
# To give it a pip of its own takes seconds, which a python that has one spares.
if "$python" -m pip --python "$python" --version >/dev/null 2>&1; then
  "$python" -m venv --without-pip "$builder"
  pip() { "$python" -m pip --python "$builder/bin/python" "$@" --quiet --disable-pip-version-check; }
else
  "$python" -m venv "$builder"
  pip() { "$builder/bin/python" -m pip "$@" --quiet --disable-pip-version-check; }
fi
pip install --require-hashes -r requirements/build.txt
# hatchling takes the time of every file in the wheel from SOURCE_DATE_EPOCH.
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || echo 1577836800)} \
  pip wheel --no-deps --no-build-isolation --wheel-dir "$dir" .
pip download --dest "$dir" --only-binary :all: --python-version "$version" --require-hashes --no-deps -r requirements/run.txt
