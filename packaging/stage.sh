#!/usr/bin/env bash
# Lays out an installed Portero below ROOT, as a package would: its programs in PROGRAM, the rest where systemd, logrotate,
# shells and man look. It needs no network: everything comes from this checkout and from the wheels in WHEELS.
# Files below ROOT/etc are the operator's from then on; everything else belongs to the installation.
#
# usage: packaging/stage.sh ROOT
#   PROGRAM  where its programs will be, as an absolute path on the host (default /opt/portero)
#   PREFIX   /usr/local, or /usr for a package of the distribution
#   WHEELS   folder of packaging/gather.sh (default build/wheels)
#   PYTHON   python with pip that puts them there (default .venv/bin/python)
#   TARGET   the host's python that will run it (default the one that packaging/find-python.sh finds)
#   COMPILE  no: its code is compiled elsewhere
set -euo pipefail
cd "$(dirname "$0")/.."
root=${1:?usage: packaging/stage.sh ROOT}
program=${PROGRAM:-/opt/portero}
prefix=${PREFIX:-/usr/local}
wheels=${WHEELS:-build/wheels}
python=${PYTHON:-.venv/bin/python}
target=${TARGET:-$(WHEELS=$wheels packaging/find-python.sh "$python")}

# Of this checkout: wheels that were gathered for the one before would install that again.
version=$(sed -n 's/^__version__ = "\(.*\)"$/\1/p' plugin/portero/__init__.py)
ls "$wheels/portero-$version"-*.whl >/dev/null 2>&1 ||
  { echo "packaging/stage.sh: $wheels holds no wheel of portero $version; gather them first: packaging/gather.sh $wheels" >&2; exit 2; }
# Some wheels are for one version of Python each, whichever they are.
release=$("$target" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
ls "$wheels"/*-"cp${release/./}-cp${release/./}"-*.whl >/dev/null 2>&1 ||
  { echo "packaging/stage.sh: $wheels holds no wheels for Python $release ($target); gather them: packaging/gather.sh $wheels $release" >&2; exit 2; }

"$target" -m venv --without-pip "$root$program"
"$python" -m pip --python "$root$program/bin/python" install --quiet --disable-pip-version-check --root-user-action ignore \
  --no-index --find-links "$wheels" --no-compile portero
# The environment was made below ROOT and will stand in PROGRAM.
grep -rlIF --null "$root$program" "$root$program/bin" "$root$program/pyvenv.cfg" | xargs -0r sed -i "s|$root$program|$program|g"
find "$root$program" -name direct_url.json -delete
find "$root$program/bin" -mindepth 1 -not -name 'python*' -not -name portero -delete
rm -r "$root$program/include"
# The programs just changed or gone; pip noted them with their sums.
find "$root$program" -name RECORD -exec sed -i -e '\|^\.\./.*/bin/|d' -e '\|^\.\./.*/share/doc/|d' {} +
install -d "$root$prefix/share/doc"
mv -T "$root$program/share/doc/portero" "$root$prefix/share/doc/portero"
rmdir -p --ignore-fail-on-non-empty "$root$program/share/doc"
# As a service Portero cannot write there, and would compile its code anew at every start.
[ "${COMPILE:-}" = no ] ||
  "$root$program/bin/python" -m compileall -q -s "$root" -p / --invalidation-mode unchecked-hash "$root$program/lib"

install -d "$root$prefix/bin"
ln -sfn "$program/bin/portero" "$root$prefix/bin/portero"
install -D -m 755 packaging/cli-plugin/docker-portero "$root$prefix/lib/docker/cli-plugins/docker-portero"

units=$root$prefix/lib/systemd
install -d "$units/system/docker.service.d"
for unit in packaging/systemd/*.socket packaging/systemd/*.service packaging/systemd/*.timer; do
  sed "s|/usr/local/|$prefix/|" "$unit" > "$units/system/$(basename "$unit")"
done
install -m 644 packaging/files/docker-after-portero.conf "$units/system/docker.service.d/portero.conf"
install -m 644 packaging/systemd/var-lib-docker-tmp.mount "$units/system/"
chmod 644 "$units"/system/portero*

completion() { # SHELL FILE
  install -d "$(dirname "$root$prefix/share/$2")"
  PYTHONPATH='' _PORTERO_COMPLETE="$1_source" "$root$program/bin/python" -m portero > "$root$prefix/share/$2"
}
completion bash bash-completion/completions/portero
completion zsh zsh/site-functions/_portero
completion fish fish/vendor_completions.d/portero.fish
install -D -m 644 -t "$root$prefix/share/portero/logs" packaging/logs/*
install -m 755 -t "$root$prefix/share/portero" packaging/files/answer-metrics
for unit in docker containerd; do
  sed "s|/usr/local/bin/portero|$prefix/bin/portero|" "packaging/systemd/$unit-devices.conf" > "$root$prefix/share/portero/$unit-devices.conf"
  chmod 644 "$root$prefix/share/portero/$unit-devices.conf"
done
install -D -m 644 packaging/files/portero.1 "$root$prefix/share/man/man1/portero.1"
install -D -m 644 packaging/files/README.emergency "$root$prefix/share/doc/portero/README.emergency"

install -D -m 600 packaging/files/environment "$root/etc/portero/environment"
# To begin with. What lies in the site's folder is the operator's alone, who may have it signed.
install -D -m 644 packaging/files/site.json "$root$prefix/share/portero/site.json"
install -D -m 644 packaging/files/daemon.json "$root$prefix/share/portero/daemon.json"
install -D -m 644 packaging/files/logrotate "$root/etc/logrotate.d/portero"
chmod 755 "$root/etc/portero"
