"""The kit that sequences are made of: harmless parts, and dangerous ones, each under the theme that it belongs to.

A theme only makes its pieces likelier; every piece can turn up in every sequence.
"""

from collections.abc import Mapping, Sequence

from .canaries import BRIDGE, NOTIFY, STREAM
from .steps import Piece

THEMES = (
    "plugins",
    "plugins",
    "swaps",
    "swaps",
    "parents",
    "sockets",
    "mounts",
    "namespaces",
    "networks",
    "logs",
    "objects",
    "mixed",
)

APP = "registry.example.com/team/app:1"
DATA = "registry.example.com/team/data:1"  # declares VOLUME /v
TARGETS = ("/v", "/w", "/x")

# Sources of bind mounts.
SOURCES: Mapping[str, Sequence[str]] = {
    "mixed": ("/srv/app", "/srv/app/data", "/srv/www", "/home/alicia/d", "/home/bruno", "/usr/share/zoneinfo"),
    "swaps": ("/srv/app", "/srv/app/data", "/srv/app/data/deep", "/home/alicia/d", "/home/bruno/d", "/home/alicia"),
    "parents": (
        *("/opt", "/opt/containerd", "/usr/local", "/var/cache", "/var/spool", "/var/lib", "/srv", "/srv/logs"),
        *("/srv/policy", "/var/lib/waagent", "/var/lib/k0s", "/var/lib/incus", "/var/ossec", "/var/cfengine"),
        *("/.snapshots", "/var/lib/apt", "/var/cache/apt", "/etc/cron.d", "/var/spool/incron", "/var"),
    ),
    "sockets": ("/var/tmp", "/srv/tools", "/srv/tools/agent", "/run/agent", "/run", "/var/tmp/tmux-0"),
    "mounts": (
        *("/srv/share", "/srv/share/conf", "/srv/share/status", "/srv/vols", "/srv/vols/volumes", "/proc", "/srv"),
        *("/srv/www/up", "/srv/www/all", "/proc/1/root", "/etc", "/", "/root", "/var/lib/docker", "/etc/docker"),
    ),
}
# What a container that wants nothing special mounts.
HARMLESS = (
    "/srv/app",
    "/srv/app",
    "/srv/app/data",
    "/srv/www",
    "/home/alicia/d",
    "/home/bruno/d",
    "/usr/share/zoneinfo",
)
WRITABLE = frozenset({"/srv/app", "/srv/app/data", "/srv/app/data/deep"})
LINK_TARGETS = ("/", "/etc", "/root", "/var/lib/docker", "/proc/1/root", "/opt", "/srv/logs")
NAMED_VOLUMES = ("v0", "v1")
# Where the volumes of a container lie, as dockerd finds a plugin by a path: joined onto its plugin folder.
UP = "../../.."
SOCKET_NAMES = ("evil", "x")
VERSIONS = ("1.24", "1.40", "1.41", "1.43", "1.44", "1.45")


def _host(flags: str, **fields: object) -> Piece:
    return Piece(flags, {"HostConfig": fields})


def _log(driver: str, options: Mapping[str, str]) -> Piece:
    flags = " ".join(f"--log-opt '{name}={value}'" for name, value in options.items())
    return _host(f"--log-driver {driver} {flags}", LogConfig={"Type": driver, "Config": dict(options)})


# Flags of `docker run` beside mounts and networks; {device} is the host's block device.
CONTAINER_FLAGS: Mapping[str, Sequence[Piece]] = {
    "mixed": (
        Piece("-u 1000", {"User": "1000"}),
        Piece("-l owner=team", {"Labels": {"owner": "team"}}),
        _host("--init", Init=True),
        _host("--cap-drop ALL", CapDrop=["ALL"]),
        _host("--tmpfs /scratch", Tmpfs={"/scratch": "size=1m"}),
        Piece("-h box", {"Hostname": "box"}),
    ),
    "namespaces": (
        _host("--pid host", PidMode="host"),
        _host("--pid container:c0", PidMode="container:c0"),
        _host("--network host", NetworkMode="host"),
        _host("--ipc host", IpcMode="host"),
        _host("--uts host", UTSMode="host"),
        _host("--userns host", UsernsMode="host"),
        _host("--cgroupns host", CgroupnsMode="host"),
        _host("--privileged", Privileged=True),
        _host("--cap-add SYS_ADMIN", CapAdd=["SYS_ADMIN"]),
        _host("--cap-add sys_ptrace", CapAdd=["sys_ptrace"]),
        _host("--cap-add DAC_READ_SEARCH", CapAdd=["DAC_READ_SEARCH"]),
        _host("--security-opt seccomp=unconfined", SecurityOpt=["seccomp=unconfined"]),
        _host("--security-opt apparmor:unconfined", SecurityOpt=["apparmor:unconfined"]),
        _host("--security-opt systempaths=unconfined", MaskedPaths=[], ReadonlyPaths=[]),
        _host("--group-add 6", GroupAdd=["6"]),
        _host("--group-add disk", GroupAdd=["disk"]),
        Piece("-u 1000:6", {"User": "1000:6"}),
        _host(
            "--device {device}",
            Devices=[{"PathOnHost": "{device}", "PathInContainer": "/dev/disk0", "CgroupPermissions": "rwm"}],
        ),
        _host("--device-cgroup-rule 'b 7:* rwm'", DeviceCgroupRules=["b 7:* rwm"]),
        _host("--device-cgroup-rule 'a *:* rwm'", DeviceCgroupRules=["a *:* rwm"]),
        _host("--cgroup-parent /", CgroupParent="/"),
        _host("--cgroup-parent ../../..", CgroupParent="../../.."),
        _host(
            "--sysctl kernel.core_pattern='|/v/x'",
            Sysctls={"kernel.core_pattern": "|/v/x"},
        ),
        _host("--runtime /v/x", Runtime="/v/x"),
        _host("--annotation org.criu.config=/v/criu.conf", Annotations={"org.criu.config": "/v/criu.conf"}),
        Piece("--domainname a.b", {"Domainname": "a.b"}),
        _host("--oom-score-adj -999", OomScoreAdj=-999),
        _host("--gpus all", DeviceRequests=[{"Driver": "", "Count": -1, "Capabilities": [["gpu"]]}]),
    ),
    "logs": (
        _log("json-file", {"max-size": "1m"}),
        _log("local", {}),
        _log("syslog", {"syslog-address": f"unixgram://{NOTIFY}", "tag": "x\nMAINPID=1"}),
        _log("syslog", {"syslog-address": f"unix://{STREAM}"}),
        _log("syslog", {"syslog-address": f"UNIXGRAM://{NOTIFY}", "syslog-format": "rfc3164"}),
        _log("fluentd", {"fluentd-address": f"unix://{STREAM}"}),
        _log("fluentd", {"fluentd-address": f"unix://{STREAM}", "fluentd-async": "true"}),
        _log("gelf", {"gelf-address": "udp://127.0.0.1:9"}),
        _log("syslog", {"syslog-address": "tcp+tls://127.0.0.1:9", "syslog-tls-ca-cert": "/root/canary"}),
        _log("splunk", {"splunk-url": "https://127.0.0.1:9", "splunk-token": "x", "splunk-capath": "/root/canary"}),
        _log("syslog", {"syslog-address": f"unixgram://{NOTIFY}", "env": "X"}),
    ),
    "objects": (
        _host("--volumes-from c0", VolumesFrom=["c0"]),
        _host("--volumes-from c1:rw", VolumesFrom=["c1:rw"]),
        _host("--network container:c0", NetworkMode="container:c0"),
        _host("--ipc container:c1", IpcMode="container:c1"),
        _host("--link c0:c0", Links=["c0:c0"]),
    ),
}
RESTARTS = tuple(
    _host(f"--restart {name}{f':{count}' if count else ''}", RestartPolicy={"Name": name, "MaximumRetryCount": count})
    for name, count in (("on-failure", 1), ("on-failure", 2))
)

# Options of networks.
_OPTIONS = "com.docker.network.bridge"
_QUIET = Piece(f"-o {_OPTIONS}.enable_icc=false", {"Options": {f"{_OPTIONS}.enable_icc": "false"}})


def _subnet(subnet: str, gateway: str = "") -> Piece:
    config = {"Subnet": subnet, **({"Gateway": gateway} if gateway else {})}
    return Piece(f"--subnet {subnet}" + (f" --gateway {gateway}" if gateway else ""), {"IPAM": {"Config": [config]}})


NETWORK_PIECES: Mapping[str, Sequence[Piece]] = {
    "mixed": (
        _QUIET,
        _subnet("10.44.0.0/24"),
        Piece("--internal", {"Internal": True}),
    ),
    "networks": (
        _subnet("169.254.169.0/24"),
        _subnet("169.254.169.0/24", "169.254.169.254"),
        _subnet("8.8.8.0/24"),
        _subnet("10.99.0.0/25", "10.99.0.5"),
        _subnet("0.0.0.0/1"),
        Piece(f"-o {_OPTIONS}.name={BRIDGE}", {"Options": {f"{_OPTIONS}.name": BRIDGE}}),
        Piece("-d macvlan -o parent=lo", {"Driver": "macvlan", "Options": {"parent": "lo"}}),
        Piece(f"-d ipvlan -o parent={BRIDGE}", {"Driver": "ipvlan", "Options": {"parent": BRIDGE}}),
        Piece("-d host", {"Driver": "host"}),
        Piece("--attachable -d overlay", {"Driver": "overlay", "Attachable": True}),
        Piece("--ingress -d overlay", {"Driver": "overlay", "Ingress": True}),
    ),
}
VOLUME_OPTIONS: Sequence[Mapping[str, str]] = (
    {"type": "none", "o": "bind", "device": "/"},
    {"type": "none", "o": "bind", "device": "/srv/app/data"},
    {"type": "overlay", "o": "lowerdir=/etc:/root", "device": "overlay"},
    {"type": "devtmpfs", "device": "none"},
    {"type": "proc", "device": "proc"},
    {"type": "tmpfs", "device": "tmpfs", "o": "size=1m"},
    {"o": "bind", "device": "/root", "type": ""},
)
# What else can be asked of the daemon: method, target.
REQUESTS: Sequence[tuple[str, str]] = (
    ("GET", "/info"),
    ("GET", "/distribution/127.0.0.1:8099/a/json"),
    ("POST", "/images/create?fromImage=127.0.0.1:8099/a&tag=1"),
    ("POST", "/images/create?fromSrc=http://127.0.0.1:8099/a"),
    ("POST", "/build?remote=http://127.0.0.1:8099/a"),
    ("POST", "/plugins/pull?remote=127.0.0.1:8099/a"),
    ("DELETE", "/networks/ingress"),
    ("GET", "/swarm"),
    ("GET", "/debug/pprof/cmdline"),
    ("POST", "/auth"),
    ("GET", "/images/registry.example.com/team/app:1/get"),
)
