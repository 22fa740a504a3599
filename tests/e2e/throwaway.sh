#!/bin/bash
# PID 1 of a throw-away host: the machine's own files behind a layer that forgets every change, with its own processes,
# mounts and network. Says "ready", and ends - with everything in it - when its standard input is closed.
# usage: unshare --net --mount --pid --fork throwaway.sh FOLDER   (FOLDER/data becomes /var/lib/docker)
set -euo pipefail
folder=$1

mount --make-rprivate /
mkdir -p "$folder/layer" "$folder/data"
mount -t tmpfs -o mode=755 none "$folder/layer"
mkdir "$folder/layer/upper" "$folder/layer/work" "$folder/layer/root"
mount -t overlay -o "lowerdir=/,upperdir=$folder/layer/upper,workdir=$folder/layer/work" none "$folder/layer/root"
root=$folder/layer/root

# An overlay does not show what is mounted below its lower folder. The repository may itself lie on a mount of its own.
mount --rbind /dev "$root/dev"
mount -t tmpfs -o mode=1777 none "$root/dev/shm"
mount --rbind /sys "$root/sys"
mount -t proc proc "$root/proc"
cut -d' ' -f5 /proc/self/mountinfo | sort -u | while read -r point; do
  case $point in
    / | /dev* | /sys* | /proc* | /run* | "$folder"*) ;;
    *) if [ -d "$root$point" ]; then mount --bind "$point" "$root$point" || true; fi ;;
  esac
done

# What belongs to the real machine's Docker, and what people keep, is not part of the throw-away host.
for empty in run etc/docker srv home var/lib/containerd; do
  mkdir -p "$root/$empty"
  mount -t tmpfs -o mode=755 none "$root/$empty"
done
mkdir -p "$root/var/lib/docker" "$root/run/docker/plugins" "$root/run/old-root"
mount --bind "$folder/data" "$root/var/lib/docker"
cd "$root"
pivot_root . run/old-root
umount -l /run/old-root
rmdir /run/old-root
cd /
mount --make-rshared /  # as systemd leaves it; containers may ask for propagation
ip link set lo up

echo ready
# bash reaps what its descendants leave behind while it waits for the end of its input.
read -r _ || true
