"""Values for the fields of Docker's bodies: usual ones, and every spelling that option syntaxes allow."""

import json
import random
from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

from portero.types import JSON

Make: TypeAlias = Callable[[random.Random], JSON]

PATHS = (
    *("/srv/data", "/srv/app", "/srv/www/x", "/etc", "/", "/proc", "/srv/link", "/srv/link/ssl", "/srv/data/up"),
    *("/etc/", "//etc", "/etc//ssl", "/srv/../etc", "/etc/.", "/./etc", "/srv/data/../../etc", "/var/run"),
    *("/run/docker.sock", "/var/run/docker.sock", "/srv/n\u00e9w", "/srv/a b", "/home/alicia", "/sys", "/dev"),
    *("/srv/data/", "/srv/x,y", "/srv/\u017f", "/etc/passwd", "/proc/self/root", "/srv/a\\b", "/..", "/../etc"),
)
TARGETS = ("/x", "/mnt/y", "/data/", "//z", "/a/../b", "/x y", "/etc/app", "/srv/\u00fc", "/opt/./q", "/run/s")
VOLUMES = ("vol1", "vol2", "v.3", "data_4", "A5")
MODES = (
    *("", "", "", ":ro", ":ro", ":rw", ":z", ":Z", ":ro,z", ":rshared", ":ro,rprivate", ":rprivate", ":nocopy"),
    *(":cached", ":ro,cached", ":private", ":slave,ro", ":rslave", ":z,ro,rslave", ":consistent,ro", ":delegated"),
    *(":RO", ":ro,rw", ":ro,ro", ":", ":ro,", ":x", ":z,Z", ":shared,rprivate", ":ro:ro", ":rw,nocopy", ":ro,nocopy"),
)
CAPABILITIES = (
    *("NET_ADMIN", "CAP_NET_ADMIN", "net_admin", "cap_sys_admin", "Cap_Sys_Time", "ALL", "all", "CAP_ALL", "MKNOD"),
    *("CHOWN", "cap_chown", "SYS_\u0131", "\u017fys_admin", "SYS_PTRACE", "NET_RAW", "cap_net_raw", "SETUID", "KILL"),
    *("AUDIT_WRITE", "BPF", "PERFMON", "CAP_CAP_KILL", "X"),
)
PROFILE = json.dumps({"defaultAction": "SCMP_ACT_ALLOW"})
SECURITY = (
    *("no-new-privileges", "no-new-privileges=true", "no-new-privileges:true", "no-new-privileges=false"),
    *("no-new-privileges:1", "no-new-privileges=T", "no-new-privileges:0", "no-new-privileges=yes"),
    *("seccomp=unconfined", "seccomp:unconfined", "seccomp=builtin", "seccomp=Unconfined", f"seccomp={PROFILE}"),
    *(f"seccomp:{PROFILE}", "seccomp=", "apparmor=unconfined", "apparmor:unconfined", "apparmor=docker-default"),
    *(
        "label=disable",
        "label:disable",
        "disable",
        "label=user:u",
        "label:type:t",
        "label=level:s0:c1",
        "systempaths=x",
    ),
    *("label=role:r", "writable-cgroups=true", "writable-cgroups:true", "writable-cgroups", "writable-cgroups=false"),
    *("writable-cgroups=1", "seccomp=unconfined:x", "no-new-privileges=true=x", "no_new_privileges=true"),
)
NETWORKS = (
    "none",
    "none",
    "none",
    "default",
    "bridge",
    "host",
    "other",
    "container:base",
    "container:",
    "ns:/x",
    "nope",
)
ULIMITS = ("nofile", "NOFILE", "nproc", "core", "memlock", "cpu", "xyz", "nof\u0131le")
SYSCTLS = (
    *("net.ipv4.ip_forward", "net/ipv4/ip_forward", "net.core.somaxconn", "kernel.msgmax", "kernel.shm_rmid_forced"),
    *("fs.mqueue.msg_max", "vm.swappiness", "kernel.domainname", "net.ipv4.ip_unprivileged_port_start"),
    *("net.ipv4.conf.eth0/1.forwarding", "NET.ipv4.ip_forward", "net.ipv4.ping_group_range"),
)
DEVICES = (
    "/dev/null",
    "/dev/fuse",
    "/dev/../dev/zero",
    "/dev/tty",
    "//dev/null",
    "/dev/null/",
    "/dev/nope",
    "/dev/shm",
)
CGROUPS = ("", "/x", "x.slice", "/docker/../x", "../x", "/", "docker")
MASKED = ([], ["/proc/kcore"], ["/proc/asound", "/proc/acpi", "/proc/kcore", "/proc/keys"], ["/x"])
LABELS = ({}, {"a": "b"}, {"com.example.\u00fc": "\U0001f600"}, {"": ""}, {"x": "<&>"}, {"Privileged": "true"})


def pick(*values: JSON) -> Make:
    """One of these values."""
    return lambda choose: choose.choice(values)


def some(make: Make, most: int = 3) -> Make:
    """A list of at most so many values."""
    return lambda choose: [make(choose) for _ in range(choose.choice((0, *range(1, most + 1), 1)))]


def number(*values: int) -> Make:
    """One of these numbers, or one next to it."""
    return lambda choose: choose.choice(values) + choose.choice((0, 0, 0, 1, -1))


def text_map(names: Sequence[str], values: Sequence[str], most: int = 2) -> Make:
    """An object of texts."""
    return lambda choose: {choose.choice(names): choose.choice(values) for _ in range(choose.randint(0, most))}


def fields(least: int, most: int, makes: Mapping[str, Make]) -> Make:
    """An object with some of these fields."""

    def make(choose: random.Random) -> JSON:
        count = min(len(makes), choose.randint(least, most))
        return {name: makes[name](choose) for name in choose.sample([*makes], count)}

    return make


def every(**makes: Make) -> Make:
    """An object with all of these fields."""
    return lambda choose: {name: make(choose) for name, make in makes.items()}


def _bind(choose: random.Random) -> JSON:
    source = choose.choice(PATHS) if choose.random() < 0.7 else choose.choice((*VOLUMES, "", "rel/ative", "."))
    if choose.random() < 0.1:
        return choose.choice((choose.choice(TARGETS), source))
    return f"{source}:{choose.choice(TARGETS)}{choose.choice(MODES)}"


_PROPAGATION = pick("", "", "rprivate", "private", "rshared", "shared", "rslave", "slave", "RSHARED", "x")
_BIND_OPTIONS = fields(
    0,
    3,
    {
        "Propagation": _PROPAGATION,
        "NonRecursive": pick(True, True, False),
        "CreateMountpoint": pick(True, False),
        "ReadOnlyNonRecursive": pick(True, False),
        "ReadOnlyForceRecursive": pick(True, False),
    },
)
_DRIVER_OPTIONS = {
    "type": pick("none", "", "tmpfs", "overlay", "bind", "ext4", "nfs", "TMPFS"),
    "device": pick("/etc", "/srv/data", "tmpfs", "", "/srv/link", "//etc", "overlay", "server:/x", "/dev/loop9"),
    "o": pick(
        *("bind", "rbind", "bind,ro", "ro,bind", "rbind,rshared", "size=8m", "size=8m,ro", "uid=1000,size=1g", ""),
        *("lowerdir=/etc,upperdir=/srv/data,workdir=/srv/app", "lowerdir=/e\\tc", "addr=1.2.3.4,ro", "bind,rw,ro"),
    ),
}
_DRIVER = fields(0, 2, {"Name": pick("local", "", "local", "nope"), "Options": fields(1, 3, _DRIVER_OPTIONS)})
_VOLUME_OPTIONS = fields(
    0,
    3,
    {
        "NoCopy": pick(True, False),
        "Labels": pick(*LABELS),
        "Subpath": pick("", "sub", "a/b", "../x"),
        "DriverConfig": _DRIVER,
    },
)
_TMPFS_OPTIONS = fields(
    0,
    3,
    {
        "SizeBytes": number(0, 65536, 2**30),
        "Mode": pick(0, 0o700, 0o1777, 511),
        "Options": pick([["noexec"]], [["uid", "1"]], [["size", "8m"]], [["size=1m"]], [["exec"]], [["ro"]], []),
    },
)


def _mount(choose: random.Random) -> JSON:
    kind = choose.choice(("bind", "bind", "bind", "volume", "volume", "tmpfs", "image", "BIND", "", "cluster", "npipe"))
    entry: dict[str, JSON] = {"Type": kind, "Target": choose.choice(TARGETS)}
    if kind == "volume":
        entry["Source"] = choose.choice((*VOLUMES, "", "/etc"))
        entry["VolumeOptions"] = _VOLUME_OPTIONS(choose)
    elif kind == "tmpfs":
        entry["TmpfsOptions"] = _TMPFS_OPTIONS(choose)
    elif kind == "image":
        entry["Source"] = choose.choice(("busybox", "busybox:latest", "docker.io/library/busybox", "nope", ""))
        entry["ImageOptions"] = fields(0, 1, {"Subpath": pick("etc", "../x", "/bin", "")})(choose)
    else:
        entry["Source"] = choose.choice(PATHS)
        entry["BindOptions"] = _BIND_OPTIONS(choose)
    if choose.random() < 0.5:
        entry["ReadOnly"] = choose.choice((True, True, False))
    if choose.random() < 0.1:
        entry["Consistency"] = choose.choice(("cached", "default", "x"))
    if choose.random() < 0.1:  # options of another type than the mount's
        entry.update(
            choose.choice(
                (
                    {"BindOptions": {"Propagation": "rshared"}},
                    {"TmpfsOptions": {"Mode": 1}},
                    {"VolumeOptions": {"NoCopy": True}},
                    {"ClusterOptions": {}},
                    {"ImageOptions": {}},
                )
            )
        )
    return entry


MOUNT: Make = _mount
DEVICE = fields(
    1,
    3,
    {
        "PathOnHost": pick(*DEVICES),
        "PathInContainer": pick("/dev/x", "", "/dev/null"),
        "CgroupPermissions": pick("", "rwm", "r", "mr", "wmr", "x", "rr"),
    },
)
_THROTTLE = every(Path=pick("/dev/null", "/dev/loop0", "/dev/nope"), Rate=number(0, 1024, 2**63 - 2))
ULIMIT = every(Name=pick(*ULIMITS), Soft=number(0, 1024, -1), Hard=number(1, 2048, -1))
_REQUEST = fields(
    1,
    4,
    {
        "Driver": pick("", "nvidia", "cdi", "x"),
        "Count": number(0, 1, -1),
        "DeviceIDs": some(pick("0", "vendor.com/gpu=0")),
        "Capabilities": pick([["gpu"]], [["gpu", "nvidia"], ["x"]], []),
        "Options": text_map(["a"], ["b"]),
    },
)
HEALTHCHECK = fields(
    1,
    4,
    {
        "Test": pick([], ["NONE"], ["CMD", "true"], ["CMD-SHELL", "true"], ["none"]),
        "Interval": pick(0, 10**9, 10**6),
        "Timeout": pick(0, 10**9),
        "Retries": number(0, 3),
        "StartPeriod": pick(0, 10**9),
        "StartInterval": pick(0, 10**9),
    },
)
LOG = fields(
    1,
    2,
    {
        "Type": pick("", "json-file", "none", "local", "syslog", "journald", "JSON-file", "fluentd"),
        "Config": text_map(
            ["max-size", "max-file", "tag", "syslog-address", "mode", "fluentd-address"],
            ["10m", "3", "x", "udp://127.0.0.1:514", "non-blocking", "unix:///run/x"],
        ),
    },
)
RESTART = fields(
    1,
    2,
    {
        "Name": pick("", "no", "always", "on-failure", "unless-stopped", "Always", "x"),
        "MaximumRetryCount": number(0, 3),
    },
)

RESOURCES: Mapping[str, Make] = {
    "CpuShares": number(0, 2, 512, 1024),
    "Memory": pick(0, 6291456, 67108864, 536870912, 6291455, -1, 2**40),
    "NanoCpus": pick(0, 1, 9999, 10000, 500000000, 10**9, 10**12, -1),
    "CgroupParent": pick(*CGROUPS),
    "BlkioWeight": pick(0, 10, 500, 1000, 9, 65535),
    "BlkioWeightDevice": some(every(Path=pick("/dev/null", "/dev/loop0"), Weight=pick(10, 500)), 1),
    "BlkioDeviceReadBps": some(_THROTTLE, 1),
    "BlkioDeviceWriteBps": some(_THROTTLE, 1),
    "BlkioDeviceReadIOps": some(_THROTTLE, 1),
    "BlkioDeviceWriteIOps": some(_THROTTLE, 1),
    "CpuPeriod": pick(0, 1000, 100000, 1000000, 999),
    "CpuQuota": pick(0, 1000, 50000, -1, 999),
    "CpuRealtimePeriod": pick(0, 1000000),
    "CpuRealtimeRuntime": pick(0, 950000),
    "CpusetCpus": pick("", "0", "0-1", "0,1", "0-", "99"),
    "CpusetMems": pick("", "0", "1"),
    "Devices": some(DEVICE, 2),
    "DeviceCgroupRules": some(pick("a *:* rwm", "c 1:3 r", "b 8:* rw", "c 1:3", "x", "a 1:1 w")),
    "DeviceRequests": some(_REQUEST, 1),
    "DiskQuota": pick(0, 1),
    "KernelMemory": pick(0, 6291456, -1),
    "KernelMemoryTCP": pick(0, 6291456),
    "MemoryReservation": pick(0, 6291456, 67108864, -1),
    "MemorySwap": pick(0, -1, 67108864, 134217728, 536870912, -2),
    "MemorySwappiness": pick(0, -1, 60, 100, 101),
    "OomKillDisable": pick(True, False),
    "PidsLimit": pick(0, -1, 1, 200, -5, 2**31),
    "Ulimits": some(ULIMIT, 2),
    "CpuCount": pick(0, 1),
    "CpuPercent": pick(0, 50),
    "IOMaximumIOps": pick(0, 1),
    "IOMaximumBandwidth": pick(0, 1),
}


def _capabilities(choose: random.Random) -> JSON:
    return choose.choice(CAPABILITIES) if choose.random() < 0.1 else some(pick(*CAPABILITIES))(choose)


_PORTS = ("80/tcp", "80", "443/udp", "53/UDP", "70/sctp", "8000-8002/tcp", "x", "80/x", "/tcp", "0", "080/tcp")
_BINDING = fields(
    0,
    2,
    {
        "HostIp": pick("", "127.0.0.1", "0.0.0.0", "::", "::1", "127.1", "x"),
        "HostPort": pick("", "8080", "8081-8090", "0", "x", "8080/tcp", "65536"),
    },
)
HOST_CONFIG: Mapping[str, Make] = {
    **RESOURCES,
    "Binds": some(_bind),
    "Mounts": some(_mount),
    "Tmpfs": text_map(
        ["/run", "/tmp/", "/t//x", "t"],
        ["", "ro", "size=64m", "size=64m,exec", "rw,noexec,nosuid,size=65536k", "mode=1777", "x", "ro,rw", "uid=0"],
    ),
    "ContainerIDFile": pick("", "/x"),
    "LogConfig": LOG,
    "NetworkMode": pick(*NETWORKS),
    "PortBindings": lambda choose: {
        choose.choice(_PORTS): some(_BINDING, 2)(choose) for _ in range(choose.randint(0, 2))
    },
    "RestartPolicy": RESTART,
    "AutoRemove": pick(False, False, False),
    "VolumeDriver": pick("", "local", "nope"),
    "VolumesFrom": some(pick("base", "base:ro", "base:rw", "base:z", "nope", "base:ro,z", "base:", ":ro"), 1),
    "ConsoleSize": pick([0, 0], [24, 80], [1], [1, 2, 3]),
    "Annotations": text_map(["a", "org.criu.config", "x.y/z"], ["b", ""]),
    "CapAdd": _capabilities,
    "CapDrop": _capabilities,
    "CgroupnsMode": pick("", "host", "private", "HOST", "x"),
    "Dns": some(pick("1.1.1.1", "::1", "x")),
    "DnsOptions": some(pick("ndots:1", "")),
    "DnsSearch": some(pick("example.com", ".")),
    "ExtraHosts": some(pick("a:1.2.3.4", "b:::1", "c:host-gateway", "d", ":1.1.1.1", "e=1.2.3.4", "f:[::1]")),
    "GroupAdd": some(pick("0", "docker", "+6", "root", "065534", "nope", "-1", "999999999999")),
    "IpcMode": pick(
        "", "host", "private", "shareable", "none", "container:base", "container:", "Host", "container:nope"
    ),
    "Cgroup": pick("", "x", "container:base"),
    "Links": some(pick("base", "base:b", "nope", ":"), 1),
    "OomScoreAdj": pick(0, -1000, 1000, 500, -1001, 1001),
    "PidMode": pick("", "host", "container:base", "HOST", "private", "container:nope", "container:"),
    "Privileged": pick(True, False),
    "PublishAllPorts": pick(True, False),
    "ReadonlyRootfs": pick(True, False),
    "SecurityOpt": some(pick(*SECURITY)),
    "StorageOpt": text_map(["size"], ["10G", "x"], 1),
    "UTSMode": pick("", "host", "HOST", "private"),
    "UsernsMode": pick("", "host", "x", "private"),
    "ShmSize": pick(0, 65536, 2**26, 2**40, -1, 1),
    "Sysctls": text_map(SYSCTLS, ["1", "0", "x"]),
    "Runtime": pick("", "runc", "io.containerd.runc.v2", "nope", "RUNC"),
    "Isolation": pick("", "default", "hyperv", "DEFAULT"),
    "MaskedPaths": pick(*MASKED),
    "ReadonlyPaths": pick(*MASKED),
    "Init": pick(True, False),
}
ENVIRONMENT = some(pick("A=b", "A", "PATH=/x", "=x", "TOKEN=s3cret", "E=\u00e9", "DB_PASSWORD=x", "A=", "X=\U0001f600"))
CONFIG: Mapping[str, Make] = {
    "Hostname": pick("", "web", "a.b", "x y", "\u00fc"),
    "Domainname": pick("", "example.com", "x/y"),
    "User": pick(
        "",
        "0",
        "root",
        "1000:1000",
        "nobody",
        "0:docker",
        "root:0",
        "1:2:3",
        ":0",
        "+0",
        "65534:+999",
        "nope",
        "1000",
        "x:y",
    ),
    "AttachStdin": pick(True, False),
    "AttachStdout": pick(True, False),
    "ExposedPorts": lambda choose: {choose.choice(_PORTS): {} for _ in range(choose.randint(0, 2))},
    "Tty": pick(True, False),
    "OpenStdin": pick(True, False),
    "StdinOnce": pick(True, False),
    "Env": ENVIRONMENT,
    "Cmd": pick(["true"], "true", ["sh", "-c", "id"], [], ["a", "\u2028"], ["<&>"]),
    "Healthcheck": HEALTHCHECK,
    "ArgsEscaped": pick(True, False),
    "Volumes": lambda choose: {
        choose.choice((*TARGETS, "/", "vol1:/x", "rel")): {} for _ in range(choose.randint(0, 2))
    },
    "WorkingDir": pick("", "/x", "/x/", "rel", "/a/../b", "//z"),
    "Entrypoint": pick([], ["sh"], "sh", [""], ["sh", "-c"]),
    "NetworkDisabled": pick(True, False),
    "MacAddress": pick("", "02:42:ac:11:00:05", "x", "02-42-AC-11-00-05"),
    "OnBuild": some(pick("RUN x")),
    "Labels": pick(*LABELS),
    "StopSignal": pick("", "SIGTERM", "9", "x"),
    "StopTimeout": pick(0, 1, -1, 10**6),
    "Shell": pick("sh", ["sh"], []),
}
ENDPOINT = fields(
    0,
    4,
    {
        "IPAMConfig": fields(
            0,
            3,
            {
                "IPv4Address": pick("", "172.18.0.9", "x"),
                "IPv6Address": pick("", "fe80::9"),
                "LinkLocalIPs": some(pick("169.254.1.1"), 1),
            },
        ),
        "Links": some(pick("base:b", "base"), 1),
        "Aliases": some(pick("web", "\u00fc", "")),
        "MacAddress": pick("", "02:42:ac:12:00:05", "x"),
        "DriverOpts": text_map(
            ["com.docker.network.endpoint.sysctls", "com.docker.network.endpoint.ifname", "a"],
            [
                "net.ipv4.conf.IFNAME.forwarding=1",
                "b",
                "net.ipv6.conf.IFNAME.accept_ra=2,net.ipv4.conf.IFNAME.rp_filter=0",
            ],
        ),
        "GwPriority": pick(0, 1, -1),
        "NetworkID": pick("", "other", "host"),
        "EndpointID": pick("", "x"),
        "Gateway": pick("", "1.2.3.4"),
        "IPAddress": pick("", "172.18.0.9"),
        "IPPrefixLen": pick(0, 24),
        "DNSNames": some(pick("x"), 1),
    },
)
EXEC: Mapping[str, Make] = {
    "User": CONFIG["User"],
    "Privileged": pick(True, False),
    "Tty": pick(True, False),
    "ConsoleSize": pick([24, 80], [0, 0]),
    "AttachStdin": pick(True, False),
    "AttachStdout": pick(True, False),
    "Detach": pick(True, False),
    "DetachKeys": pick("", "ctrl-p", "x"),
    "Env": ENVIRONMENT,
    "WorkingDir": pick("", "/", "/tmp", "rel"),
}
VOLUME: Mapping[str, Make] = {
    "Driver": pick("", "local", "local"),
    "DriverOpts": fields(0, 3, _DRIVER_OPTIONS),
    "Labels": pick(*LABELS),
    "ClusterVolumeSpec": pick(
        {}, {"Group": "g", "AccessMode": {"Scope": "single", "Sharing": "none", "BlockVolume": {}}}
    ),
}
_POOL = fields(
    1,
    3,
    {
        "Subnet": pick("10.77.0.0/24", "10.78.0.0/16", "10.77.0.5/24", "fd00:1::/64", "x", ""),
        "IPRange": pick("", "10.77.0.128/25"),
        "Gateway": pick("", "10.77.0.1", "10.77.0.254", "x"),
        "AuxiliaryAddresses": text_map(["a"], ["10.77.0.9", "x"], 1),
    },
)
NETWORK: Mapping[str, Make] = {
    "CheckDuplicate": pick(True, False),
    "Driver": pick("", "bridge", "macvlan", "ipvlan", "null", "overlay"),
    "Scope": pick("", "local", "swarm", "x"),
    "EnableIPv4": pick(True, False),
    "EnableIPv6": pick(True, False, False),
    "IPAM": fields(
        1, 3, {"Driver": pick("", "default", "null", "x"), "Options": text_map(["a"], ["b"]), "Config": some(_POOL, 2)}
    ),
    "Internal": pick(True, False),
    "Attachable": pick(True, False),
    "Ingress": pick(False, False, True),
    "ConfigOnly": pick(True, False, False),
    "ConfigFrom": pick({}, {"Network": ""}, {"Network": "other"}),
    "Options": text_map(
        [
            "com.docker.network.bridge.name",
            "com.docker.network.bridge.enable_icc",
            "com.docker.network.bridge.gateway_mode_ipv4",
            "com.docker.network.bridge.trusted_host_interfaces",
            "parent",
            "com.docker.network.driver.mtu",
            "com.docker.network.bridge.default_bridge",
            "x",
        ],
        ["br-x", "false", "0", "true", "routed", "nat-unprotected", "isolated", "eth0", "1400", "lo"],
    ),
    "Labels": pick(*LABELS),
}
