#!/bin/sh
# The policy folder is /etc/portero/policy. Moves that of an earlier version there, and leaves a link. It runs before the
# file of settings is replaced, which may name the earlier one: where both exist, environment.kept is put back afterwards.
#
# usage: [DESTDIR=ROOT] packaging/move-policy.sh      it is also the package's preinst
set -e
etc=${DESTDIR:-}/etc/portero
# The last time did not end.
if [ -e "$etc/environment.kept" ]; then mv -f "$etc/environment.kept" "$etc/environment"; fi
named=:$(sed -n -e 's/^PORTERO_SCHEMAS=//p' -e 's/^PORTERO_POLICY=//p' "$etc/environment" 2>/dev/null | tail -n 1):
folders='site schemas'
case $named in *:/etc/portero/schemas[:/]*) folders='schemas site' ;; esac
for name in $folders; do
  if [ ! -d "$etc/$name" ] || [ "$etc/$name" -ef "$etc/policy" ]; then continue; fi
  if [ -e "$etc/policy" ] || [ -L "$etc/policy" ]; then
    echo "portero: /etc/portero/$name and /etc/portero/policy both exist: nothing is moved or merged, and the folder that PORTERO_POLICY names stays in force"
    case $named in *:"/etc/portero/$name"[:/]*) cp -p "$etc/environment" "$etc/environment.kept" ;; esac
  elif [ -L "$etc/$name" ]; then
    ln -s "$name" "$etc/policy"
    echo "portero: the policy folder is /etc/portero/policy now, a link to /etc/portero/$name"
  else
    mv "$etc/$name" "$etc/policy"
    ln -s policy "$etc/$name"
    echo "portero: moved /etc/portero/$name to /etc/portero/policy, and left a link"
  fi
done
