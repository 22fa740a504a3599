#!/usr/bin/env bash
# Makes what a release consists of, in dist/: sdist, wheel, SBOM, checksums, and a signature over the checksums.
# One commit makes the same bytes on every machine; both archives are built twice here and compared.
#
# usage: KEY=FILE packaging/release.sh      KEY: the private key of releases (portero keygen); FILE.pub is its public half
#   PYTHON   python of the environment that `make` makes (default .venv/bin/python)
#   DEST     where it goes (default dist)
set -euo pipefail
cd "$(dirname "$0")/.."
python=${PYTHON:-.venv/bin/python}
dest=${DEST:-dist}
key=${KEY:-}
[ -n "$key" ] && [ -r "$key" ] || { echo "$0: name the private key of releases: make release KEY=FILE (portero keygen FILE makes one)" >&2; exit 2; }
[ -z "$(git status --porcelain)" ] || { echo "$0: there are changes that are not committed; a release is a commit" >&2; exit 2; }

SOURCE_DATE_EPOCH=$(git log -1 --format=%ct)
export SOURCE_DATE_EPOCH
version=$(sed -n 's/^__version__ = "\(.*\)"$/\1/p' plugin/portero/__init__.py)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

"$python" -m venv --without-pip "$work/env"
"$python" -m pip --python "$work/env/bin/python" install --quiet --disable-pip-version-check --require-hashes -r requirements/build.txt
for turn in 1 2; do
  # What git has and nothing else: no file that only lies here gets into a release.
  git archive --prefix=source/ --output="$work/$turn.tar" HEAD
  mkdir "$work/$turn" && tar -x -f "$work/$turn.tar" -C "$work/$turn"
  (cd "$work/$turn/source" && "$work/env/bin/python" -m hatchling build -t sdist -t wheel -d "$work/$turn/dist" >/dev/null 2>&1)
done
for file in "$work/1/dist"/*; do
  cmp "$file" "$work/2/dist/${file##*/}" || { echo "$0: ${file##*/} is not the same twice" >&2; exit 1; }
done

rm -rf "$dest"
mkdir -p "$dest"
cp "$work/1/dist"/* "$dest/"
"$python" packaging/sbom.py "$version" "$dest"/*.whl > "$dest/portero-$version.cdx.json"
(cd "$dest" && sha256sum portero-* > SHA256SUMS)
openssl pkeyutl -sign -rawin -inkey "$key" -in "$dest/SHA256SUMS" -out "$dest/SHA256SUMS.sig"
ls -l "$dest"
