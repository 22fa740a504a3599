"""Paths of the host that decide what root runs or hold what only root may read, as the rules name them.

The rules compare names; where such a path is a link, HostFiles gives what lies behind it this name as well.
A test compares the list with the rule no-sensitive-paths.
"""

# fmt: off
_TOP = (
    "bin", "boot", "cgroup", "dev", "efi", "esp", "etc", "lib", "lib32", "lib64", "libx32", "nix", "ostree", "proc",
    "root", "run", "sbin", "selinux", "snap", "sys", "sysroot", "usr",
)
_OTHERS = (
    ".snapshots", "opt/cni", "opt/containerd", "swapfile", "var/backups", "var/cache/apt", "var/cache/debconf",
    "var/cfengine", "var/lock", "var/ossec", "var/run", "var/snap", "var/spool/anacron", "var/spool/at",
    "var/spool/cron", "var/spool/incron",
)
_STATE = (
    "NetworkManager", "apt", "cloud", "cni", "containerd", "containers", "dkms", "docker", "docker-engine", "dpkg",
    "etcd", "glusterd", "incus", "initramfs-tools", "k0s", "kubelet", "libvirt", "lxc", "lxd", "polkit-1", "portero",
    "private", "rancher", "rpm", "selinux", "shim-signed", "snapd", "sss", "sudo", "systemd", "waagent",
)
# fmt: on

# What is in them is as sensitive as they are.
SENSITIVE = (
    *(f"/{name}" for name in (*_TOP, *_OTHERS)),
    *(f"/var/lib/{name}" for name in _STATE),
)
# Homes are sensitive for writing, and the folders above them.
HOMES = ("/home", "/var/home")
