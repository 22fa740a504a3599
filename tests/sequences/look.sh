#!/bin/sh
# What a program in a container can find of the host: prints every canary that it can read, writes to every one that it can
# write to, names every socket that it can connect to. /lib/canaries lists, a line each, a kind and a path below some mount.
# usage: look    (Access to a socket is what the file system grants: busybox has no client for path sockets.)
mark=was-here

tell() {
  kind=$1 file=$2
  case $kind in
    secret) [ -f "$file" ] && echo "$file: $(head -c 200 "$file")" ;;
    decides) [ -f "$file" ] && echo "$mark" >> "$file" && echo "$file: written" ;;
    socket) [ -S "$file" ] && [ -w "$file" ] && echo "$file: socket" ;;
  esac
}

{
  cut -d' ' -f2,3 /proc/mounts | sort -u > /tmp/mounts || cut -d' ' -f2,3 /proc/mounts > /dev/shm/mounts
  while read -r point type; do
    case $point in
      / | /proc | /proc/* | /sys | /sys/* | /dev | /dev/* | /etc/resolv.conf | /etc/hosts | /etc/hostname) continue ;;
    esac
    [ "$type" != proc ] || cat "$point"/[0-9]*/cmdline | tr '\0' ' '
    while read -r kind below; do tell "$kind" "$point/$below"; done < /lib/canaries
    [ ! -f "$point" ] || tell secret "$point"
  done < /tmp/mounts
  while read -r kind below; do tell "$kind" "/proc/1/root/$below"; done < /lib/canaries
  cat /proc/[0-9]*/cmdline | tr '\0' ' '
  for device in /dev/*; do [ ! -b "$device" ] || echo "$device: $(head -c 64 "$device")"; done
  wget -q -O - -T 1 http://127.0.0.1:8099/
  echo
  echo looked
} 2> /dev/null
