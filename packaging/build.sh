#!/usr/bin/env bash
# Builds Portero as a managed plugin and creates it in the daemon that `docker` talks to.
#
# usage: packaging/build.sh [NAME]         NAME defaults to portero
#   BASE     base image with python3 (default python:3-slim); any image that the daemon has, or can pull
#   DEST     folder for wheels, root file system and manifest (default build/plugin)
#   PYTHON   python with pip, of the environment that `make` makes (default .venv/bin/python)
#   WHEELS   folder of packaging/gather.sh for the python of the base image; without it they are gathered anew
#
# Nothing is fetched but what requirements/ names with its hashes: wheels for the python of the base image, what makes
# Portero's own wheel, and pip.
set -euo pipefail
cd "$(dirname "$0")/.."
name=${1:-portero}
base=${BASE:-python:3-slim}
dest=${DEST:-build/plugin}
python=${PYTHON:-.venv/bin/python}

command -v docker >/dev/null || { echo "packaging/build.sh: the docker command is missing; install docker-cli" >&2; exit 2; }
docker version >/dev/null || { echo "packaging/build.sh: no Docker daemon answers; start one or set DOCKER_HOST" >&2; exit 2; }

rm -rf "$dest"
mkdir -p "$dest/plugin/rootfs"

# Which python will run the plugin decides which wheels fit.
version=$(docker run --rm --network none "$base" python3 -c 'import sys; print("%d.%d" % sys.version_info[:2])') ||
  { echo "packaging/build.sh: $base has no python3; name a base image that has it: BASE=image make plugin" >&2; exit 2; }

if [ -n "${WHEELS:-}" ]; then
  cp -r "$WHEELS" "$dest/wheels"
else
  echo "gathering wheels for python $version"
  PYTHON=$python packaging/gather.sh "$dest/wheels" "$version"
fi
# Debian's python3 comes without pip, which runs from its own wheel.
"$python" -m pip download --quiet --disable-pip-version-check --no-deps --only-binary :all: --dest "$dest/wheels" \
  --require-hashes -r requirements/pip.txt

# A container without a network installs them, and its file system becomes the plugin's: no builder is needed.
# A Debian python3 refuses a system-wide install (PEP 668); nothing else lives in this file system.
install='python3 "$(echo /wheels/pip-*.whl)/pip" install --no-index --find-links /wheels --no-cache-dir --quiet \
  --break-system-packages --root-user-action ignore portero && rm -rf /wheels && portero --version'
container=$(docker create --network none "$base" sh -c "$install")
trap 'docker rm "$container" >/dev/null' EXIT
docker cp --quiet "$dest/wheels" "$container:/wheels"
docker start --attach "$container"
docker export "$container" | tar -x -C "$dest/plugin/rootfs"
cp config.json "$dest/plugin/"
docker plugin create "$name" "$dest/plugin"
cat <<END
created the managed plugin $name. Next:
  docker plugin enable $name
  add  "authorization-plugins": ["$name"]  to /etc/docker/daemon.json
  systemctl reload docker
END
