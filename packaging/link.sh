#!/bin/sh
# Lets root's shell find the portero of this checkout while COMMAND runs, and says how other shells find it. A file that
# is there stays.
#
# usage: packaging/link.sh LINK COMMAND...
# Root will type the name again: only what root alone can change is linked. In a sticky folder others replace nothing.
set -eu
cd "$(dirname "$0")/.."
link=$1
shift
made=
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
  if [ "$(id -u)" = 0 ] && ! others_write && ln -s "$program" "$link" 2>/dev/null; then made=yes; fi
fi
if [ "$(readlink "$link" || true)" = "$program" ]; then
  echo "In another shell portero is a command ($link), while this runs"
else
  echo "In another shell:  PATH=${program%/portero}:\$PATH  and portero is a command"
fi
# In the background a shell hands signals on; SIGINT of the keyboard reaches both.
"$@" &
pid=$!
trap 'kill -TERM "$pid" 2>/dev/null' TERM HUP
trap : INT
status=0
while kill -0 "$pid" 2>/dev/null; do
  status=0
  wait "$pid" || status=$?
done
[ -z "$made" ] || rm -f "$link"
exit "$status"
