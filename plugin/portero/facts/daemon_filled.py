"""Removes from an inspected object what dockerd filled in, so that only what was requested is left.

A value equal to the daemon's default counts as not given; the daemon's configuration then counts as for a new request.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from portero.dockerd.daemon_defaults import DaemonDefaults
from portero.facts.inspected import Inspected
from portero.facts.security import MASKED
from portero.values.json_fields import as_object, child, flag, text, texts
from portero.values.json_types import JSON

# moby daemon/config/config.go, DefaultShmSize, and oci/defaults.go of the versions before 24.0.7 (GHSA-jq35-85cj-fj4p).
_SHM_SIZE = 64 << 20
_LATER_MASKED = "/sys/devices/virtual/powercap"


@dataclass(frozen=True, slots=True)
class Fills:
    """What a daemon fills in where a container sets nothing."""

    log_driver: str
    runtime: str
    shm_size: int
    cgroup_namespace: str
    cgroup_v1: bool

    @classmethod
    def of(cls, info: Mapping[str, JSON], configured: DaemonDefaults) -> "Fills":
        """From GET /info and daemon.json. A daemon that reports no version of its control groups has version 1."""
        cgroup_v1 = text(info, "CgroupVersion") != "2"
        return cls(
            log_driver=text(info, "LoggingDriver"),
            runtime=text(info, "DefaultRuntime"),
            shm_size=configured.shm_size or _SHM_SIZE,
            # daemon/config/config_linux.go, and cmd/dockerd/config_unix.go for the default.
            cgroup_namespace=configured.cgroup_namespace or ("host" if cgroup_v1 else "private"),
            cgroup_v1=cgroup_v1,
        )


def remove_filled(request: Inspected, fills: Fills) -> Inspected:
    """The same object without the values that dockerd filled in."""
    if request.operation != "ContainerCreate":
        return request
    config = child(request.body, "HostConfig")
    left = {name: value for name, value in config.items() if not _filled(name, config, fills)}
    if "LogConfig" in left and text(child(config, "LogConfig"), "Type") == fills.log_driver:
        # A request can add options to those of daemon.json.
        left["LogConfig"] = {"Config": as_object(left["LogConfig"], "HostConfig.LogConfig").get("Config")}
    return replace(request, body={**request.body, "HostConfig": left})


def _filled(name: str, config: Mapping[str, JSON], fills: Fills) -> bool:
    if name == "CgroupnsMode":
        # Of a privileged container it is the host's on the first version (daemon_unix.go, adaptContainerSettings).
        is_hosts = fills.cgroup_v1 and flag(config, "Privileged")
        return text(config, name) == ("host" if is_hosts else fills.cgroup_namespace)
    if name == "SecurityOpt":
        return _says_only_disable(config)
    if name == "MaskedPaths":
        return texts(config, name) == [path for path in MASKED if path != _LATER_MASKED]
    filled = {"Runtime": fills.runtime, "ShmSize": fills.shm_size}
    return name in filled and config[name] == filled[name]


def _says_only_disable(config: Mapping[str, JSON]) -> bool:
    """dockerd adds the option by itself to what shares these with the host (daemon/create.go, generateSecurityOpt)."""
    shares = flag(config, "Privileged") or "host" in (text(config, "PidMode"), text(config, "IpcMode"))
    return shares and texts(config, "SecurityOpt") == ["label=disable"]
