"""How values of a request are typed behind their flag: the other way round than portero.decide.flags.parse_values.

Empty where nothing was typed, since the docker command line sends defaults for most flags. What can be a secret
(options of drivers, profiles that the client has read from a file) is left out: `password=...`.
"""

import re
from collections.abc import Sequence

from portero.decide.values.go_values import format_size
from portero.decide.values.json_fields import JSON, to_object

HIDDEN = "..."
USE_API_SOCKET = "--use-api-socket"
_SOCKET = "/var/run/docker.sock"
_API_SOCKET: JSON = {"Type": "bind", "Source": _SOCKET, "Target": _SOCKET, "BindOptions": {}}
_MOUNT_OPTION = r"(?:(?:size|nr_inodes|nr_blocks|mode|uid|gid)=[0-9]+[kKmMgGtT%]?|[a-z0-9]+)"
_DRIVER_OPTIONS_SHOWN = re.compile(
    r"(?:type|device|o)=(?:[a-z0-9]*|/(?!/)[^\s@=]*)|com\.docker\.network\.[a-z_.]+=\w+"
    rf"|o={_MOUNT_OPTION}(?:,{_MOUNT_OPTION})*"
)
_DEFAULTS = (None, "", 0, False, "default")


def scalar(value: JSON) -> str:
    return "" if value in _DEFAULTS else str(value)


def size(value: JSON) -> str:
    """536870912 -> 512m; -1 is unlimited swap."""
    if not isinstance(value, int) or not value:
        return ""
    return format_size(value) if value > 0 else str(value)


def cpus(value: JSON) -> str:
    """1500000000 billionths -> 1.5."""
    return f"{value / 1e9:.15g}" if isinstance(value, int | float) and value else ""


def restart(value: JSON) -> str:
    name, count = _read(value, "Name"), _read(value, "MaximumRetryCount")
    return "" if name in ("", "no") else f"{name}:{count}" if count else name


def restart_of_service(value: JSON) -> str:
    """The RestartPolicy of a task, in the words of a container."""
    condition, count = _read(value, "Condition"), _read(value, "MaxAttempts")
    name = {"none": "no", "any": "always"}.get(condition, condition)
    return f"{name}:{count}" if name and count else name


def log_driver(value: JSON) -> str:
    return _read(value, "Type") or _read(value, "Name")


def networks(value: JSON) -> str:
    return _read(value[0], "Target") if isinstance(value, list) and value else ""


def ulimit(value: JSON) -> str:
    """nofile=1024:2048."""
    return f"{_read(value, 'Name')}={_read(value, 'Soft') or 0}:{_read(value, 'Hard') or 0}"


def capability(value: JSON) -> str:
    """The docker command line sends CAP_NET_ADMIN for NET_ADMIN."""
    return str(value).upper().removeprefix("CAP_")


def security_option(value: JSON) -> str:
    """A profile that was read from a file is not repeated."""
    option = str(value)
    return f"seccomp={HIDDEN}" if option.startswith("seccomp=") and "{" in option else option


def device(value: JSON) -> str:
    """/dev/snd:/dev/snd:rwm, as short as it can be."""
    path, target = _read(value, "PathOnHost"), _read(value, "PathInContainer")
    permissions = _read(value, "CgroupPermissions") or "rwm"
    if permissions != "rwm":
        return f"{path}:{target or path}:{permissions}"
    return path if target in ("", path) else f"{path}:{target}"


def gpus(value: JSON) -> str:
    """all, a number, or "device=0,1"; of CDI the names of devices, which --device takes."""
    ids = to_object(value).get("DeviceIDs")
    if isinstance(ids, list) and ids and _read(value, "Driver") == "cdi":
        return ",".join(map(str, ids))
    if isinstance(ids, list) and ids:
        return f'"device={",".join(map(str, ids))}"'
    count = _read(value, "Count")
    return "all" if count == "-1" else count or HIDDEN


def mount(value: JSON) -> str:
    """type=bind,source=/a,target=/b,readonly; of a driver's options only the names. That of --use-api-socket: its name.

    This flag (29) writes empty options, and --mount of the same socket none.
    """
    if not isinstance(value, dict):
        return HIDDEN
    if value == _API_SOCKET:
        return USE_API_SOCKET
    words = [f"type={_read(value, 'Type') or 'volume'}"]
    words += [
        f"{name.lower()}={_read(value, name)}"
        for name in ("Source", "Target", "Consistency")
        if _read(value, name) not in ("", "default")
    ]
    words += ["readonly"] if value.get("ReadOnly") is True else []
    words += _list_mount_options(value)
    return ",".join(f'"{word}"' if "," in word else word for word in words)


def _list_mount_options(mount: dict[str, JSON]) -> list[str]:
    bind, volume, tmpfs = (to_object(mount.get(f"{kind}Options")) for kind in ("Bind", "Volume", "Tmpfs"))
    words = [f"bind-propagation={propagation}"] if (propagation := _read(bind, "Propagation")) else []
    words += ["bind-nonrecursive"] if bind.get("NonRecursive") else []
    driver = to_object(volume.get("DriverConfig"))
    words += [f"volume-driver={name}"] if (name := _read(driver, "Name")) else []
    words += [
        f"volume-opt={driver_option(str(key), str(one))}" for key, one in to_object(driver.get("Options")).items()
    ]
    words += [f"tmpfs-size={limit}"] if (limit := size(tmpfs.get("SizeBytes"))) else []
    mode = tmpfs.get("Mode")
    return words + ([f"tmpfs-mode={mode:o}"] if isinstance(mode, int) and mode else [])


def is_whole(typed: str) -> bool:
    """Whether nothing was left out, so that the value can be typed again."""
    return HIDDEN not in typed


def driver_option(name: str, value: str) -> str:
    """Of a volume driver or network: it can be a password, unless it is one of a few known ones."""
    typed = f"{name}={value}"
    return typed if _DRIVER_OPTIONS_SHOWN.fullmatch(typed) else f"{name}={HIDDEN}"


def plain_pair(name: str, value: str) -> str:
    """name=value of what is never a secret: a sysctl."""
    return f"{name}={value}"


def hidden_pair(name: str, value: str) -> str:
    """Only the name: the value can be a secret."""
    return f"{name}={HIDDEN}"


def port(key: str, binding: JSON) -> str:
    """[ADDRESS:][PORT:]PORT[/PROTOCOL]."""
    target, _, protocol = key.partition("/")
    address, published = _read(binding, "HostIp"), _read(binding, "HostPort")
    address = f"[{address}]" if ":" in address else address
    before: Sequence[str] = [address, published] if address else [published] if published else []
    return ":".join([*before, target]) + (f"/{protocol}" if protocol not in ("", "tcp") else "")


def service_port(value: JSON) -> str:
    """8080:80 of a service, or its long form."""
    published, target, protocol = (_read(value, name) for name in ("PublishedPort", "TargetPort", "Protocol"))
    short = f"{published}:{target}" if published not in ("", "0") else target
    return short + (f"/{protocol}" if protocol not in ("", "tcp") else "")


def _read(value: JSON, name: str) -> str:
    inner = to_object(value).get(name)
    return "" if inner is None or isinstance(inner, dict | list) else str(inner)
