#!/bin/bash
# Unpacks the Docker engine of another suite of Debian into a folder: engine.sh SUITE DIR [NEWER]
# bookworm has 20.10, and systemd 252 to verify units by; forky has 28.5 with buildx and compose 2. apt takes it from where this machine's packages come from, and
# checks the signatures. Nothing is installed: DIR/root/usr/sbin/dockerd runs beside the machine's own.
# NEWER: a folder with programs of a newer Docker (dockerd.xz and others), which take the place of the suite's.
set -euo pipefail
suite=$1 newer=${3:+$(realpath "$3")}
mkdir -p "$2"
folder=$(cd "$2" && pwd)
analyzer=$folder/root/usr/bin/systemd-analyze
[ ! -x "$folder/root/usr/sbin/dockerd" ] || [ "$suite" = bookworm ] && [ ! -x "$analyzer" ] || exit 0

from=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Component: main' | grep -v security | head -n 1)
[ -n "$from" ] || { echo 'apt knows no packages here: apt-get update' >&2; exit 2; }
state=$(mktemp -d)
trap 'rm -rf "$state"' EXIT
mkdir -p "$state/lists/partial" "$state/cache/archives/partial"
echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $from $suite main" >"$state/sources.list"
apt() {
  apt-get -qq -o Dir::State="$state" -o Dir::State::status=/dev/null -o Dir::Cache="$state/cache" \
    -o Dir::Etc::sourcelist="$state/sources.list" -o Dir::Etc::sourceparts=/dev/null -o APT::Sandbox::User=root "$@"
}
apt update
cd "$state"
# bookworm has the command line inside docker.io, and no plugins for it.
case $suite in
bookworm) packages='docker.io containerd runc systemd libsystemd-shared' ;;
*) packages='docker.io docker-cli docker-buildx docker-compose containerd runc' ;;
esac
for package in $packages; do apt download "$package"; done
for archive in ./*.deb; do dpkg -x "$archive" new; done
if [ -n "$newer" ]; then
  for program in sbin/dockerd sbin/docker-proxy bin/docker libexec/docker/cli-plugins/docker-buildx; do
    rm -f "new/usr/$program"
    xz -dc "$newer/${program##*/}.xz" >"new/usr/$program"
    chmod 755 "new/usr/$program"
  done
fi
rm -rf "$folder/root"
mv new "$folder/root"
"$folder/root/usr/sbin/dockerd" --version
