#!/bin/bash
# Process 1 of a machine of the fleet, until systemd takes its place: a layer over a root file system that forgets every
# change, devices of its own, and the one hierarchy of control groups that systemd knows.
# usage: unshare --net --mount --pid --uts --ipc --cgroup --fork boot.sh FOLDER LOWER NAME
# Says "ready" before systemd starts.
set -euo pipefail
folder=$1 lower=$2 name=$3

mount --make-rprivate /
mkdir -p "$folder/$name"/{upper,work,root,data}
mount -t overlay -o "lowerdir=$lower,upperdir=$folder/$name/upper,workdir=$folder/$name/work" none "$folder/$name/root"
root=$folder/$name/root

mount -t tmpfs -o mode=755 none "$root/dev"
mkdir "$root/dev/pts" "$root/dev/shm"
for device in null zero full random urandom tty; do
  touch "$root/dev/$device"
  mount --bind "/dev/$device" "$root/dev/$device"
done
mount -t devpts -o newinstance,ptmxmode=0666,mode=620 none "$root/dev/pts"
ln -s pts/ptmx "$root/dev/ptmx"
ln -s /proc/self/fd "$root/dev/fd"
ln -s /proc/self/fd/1 "$root/dev/stdout"
ln -s /proc/self/fd/2 "$root/dev/stderr"
mount -t tmpfs -o mode=1777 none "$root/dev/shm"
mount -t sysfs none "$root/sys"
mount -t cgroup2 none "$root/sys/fs/cgroup"
mount -t proc proc "$root/proc"
mount -t tmpfs -o mode=755 none "$root/run"
mkdir -p "$root/var/lib/docker"
mount --bind "$folder/$name/data" "$root/var/lib/docker"

# Of the units of the machine below only those that a test asks for: no consoles, no kernel settings, no services of others.
# The checkout that is tested may lie below /tmp. A machine that boots again keeps what was enabled meanwhile.
units=$root/etc/systemd/system
[ -e "$root/etc/fleet" ] || rm -rf "$units"/*.wants
touch "$root/etc/fleet"
mkdir -p "$units"
for unit in systemd-sysctl.service systemd-modules-load.service systemd-binfmt.service getty.target \
  proc-sys-fs-binfmt_misc.automount sys-kernel-debug.mount sys-kernel-tracing.mount sys-kernel-config.mount \
  sys-fs-fuse-connections.mount dev-hugepages.mount dev-mqueue.mount tmp.mount systemd-timesyncd.service; do
  ln -sfn /dev/null "$units/$unit"
done
# In an image of a container it keeps packages from starting services.
rm -f "$root/usr/sbin/policy-rc.d"
echo "$name" > "$root/etc/hostname"
printf '127.0.0.1 localhost\n%s' "$(cat "$folder/hosts")" > "$root/etc/hosts"
rm -f "$root/etc/machine-id" && touch "$root/etc/machine-id"

mkdir "$root/run/old-root"
cd "$root"
pivot_root . run/old-root
umount -l /run/old-root
rmdir /run/old-root
cd /
# As on a machine, where systemd itself does this: it hands credentials to services by mounts that must reach them.
mount --make-rshared /
ip link set lo up
echo ready
exec env -i container=other PATH=/usr/sbin:/usr/bin:/sbin:/bin /lib/systemd/systemd --unit=multi-user.target >/dev/null 2>&1
