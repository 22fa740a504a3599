#!/bin/sh
# Stands before the real runc. Of a container or an exec that a test sends it keeps what reached it, and fails: nothing
# runs. Everything else, and a container with PORTERO_REAL in its environment, goes to the real runc.
real=@REAL@
kept=/run/kept
bundle= process= act=
previous=
for word; do
  case $previous in
    --bundle) bundle=$word ;;
    --process) process=$word ;;
  esac
  case $word in
    create | exec) [ -n "$act" ] || act=$word ;;
  esac
  previous=$word
  last=$word
done
case $act in
  create)
    if ! grep -q '"PORTERO_REAL=' "$bundle/config.json"; then
      cp /proc/self/mountinfo "$kept/$last.mounts"
      cp "$bundle/config.json" "$kept/$last.part" && mv "$kept/$last.part" "$kept/$last.json"
      exit 1
    fi
    ;;
  exec)
    cp "$process" "$kept/exec.part" && mv "$kept/exec.part" "$kept/exec.json"
    exit 1
    ;;
esac
exec "$real" "$@"
