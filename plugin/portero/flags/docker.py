"""The flags that a rule may propose, named as in `docker run`: how each command spells them, and what they set.

Facts of docker/cli 26.1: cli/command/container/opts.go, update.go and exec.go, cli/command/service/opts.go,
cli/command/network/create.go. What a command cannot say has no spelling here.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from portero.flags import values
from portero.flags.edits import Each, Edit, Entries, Field, Fields, Names, Network, Published
from portero.types import JSON


@dataclass(frozen=True, slots=True)
class Spelling:
    """A flag as one command spells it, and its effect. `parts` of the value stand in a flag such as --x {part}."""

    flag: str
    edit: Edit
    parts: Callable[[str], Mapping[str, JSON]] | None = None

    def written(self, value: str) -> str:
        """The flag with its value, as typed."""
        if self.parts is not None:
            return self.flag.format_map(self.parts(value))
        return f"{self.flag} {value}" if value else self.flag


def spelling(operation: str, flag: str) -> Spelling | None:
    """How the command behind an operation spells a flag; None where there is no such flag."""
    return _SPELLINGS.get(operation, {}).get(flag)


def spellings(flag: str) -> list[Spelling]:
    """All spellings of a flag; empty when no command has it."""
    return [table[flag] for table in _SPELLINGS.values() if flag in table]


# Figures and switches of a HostConfig that one flag sets; `docker update` has some of them at the top of its body.
_FIGURES = {
    "--memory": Field("HostConfig.Memory", values.size),
    "--memory-swap": Field("HostConfig.MemorySwap", values.size),
    "--memory-reservation": Field("HostConfig.MemoryReservation", values.size),
    "--kernel-memory": Field("HostConfig.KernelMemory", values.size),
    "--cpus": Field("HostConfig.NanoCpus", values.cpus),
    "--cpu-shares": Field("HostConfig.CpuShares", int),
    "--cpu-period": Field("HostConfig.CpuPeriod", int),
    "--cpu-quota": Field("HostConfig.CpuQuota", int),
    "--cpu-rt-runtime": Field("HostConfig.CpuRealtimeRuntime", int),
    "--pids-limit": Field("HostConfig.PidsLimit", int),
    "--restart": Field("HostConfig.RestartPolicy", values.restart),
}
_PLAIN: Mapping[str, Edit] = {
    "--memory-swappiness": Field("HostConfig.MemorySwappiness", int),
    "--shm-size": Field("HostConfig.ShmSize", values.size),
    "--oom-score-adj": Field("HostConfig.OomScoreAdj", int),
    "--oom-kill-disable": Field("HostConfig.OomKillDisable", values.switch),
    "--privileged": Field("HostConfig.Privileged", values.switch),
    "--read-only": Field("HostConfig.ReadonlyRootfs", values.switch),
    "--init": Field("HostConfig.Init", values.switch),
    "--publish-all": Field("HostConfig.PublishAllPorts", values.switch),
    "--user": Field("User", str),
    "--log-driver": Field("HostConfig.LogConfig", values.log_driver),
    "--runtime": Field("HostConfig.Runtime", str),
    "--cgroup-parent": Field("HostConfig.CgroupParent", str),
    "--pid": Field("HostConfig.PidMode", str),
    "--ipc": Field("HostConfig.IpcMode", str),
    "--uts": Field("HostConfig.UTSMode", str),
    "--userns": Field("HostConfig.UsernsMode", str),
    "--cgroupns": Field("HostConfig.CgroupnsMode", str),
    "--volume-driver": Field("HostConfig.VolumeDriver", str),
    "--no-healthcheck": Field("Healthcheck", values.no_healthcheck),
    "--network": Network(),
}
_REPEATED: Mapping[str, Edit] = {
    "--cap-add": Entries("HostConfig.CapAdd", str, values.itself),
    "--cap-drop": Entries("HostConfig.CapDrop", str, values.itself),
    "--security-opt": Entries("HostConfig.SecurityOpt", str, values.option),
    "--security-opt systempaths=unconfined": Fields(("HostConfig.MaskedPaths", "HostConfig.ReadonlyPaths")),
    "--ulimit": Entries("HostConfig.Ulimits", values.ulimit, values.name),
    "--group-add": Entries("HostConfig.GroupAdd", str, values.itself),
    "--volume": Entries("HostConfig.Binds", str, values.itself),
    "--mount": Entries("HostConfig.Mounts", str, values.itself),
    "--volumes-from": Entries("HostConfig.VolumesFrom", str, values.itself),
    "--device": Entries("HostConfig.Devices", str, values.itself),
    "--device-cgroup-rule": Entries("HostConfig.DeviceCgroupRules", str, values.itself),
    "--gpus": Entries("HostConfig.DeviceRequests", str, values.itself),
    "--add-host": Entries("HostConfig.ExtraHosts", str, values.itself),
    "--sysctl": Names("HostConfig.Sysctls"),
    "--annotation": Names("HostConfig.Annotations"),
    "--tmpfs": Each("HostConfig.Tmpfs"),
    "--publish": Published("HostConfig.PortBindings"),
}
_CREATE: Mapping[str, Edit] = {**_FIGURES, **_PLAIN, **_REPEATED}
_UPDATE: Mapping[str, Edit] = {
    flag: Field(edit.at.removeprefix("HostConfig."), edit.reads) for flag, edit in _FIGURES.items()
}
_EXEC: Mapping[str, Edit] = {
    "--privileged": Field("Privileged", values.switch),
    "--user": Field("User", str),
}

_SPEC, _LIMITS = "TaskTemplate.ContainerSpec", "TaskTemplate.Resources.Limits"
_BOTH = {
    "--memory": Spelling("--limit-memory", Field(f"{_LIMITS}.MemoryBytes", values.size)),
    "--cpus": Spelling("--limit-cpu", Field(f"{_LIMITS}.NanoCPUs", values.cpus)),
    "--pids-limit": Spelling("--limit-pids", Field(f"{_LIMITS}.Pids", int)),
    "--user": Spelling("--user", Field(f"{_SPEC}.User", str)),
    "--read-only": Spelling("--read-only", Field(f"{_SPEC}.ReadOnly", values.switch)),
    "--init": Spelling("--init", Field(f"{_SPEC}.Init", values.switch)),
    "--cap-add": Spelling("--cap-add", Entries(f"{_SPEC}.CapabilityAdd", str, values.itself)),
    "--cap-drop": Spelling("--cap-drop", Entries(f"{_SPEC}.CapabilityDrop", str, values.itself)),
    "--log-driver": Spelling("--log-driver", Field("TaskTemplate.LogDriver", values.log_driver_of_service)),
    "--no-healthcheck": Spelling("--no-healthcheck", Field(f"{_SPEC}.Healthcheck", values.no_healthcheck)),
    "--restart": Spelling(
        "--restart-condition {Condition} --restart-max-attempts {MaxAttempts}",
        Field("TaskTemplate.RestartPolicy", values.restart_of_service),
        values.restart_of_service,
    ),
}
_ULIMITS = Entries(f"{_SPEC}.Ulimits", values.ulimit, values.name)
_SERVICE: Mapping[str, Spelling] = {
    **_BOTH,
    "--ulimit": Spelling("--ulimit", _ULIMITS),
    "--network": Spelling("--network", Field("TaskTemplate.Networks", values.networks)),
    "--mount": Spelling("--mount", Entries(f"{_SPEC}.Mounts", str, values.itself)),
    "--sysctl": Spelling("--sysctl", Names(f"{_SPEC}.Sysctls")),
    "--group-add": Spelling("--group", Entries(f"{_SPEC}.Groups", str, values.itself)),
    "--publish": Spelling("--publish", Entries("EndpointSpec.Ports", str, values.itself)),
}
_SERVICE_UPDATE: Mapping[str, Spelling] = {**_BOTH, "--ulimit": Spelling("--ulimit-add", _ULIMITS)}


def _alike(table: Mapping[str, Edit]) -> dict[str, Spelling]:
    return {flag: Spelling(flag, edit) for flag, edit in table.items()}


_SPELLINGS: Mapping[str, Mapping[str, Spelling]] = {
    "ContainerCreate": _alike(_CREATE),
    "ContainerUpdate": _alike(_UPDATE),
    "ContainerExec": _alike(_EXEC),
    "ServiceCreate": _SERVICE,
    "ServiceUpdate": _SERVICE_UPDATE,
    "NetworkCreate": {"--opt": Spelling("--opt", Names("Options"))},
}
FLAGS = frozenset(flag for table in _SPELLINGS.values() for flag in table)
