"""Sequences that are known ways to the host of a dockerd without a guard, and the canary that must notice each.

They show that the canaries work: a search that finds nothing has looked.
"""

from collections.abc import Sequence

from tests.sequences import pieces

from .canaries import BRIDGE, NOTIFY, STREAM
from .pieces import APP, DATA, Piece
from .play import PLUGIN_LOADED
from .steps import Step

# Ways that the rules do not close yet, each as what the canaries say first; this list only gets shorter.
OPEN: tuple[str, ...] = ()
# 127 in full-width digits, which Go reads as digits.
FULL_WIDTH = "%EF%BC%91%EF%BC%92%EF%BC%97"
LOOK = "look; exit 0"
STAY = "look; echo staying; sleep 60"
SWAP = "mv /w/data /w/old; ln -s / /w/data"
# A link to /x for runc, up to Docker 28.
LINK = "/proc/self/root/x"
# What hardened asks of a bridge.
QUIET = pieces.NETWORK_PIECES["mixed"][0]
SOCKET = f"{pieces.UP}/var/lib/docker/volumes/v0/_data/evil"


def _bind(source: str, target: str, mode: str = "") -> Piece:
    bind = f"{source}:{target}{mode}"
    return Piece(f"-v {bind}", {"HostConfig": {"Binds": [bind]}})


def _with(flags: str, **fields: object) -> Piece:
    return Piece(flags, {"HostConfig": fields})


def _run(name: str, *chosen: Piece, text: str = LOOK, image: str = APP) -> Step:
    return Step("alicia", "run", name, chosen, text, image)


def _create(name: str, *chosen: Piece) -> Step:
    return Step("bruno", "create", name, chosen, LOOK, APP)


def _network(*chosen: Piece) -> list[Step]:
    return [Step("alicia", "network", "n0", [QUIET, *chosen])]


def _subnet(subnet: str) -> Piece:
    return Piece("--subnet", {"IPAM": {"Config": [{"Subnet": subnet}]}})


def ways(device: str) -> dict[str, tuple[Sequence[Step], str]]:
    """By name: the steps, and what is noticed. `device` is the host's block device."""
    restart = _with("--restart on-failure:1", RestartPolicy={"Name": "on-failure", "MaximumRetryCount": 1})
    swap = "look; mv /w/data /w/old; ln -s / /w/data; exit 1"
    listen = (_run("c0", _bind("v0", "/v"), text=STAY), Step("alicia", "listen", "c0", text="/v/evil.sock"))
    log = {"Type": "syslog", "Config": {"syslog-address": f"unixgram://{NOTIFY}"}}
    stream = {"Type": "syslog", "Config": {"syslog-address": f"unix://{STREAM}"}}
    mount = {"Type": "bind", "Source": "/etc", "Target": "/x"}
    service = {"TaskTemplate": {"ContainerSpec": {"Mounts": [mount]}}}
    disk = {"PathOnHost": device, "PathInContainer": "/dev/disk0", "CgroupPermissions": "r"}
    waiting = {"TaskTemplate": {"ContainerSpec": {"Mounts": [{**mount, "Source": "/srv/app/data", "ReadOnly": True}]}}}
    return {
        "a descriptor of a writer that is gone": (
            [
                _run("c0", _bind("v0", "/v"), text=STAY),
                _run("c1", _bind("v0", "/v"), _bind("/srv/app", "/w"), text=STAY),
                Step("alicia", "pass", "c1", text="/w /v c0 /v"),
                Step("alicia", "remove", "c1"),
                _create("c2", _bind("/srv/app/data", "/x")),
                Step("alicia", "swap-held", "c0", text="data /"),
                Step("bruno", "start", "c2"),
            ],
            "read: file /canary",
        ),
        "a service that waits for its image": (
            [
                Step(
                    *("bruno", "service", "s0"),
                    [Piece("--mount type=bind,src=/srv/app/data,dst=/x,readonly", waiting), pieces.TRIES_ANEW],
                    *(LOOK, pieces.LATE),
                ),
                _run("c0", _bind("/srv/app", "/w"), text=SWAP),
                Step("alicia", "tag", APP, text=pieces.LATE),
            ],
            "read: file /canary",
        ),
        "a volume driver by path": (
            [*listen, _run("c1", _with(f"--volume-driver {SOCKET}", VolumeDriver=SOCKET), image=DATA)],
            "read: file /canary",
        ),
        "an IPAM driver by path": (
            [*listen, *_network(Piece(f"--ipam-driver {SOCKET}", {"IPAM": {"Driver": SOCKET}}))],
            PLUGIN_LOADED,
        ),
        "a container swaps the source of its own mount": (
            [_run("c0", _bind("/srv/app", "/w"), _bind("/srv/app/data", "/x"), restart, text=swap)],
            "read: file /canary",
        ),
        "docker cp reads what another container swapped": (
            [
                _create("c0", _bind("/srv/app/data", "/x")),
                _run("c1", _bind("/srv/app", "/w"), text=swap),
                Step("bruno", "copy-out", "c0", text="/x/canary"),
            ],
            "read: file /canary",
        ),
        "docker cp writes through a swapped source": (
            [
                _create("c0", _bind("/srv/app/data", "/x")),
                _run("c1", _bind("/srv/app", "/w"), text="mv /w/data /w/old; ln -s /opt/containerd/bin /w/data"),
                Step("bruno", "copy-in", "c0", text="/x"),
            ],
            "changed: /opt/containerd/bin/decides",
        ),
        "a host user swaps a source": (
            [
                _run("c0", _bind("/home/alicia/d", "/x", ":ro"), text=STAY),
                Step("alicia", "swap", "/home/alicia/d", text="/root"),
                Step("alicia", "restart", "c0"),
            ],
            "read: file /root/canary",
        ),
        "a folder above what root runs": ([_run("c0", _bind("/opt", "/x"))], "changed: /opt/containerd/bin/decides"),
        "a tmpfs that remounts a read-only folder": (
            [_run("c0", _bind("/opt", "/x", ":ro"), _with(f"--tmpfs {LINK}:remount,rw", Tmpfs={LINK: "remount,rw"}))],
            "changed: /opt/containerd/bin/decides",
        ),
        "the folder of the policy": ([_run("c0", _bind("/srv/policy", "/x"))], "changed: /srv/policy/decides"),
        "a socket deep below": ([_run("c0", _bind("/srv/tools", "/x", ":ro"))], "read: socket in /srv/tools/agent/run"),
        "another mount below": ([_run("c0", _bind("/srv/share", "/x", ":ro"))], "read: file /etc/canary"),
        "the data root below": (
            [_run("c0", _bind("/srv/vols", "/x", ":ro"))],
            "read: file /var/lib/docker/volumes/private/_data/canary",
        ),
        "proc below": ([_run("c0", _bind("/srv/share", "/x", ":ro"))], "read: a process of the host"),
        "a link": ([_run("c0", _bind("/srv/www/up", "/x", ":ro"))], "read: file /etc/canary"),
        "the host's processes": ([_run("c0", _with("--pid host", PidMode="host"))], "read: a process of the host"),
        "the host's network": (
            [_run("c0", _with("--network host", NetworkMode="host"))],
            "read: a listener on the host's 127.0.0.1",
        ),
        "a device": ([_run("c0", _with(f"--device {device}", Devices=[disk]))], "read: a block device"),
        "a volume of the host's files": (
            [
                Step("alicia", "volume", "v0", [Piece("-o bind", {"DriverOpts": dict(pieces.VOLUME_OPTIONS[0])})]),
                _run("c0", _bind("v0", "/x")),
            ],
            "read: file /canary",
        ),
        "a log driver to a datagram socket": ([_run("c0", _with("syslog", LogConfig=log))], f"reached: {NOTIFY}"),
        "a log driver to a stream socket": ([_run("c0", _with("syslog", LogConfig=stream))], f"reached: {STREAM}"),
        "a bridge of the host": (
            _network(
                _subnet("10.44.0.0/24"), Piece("-o name", {"Options": {"com.docker.network.bridge.name": BRIDGE}})
            ),
            f"changed: the address of {BRIDGE}",
        ),
        "a route of the host": (_network(_subnet("8.8.8.0/24")), "changed: the host's route to 8.8.8.0 (br)"),
        "a build downloads from a listener of the host": (
            [Step("alicia", "request", "POST", text=f"/build?remote=http://{FULL_WIDTH}.0.0.1:8099/a")],
            "read: a listener on the host's 127.0.0.1",
        ),
        "a service": (
            [Step("alicia", "service", "s0", [Piece("--mount type=bind,src=/etc,dst=/x", service)], LOOK, APP)],
            "read: file /etc/canary",
        ),
    }
