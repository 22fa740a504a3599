#!/bin/sh
# Lets root's shell find the portero of this checkout, and says how other shells find it. A file that is there stays.
#
# usage: packaging/link.sh LINK
# Root will type the name again: only what root alone can change is linked. In a sticky folder others replace nothing.
set -eu
cd "$(dirname "$0")/.."
link=$1
program=$PWD/.venv/bin/portero

others_write() {
  place=$program
  while [ "$place" != / ]; do
    [ -z "$(find "$place" -maxdepth 0 ! -type l \( ! -user 0 -o -perm /022 ! -perm -1000 \))" ] || return 0
    place=$(dirname "$place")
  done
  return 1
}

if [ "$(readlink "$link" || true)" != "$program" ]; then
  if [ "$(id -u)" != 0 ] || others_write || ! ln -s "$program" "$link" 2>/dev/null; then
    echo "In another shell:  PATH=${program%/portero}:\$PATH  and portero is a command"
    exit
  fi
fi
echo "In another shell portero is a command ($link; make clean removes it)"
