#!/bin/sh
# `make try`: shows a denial. It needs neither root nor dockerd, and creates nothing. Exit status 1: nothing was denied.
set -u
cd "$(dirname "$0")/.."
portero=.venv/bin/portero
if command -v docker >/dev/null; then
  echo '$ portero try -- docker run --privileged busybox'
  "$portero" try --host-root none -- docker run --privileged busybox
else
  echo '$ portero check examples/privileged.json'
  "$portero" check --host-root none examples/privileged.json
fi
[ $? = 1 ] || exit 1
echo
echo 'Nothing was created. Try a command of yours:  .venv/bin/portero try -- docker run ...'
echo 'A compose file:                               .venv/bin/portero check compose.yaml'
