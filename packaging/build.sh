#!/usr/bin/env bash
# Builds Portero as a managed plugin and creates it in the daemon that `docker` talks to.
#
# usage: packaging/build.sh [NAME]         NAME defaults to portero
#   BASE     base image with python3 (default python:3-slim); any image that the daemon has, or can pull
#   DEST     folder for wheels, root file system and manifest (default build/plugin)
#   PYTHON   python with pip, of the environment that `make` makes (default .venv/bin/python)
#
# The image build has no network; the wheels are gathered here, for the python of the base image.
set -euo pipefail
cd "$(dirname "$0")/.."
name=${1:-portero}
base=${BASE:-python:3-slim}
dest=${DEST:-build/plugin}
python=${PYTHON:-.venv/bin/python}

command -v docker >/dev/null || { echo "packaging/build.sh: the docker command is missing; install docker-cli" >&2; exit 2; }
docker version >/dev/null || { echo "packaging/build.sh: no Docker daemon answers; start one or set DOCKER_HOST" >&2; exit 2; }

rm -rf "$dest"
mkdir -p "$dest/context/wheels" "$dest/plugin/rootfs"

# Which python will run the plugin decides which wheels fit.
version=$(docker run --rm --network none "$base" python3 -c 'import sys; print("%d.%d" % sys.version_info[:2])') ||
  { echo "packaging/build.sh: $base has no python3; name a base image that has it: BASE=image make plugin" >&2; exit 2; }

echo "gathering wheels for python $version"
"$python" -m pip wheel --quiet --no-deps --wheel-dir "$dest/context/wheels" .
"$python" -m pip download --quiet --dest "$dest/context/wheels" --only-binary :all: --python-version "$version" \
  pip "$dest"/context/wheels/portero-*.whl

cp packaging/Dockerfile "$dest/context/"
image="$name-rootfs:build"
DOCKER_BUILDKIT=0 docker build --quiet --network none --build-arg "BASE=$base" --tag "$image" "$dest/context" >/dev/null

container=$(docker create --network none "$image" true)
docker export "$container" | tar -x -C "$dest/plugin/rootfs"
docker rm "$container" >/dev/null
cp config.json "$dest/plugin/"
docker plugin create "$name" "$dest/plugin"
cat <<END
created the managed plugin $name. Next:
  docker plugin enable $name
  add  "authorization-plugins": ["$name"]  to /etc/docker/daemon.json
  systemctl reload docker
END
