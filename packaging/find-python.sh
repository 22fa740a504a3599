#!/bin/sh
# Says which python will run an installed Portero: the system's newest from 3.13 on, which takes less time for a decision,
# or that of PYTHON where there is none. Pythons of users are not searched: services may not read their homes.
#
# usage: packaging/find-python.sh PYTHON [FOLDER...]     FOLDER: where to look (default /usr/bin /usr/local/bin)
#   WHEELS   folder of packaging/gather.sh, if there is one already: only a python that it has wheels for
set -eu
python=${1:?usage: packaging/find-python.sh PYTHON [FOLDER...]}
shift
[ $# -gt 0 ] || set -- /usr/bin /usr/local/bin
for minor in 14 13; do
  [ -z "${WHEELS:-}" ] || ls "$WHEELS"/*-cp3$minor-*.whl >/dev/null 2>&1 || continue
  for folder; do
    if "$folder/python3.$minor" -c "import sys, venv; sys.exit(sys.version_info[:2] != (3, $minor))" 2>/dev/null; then
      echo "$folder/python3.$minor"
      exit
    fi
  done
done
exec "$python" -c 'import os, sys; print(os.path.realpath(sys._base_executable))'
