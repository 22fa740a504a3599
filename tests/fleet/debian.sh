#!/bin/bash
# Makes the root file system of a Debian with Docker and what tests/fleet needs: debian.sh SUITE DIR
# bookworm is Debian 12: systemd 252, Python 3.11, Docker 20.10. About two minutes; one that is there stays.
set -euo pipefail
suite=$1 folder=$2
[ ! -e "$folder/complete" ] || exit 0
from=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Component: main' | grep -v security | head -n 1)
[ -n "$from" ] || { echo 'apt knows no packages here: apt-get update' >&2; exit 2; }
packages=systemd,systemd-sysv,dbus,docker.io,docker-registry,nginx-light,prometheus,rsyslog,rsyslog-relp,iproute2,procps
packages=$packages,python3,python3-venv,make,curl,git,busybox-static,ca-certificates
rm -rf "$folder"
debootstrap --variant=minbase --include="$packages" "$suite" "$folder" "$from" >/dev/null
touch "$folder/complete"
