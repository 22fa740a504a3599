"""The flags that a rule may propose, named as in `docker run`: how each command spells them, and what they set.

Facts of docker/cli 26.1: cli/command/container/opts.go, update.go and exec.go, cli/command/service/opts.go,
cli/command/network/create.go. What a command cannot say has no spelling here.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from portero.flags import values
from portero.flags.edits import Each, Edit, Entries, Fields, Names, Network, Published, SetField
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


# Numbers and switches of a HostConfig that one flag sets; `docker update` has some of them at the top of its body.
_NUMBERS = {
    "--memory": SetField("HostConfig.Memory", values.size),
    "--memory-swap": SetField("HostConfig.MemorySwap", values.size),
    "--memory-reservation": SetField("HostConfig.MemoryReservation", values.size),
    "--kernel-memory": SetField("HostConfig.KernelMemory", values.size),
    "--cpus": SetField("HostConfig.NanoCpus", values.cpus),
    "--cpu-shares": SetField("HostConfig.CpuShares", int),
    "--cpu-period": SetField("HostConfig.CpuPeriod", int),
    "--cpu-quota": SetField("HostConfig.CpuQuota", int),
    "--cpu-rt-runtime": SetField("HostConfig.CpuRealtimeRuntime", int),
    "--pids-limit": SetField("HostConfig.PidsLimit", int),
    "--restart": SetField("HostConfig.RestartPolicy", values.restart),
}
_PLAIN: Mapping[str, Edit] = {
    "--memory-swappiness": SetField("HostConfig.MemorySwappiness", int),
    "--shm-size": SetField("HostConfig.ShmSize", values.size),
    "--oom-score-adj": SetField("HostConfig.OomScoreAdj", int),
    "--oom-kill-disable": SetField("HostConfig.OomKillDisable", values.switch),
    "--privileged": SetField("HostConfig.Privileged", values.switch),
    "--read-only": SetField("HostConfig.ReadonlyRootfs", values.switch),
    "--init": SetField("HostConfig.Init", values.switch),
    "--publish-all": SetField("HostConfig.PublishAllPorts", values.switch),
    "--user": SetField("User", str),
    "--log-driver": SetField("HostConfig.LogConfig", values.log_driver),
    "--runtime": SetField("HostConfig.Runtime", str),
    "--cgroup-parent": SetField("HostConfig.CgroupParent", str),
    "--pid": SetField("HostConfig.PidMode", str),
    "--ipc": SetField("HostConfig.IpcMode", str),
    "--uts": SetField("HostConfig.UTSMode", str),
    "--userns": SetField("HostConfig.UsernsMode", str),
    "--cgroupns": SetField("HostConfig.CgroupnsMode", str),
    "--volume-driver": SetField("HostConfig.VolumeDriver", str),
    "--no-healthcheck": SetField("Healthcheck", values.no_healthcheck),
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
_CREATE: Mapping[str, Edit] = {**_NUMBERS, **_PLAIN, **_REPEATED}
_UPDATE: Mapping[str, Edit] = {
    flag: SetField(edit.at.removeprefix("HostConfig."), edit.reads) for flag, edit in _NUMBERS.items()
}
_EXEC: Mapping[str, Edit] = {
    "--privileged": SetField("Privileged", values.switch),
    "--user": SetField("User", str),
}

_SPEC, _LIMITS = "TaskTemplate.ContainerSpec", "TaskTemplate.Resources.Limits"
_BOTH = {
    "--memory": Spelling("--limit-memory", SetField(f"{_LIMITS}.MemoryBytes", values.size)),
    "--cpus": Spelling("--limit-cpu", SetField(f"{_LIMITS}.NanoCPUs", values.cpus)),
    "--pids-limit": Spelling("--limit-pids", SetField(f"{_LIMITS}.Pids", int)),
    "--user": Spelling("--user", SetField(f"{_SPEC}.User", str)),
    "--read-only": Spelling("--read-only", SetField(f"{_SPEC}.ReadOnly", values.switch)),
    "--init": Spelling("--init", SetField(f"{_SPEC}.Init", values.switch)),
    "--cap-add": Spelling("--cap-add", Entries(f"{_SPEC}.CapabilityAdd", str, values.itself)),
    "--cap-drop": Spelling("--cap-drop", Entries(f"{_SPEC}.CapabilityDrop", str, values.itself)),
    "--log-driver": Spelling("--log-driver", SetField("TaskTemplate.LogDriver", values.log_driver_of_service)),
    "--no-healthcheck": Spelling("--no-healthcheck", SetField(f"{_SPEC}.Healthcheck", values.no_healthcheck)),
    "--restart": Spelling(
        "--restart-condition {Condition} --restart-max-attempts {MaxAttempts}",
        SetField("TaskTemplate.RestartPolicy", values.restart_of_service),
        values.restart_of_service,
    ),
}
_ULIMITS = Entries(f"{_SPEC}.Ulimits", values.ulimit, values.name)
_SERVICE: Mapping[str, Spelling] = {
    **_BOTH,
    "--ulimit": Spelling("--ulimit", _ULIMITS),
    "--network": Spelling("--network", SetField("TaskTemplate.Networks", values.networks)),
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
