"""The flags that a rule may propose, named as in `docker run`: how each command spells them, and what they set.

Facts of docker/cli 26.1: cli/command/container/opts.go, update.go and exec.go, cli/command/service/opts.go,
cli/command/network/create.go. What a command cannot say has no spelling here.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from portero.policy import readers
from portero.policy.edits import Each, Edit, Entries, Field, Fields, Names, Network, Published
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
    "--memory": Field("HostConfig.Memory", readers.size),
    "--memory-swap": Field("HostConfig.MemorySwap", readers.size),
    "--memory-reservation": Field("HostConfig.MemoryReservation", readers.size),
    "--kernel-memory": Field("HostConfig.KernelMemory", readers.size),
    "--cpus": Field("HostConfig.NanoCpus", readers.cpus),
    "--cpu-shares": Field("HostConfig.CpuShares", int),
    "--cpu-period": Field("HostConfig.CpuPeriod", int),
    "--cpu-quota": Field("HostConfig.CpuQuota", int),
    "--cpu-rt-runtime": Field("HostConfig.CpuRealtimeRuntime", int),
    "--pids-limit": Field("HostConfig.PidsLimit", int),
    "--restart": Field("HostConfig.RestartPolicy", readers.restart),
}
_PLAIN: Mapping[str, Edit] = {
    "--memory-swappiness": Field("HostConfig.MemorySwappiness", int),
    "--shm-size": Field("HostConfig.ShmSize", readers.size),
    "--oom-score-adj": Field("HostConfig.OomScoreAdj", int),
    "--oom-kill-disable": Field("HostConfig.OomKillDisable", readers.switch),
    "--privileged": Field("HostConfig.Privileged", readers.switch),
    "--read-only": Field("HostConfig.ReadonlyRootfs", readers.switch),
    "--init": Field("HostConfig.Init", readers.switch),
    "--publish-all": Field("HostConfig.PublishAllPorts", readers.switch),
    "--user": Field("User", str),
    "--log-driver": Field("HostConfig.LogConfig", readers.log_driver),
    "--runtime": Field("HostConfig.Runtime", str),
    "--cgroup-parent": Field("HostConfig.CgroupParent", str),
    "--pid": Field("HostConfig.PidMode", str),
    "--ipc": Field("HostConfig.IpcMode", str),
    "--uts": Field("HostConfig.UTSMode", str),
    "--userns": Field("HostConfig.UsernsMode", str),
    "--cgroupns": Field("HostConfig.CgroupnsMode", str),
    "--volume-driver": Field("HostConfig.VolumeDriver", str),
    "--no-healthcheck": Field("Healthcheck", readers.no_healthcheck),
    "--network": Network(),
}
_REPEATED: Mapping[str, Edit] = {
    "--cap-add": Entries("HostConfig.CapAdd", str, readers.itself),
    "--cap-drop": Entries("HostConfig.CapDrop", str, readers.itself),
    "--security-opt": Entries("HostConfig.SecurityOpt", str, readers.option),
    "--security-opt systempaths=unconfined": Fields(("HostConfig.MaskedPaths", "HostConfig.ReadonlyPaths")),
    "--ulimit": Entries("HostConfig.Ulimits", readers.ulimit, readers.name),
    "--group-add": Entries("HostConfig.GroupAdd", str, readers.itself),
    "--volume": Entries("HostConfig.Binds", str, readers.itself),
    "--mount": Entries("HostConfig.Mounts", str, readers.itself),
    "--volumes-from": Entries("HostConfig.VolumesFrom", str, readers.itself),
    "--device": Entries("HostConfig.Devices", str, readers.itself),
    "--device-cgroup-rule": Entries("HostConfig.DeviceCgroupRules", str, readers.itself),
    "--gpus": Entries("HostConfig.DeviceRequests", str, readers.itself),
    "--add-host": Entries("HostConfig.ExtraHosts", str, readers.itself),
    "--sysctl": Names("HostConfig.Sysctls"),
    "--annotation": Names("HostConfig.Annotations"),
    "--tmpfs": Each("HostConfig.Tmpfs"),
    "--publish": Published("HostConfig.PortBindings"),
}
_CREATE: Mapping[str, Edit] = {**_FIGURES, **_PLAIN, **_REPEATED}
_UPDATE: Mapping[str, Edit] = {
    flag: Field(edit.place.removeprefix("HostConfig."), edit.reads) for flag, edit in _FIGURES.items()
}
_EXEC: Mapping[str, Edit] = {
    "--privileged": Field("Privileged", readers.switch),
    "--user": Field("User", str),
}

_SPEC, _LIMITS = "TaskTemplate.ContainerSpec", "TaskTemplate.Resources.Limits"
_BOTH = {
    "--memory": Spelling("--limit-memory", Field(f"{_LIMITS}.MemoryBytes", readers.size)),
    "--cpus": Spelling("--limit-cpu", Field(f"{_LIMITS}.NanoCPUs", readers.cpus)),
    "--pids-limit": Spelling("--limit-pids", Field(f"{_LIMITS}.Pids", int)),
    "--user": Spelling("--user", Field(f"{_SPEC}.User", str)),
    "--read-only": Spelling("--read-only", Field(f"{_SPEC}.ReadOnly", readers.switch)),
    "--init": Spelling("--init", Field(f"{_SPEC}.Init", readers.switch)),
    "--cap-add": Spelling("--cap-add", Entries(f"{_SPEC}.CapabilityAdd", str, readers.itself)),
    "--cap-drop": Spelling("--cap-drop", Entries(f"{_SPEC}.CapabilityDrop", str, readers.itself)),
    "--log-driver": Spelling("--log-driver", Field("TaskTemplate.LogDriver", readers.log_driver_of_service)),
    "--no-healthcheck": Spelling("--no-healthcheck", Field(f"{_SPEC}.Healthcheck", readers.no_healthcheck)),
    "--restart": Spelling(
        "--restart-condition {Condition} --restart-max-attempts {MaxAttempts}",
        Field("TaskTemplate.RestartPolicy", readers.restart_of_service),
        readers.restart_of_service,
    ),
}
_ULIMITS = Entries(f"{_SPEC}.Ulimits", readers.ulimit, readers.name)
_SERVICE: Mapping[str, Spelling] = {
    **_BOTH,
    "--ulimit": Spelling("--ulimit", _ULIMITS),
    "--network": Spelling("--network", Field("TaskTemplate.Networks", readers.networks)),
    "--mount": Spelling("--mount", Entries(f"{_SPEC}.Mounts", str, readers.itself)),
    "--sysctl": Spelling("--sysctl", Names(f"{_SPEC}.Sysctls")),
    "--group-add": Spelling("--group", Entries(f"{_SPEC}.Groups", str, readers.itself)),
    "--publish": Spelling("--publish", Entries("EndpointSpec.Ports", str, readers.itself)),
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
