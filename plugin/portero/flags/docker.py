"""The flags that a rule may propose, named as in `docker run`: how each command spells them, and what they set.

Facts of docker/cli 26.1: cli/command/container/opts.go, update.go and exec.go, cli/command/service/opts.go,
cli/command/network/create.go, cli/command/volume/create.go, cli/command/image/build.go. What a command cannot say has
no spelling here.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from portero.denial import Typed
from portero.flags import binds, typed, values
from portero.flags.build import BuildCpus, BuildUlimits, SetQuery
from portero.flags.edits import Edit, Entries, Fields, Names, SetField, Switch
from portero.flags.exclusive import Cpus, LogDriver
from portero.flags.published import Network, Published, ServicePorts
from portero.flags.shared_memory import SharedMemory
from portero.flags.tmpfs import Tmpfs, VolumeOptions, limit_mount
from portero.types import JSON


@dataclass(frozen=True, slots=True)
class Spelling:
    """A flag as one command spells it, and its effect. `parts`: the flags that say the value, where one does not."""

    flag: str
    edit: Edit
    parts: Callable[[str], Sequence[tuple[str, JSON]]] | None = None

    def write(self, value: str) -> tuple[Typed, ...]:
        """The flag with its value, as typed."""
        if self.parts is not None:
            return tuple((flag, str(part)) for flag, part in self.parts(value))
        return ((self.flag, value) if value else (self.flag,),)


def spelling(operation: str, flag: str) -> Spelling | None:
    """How the command behind an operation spells a flag; None where there is no such flag."""
    return _SPELLINGS.get(operation, {}).get(flag)


def spellings(flag: str) -> list[Spelling]:
    """All spellings of a flag; empty when no command has it."""
    return [table[flag] for table in _SPELLINGS.values() if flag in table]


# Numbers and switches of a HostConfig that one flag sets; `docker update` has them at the top of its body.
def _numbers(below: str) -> dict[str, Edit]:
    return {
        "--memory": SetField(f"{below}Memory", values.size, typed.size),
        "--memory-swap": SetField(f"{below}MemorySwap", values.size, typed.size),
        "--memory-reservation": SetField(f"{below}MemoryReservation", values.size, typed.size),
        "--kernel-memory": SetField(f"{below}KernelMemory", values.size, typed.size),
        "--cpus": Cpus(below),
        "--cpu-shares": SetField(f"{below}CpuShares", int),
        "--cpu-period": SetField(f"{below}CpuPeriod", int),
        "--cpu-quota": SetField(f"{below}CpuQuota", int),
        "--cpu-rt-runtime": SetField(f"{below}CpuRealtimeRuntime", int),
        "--cpu-rt-period": SetField(f"{below}CpuRealtimePeriod", int),
        "--pids-limit": SetField(f"{below}PidsLimit", int),
        "--restart": SetField(f"{below}RestartPolicy", values.restart, typed.restart),
    }


_PLAIN: Mapping[str, Edit] = {
    "--memory-swappiness": SetField("HostConfig.MemorySwappiness", int),
    "--shm-size": SharedMemory(SetField("HostConfig.ShmSize", values.size, typed.size)),
    "--oom-score-adj": SetField("HostConfig.OomScoreAdj", int),
    "--oom-kill-disable": Switch("HostConfig.OomKillDisable"),
    "--privileged": Switch("HostConfig.Privileged"),
    "--read-only": Switch("HostConfig.ReadonlyRootfs"),
    "--init": Switch("HostConfig.Init"),
    "--publish-all": Switch("HostConfig.PublishAllPorts"),
    "--user": SetField("User", str),
    "--workdir": SetField("WorkingDir", str),
    "--stop-timeout": SetField("StopTimeout", int),
    "--log-driver": LogDriver(
        SetField("HostConfig.LogConfig", values.log_driver, typed.log_driver), "HostConfig.LogConfig.Config"
    ),
    "--log-opt": Names("HostConfig.LogConfig.Config"),
    "--runtime": SetField("HostConfig.Runtime", str),
    "--cgroup-parent": SetField("HostConfig.CgroupParent", str),
    "--pid": SetField("HostConfig.PidMode", str),
    "--ipc": SetField("HostConfig.IpcMode", str),
    "--uts": SetField("HostConfig.UTSMode", str),
    "--userns": SetField("HostConfig.UsernsMode", str),
    "--cgroupns": SetField("HostConfig.CgroupnsMode", str),
    "--volume-driver": SetField("HostConfig.VolumeDriver", str),
    "--no-healthcheck": Switch("Healthcheck", {"Test": ["NONE"]}),
    "--network": Network(),
}
_REPEATED: Mapping[str, Edit] = {
    "--cap-add": Entries("HostConfig.CapAdd", str, values.itself, typed.capability),
    "--cap-drop": Entries("HostConfig.CapDrop", str, values.itself, typed.capability),
    "--security-opt": Entries("HostConfig.SecurityOpt", str, values.option, typed.security_option),
    "--security-opt systempaths=unconfined": Fields(
        ("HostConfig.MaskedPaths", "HostConfig.ReadonlyPaths"), "systempaths=unconfined"
    ),
    "--ulimit": Entries("HostConfig.Ulimits", values.ulimit, values.name, typed.ulimit),
    "--group-add": Entries("HostConfig.GroupAdd", str, values.itself),
    "--volume": Entries("HostConfig.Binds", str, values.itself, str, binds.OF_BINDS),
    "--mount": Entries("HostConfig.Mounts", str, values.itself, typed.mount, binds.OF_MOUNTS, limit_mount),
    "--volumes-from": Entries("HostConfig.VolumesFrom", str, values.itself),
    "--device": Entries("HostConfig.Devices", str, values.itself, typed.device),
    "--device-cgroup-rule": Entries("HostConfig.DeviceCgroupRules", str, values.itself),
    "--gpus": Entries("HostConfig.DeviceRequests", str, values.itself, typed.gpus),
    "--add-host": Entries("HostConfig.ExtraHosts", str, values.itself),
    "--sysctl": Names("HostConfig.Sysctls", typed.plain_pair),
    "--annotation": Names("HostConfig.Annotations"),
    "--tmpfs": Tmpfs("HostConfig.Tmpfs"),
    "--publish": Published("HostConfig.PortBindings"),
}
_EXEC: Mapping[str, Edit] = {
    "--privileged": Switch("Privileged"),
    "--user": SetField("User", str),
    "--workdir": SetField("WorkingDir", str),
}

_SPEC, _LIMITS = "TaskTemplate.ContainerSpec", "TaskTemplate.Resources.Limits"
_BOTH = {
    "--memory": Spelling("--limit-memory", SetField(f"{_LIMITS}.MemoryBytes", values.size, typed.size)),
    "--cpus": Spelling("--limit-cpu", SetField(f"{_LIMITS}.NanoCPUs", values.cpus, typed.cpus)),
    "--pids-limit": Spelling("--limit-pids", SetField(f"{_LIMITS}.Pids", int)),
    "--user": Spelling("-u", SetField(f"{_SPEC}.User", str)),
    "--workdir": Spelling("-w", SetField(f"{_SPEC}.Dir", str)),
    "--read-only": Spelling("--read-only", Switch(f"{_SPEC}.ReadOnly")),
    "--init": Spelling("--init", Switch(f"{_SPEC}.Init")),
    "--cap-add": Spelling("--cap-add", Entries(f"{_SPEC}.CapabilityAdd", str, values.itself, typed.capability)),
    "--cap-drop": Spelling("--cap-drop", Entries(f"{_SPEC}.CapabilityDrop", str, values.itself, typed.capability)),
    "--log-driver": Spelling(
        "--log-driver",
        LogDriver(
            SetField("TaskTemplate.LogDriver", values.log_driver_of_service, typed.log_driver),
            "TaskTemplate.LogDriver.Options",
        ),
    ),
    "--log-opt": Spelling("--log-opt", Names("TaskTemplate.LogDriver.Options")),
    "--no-healthcheck": Spelling("--no-healthcheck", Switch(f"{_SPEC}.Healthcheck", {"Test": ["NONE"]})),
    "--restart": Spelling(
        "--restart-condition",
        SetField("TaskTemplate.RestartPolicy", values.restart_of_service, typed.restart_of_service),
        values.restart_flags,
    ),
}
_ULIMITS = Entries(f"{_SPEC}.Ulimits", values.ulimit, values.name, typed.ulimit)
_SERVICE: Mapping[str, Spelling] = {
    **_BOTH,
    "--ulimit": Spelling("--ulimit", _ULIMITS),
    "--network": Spelling("--network", SetField("TaskTemplate.Networks", values.networks, typed.networks)),
    "--mount": Spelling(
        "--mount", Entries(f"{_SPEC}.Mounts", str, values.itself, typed.mount, binds.OF_MOUNTS, limit_mount)
    ),
    "--sysctl": Spelling("--sysctl", Names(f"{_SPEC}.Sysctls", typed.plain_pair)),
    "--group-add": Spelling("--group", Entries(f"{_SPEC}.Groups", str, values.itself)),
    "--publish": Spelling("-p", ServicePorts("EndpointSpec.Ports")),
}
_SERVICE_UPDATE: Mapping[str, Spelling] = {**_BOTH, "--ulimit": Spelling("--ulimit-add", _ULIMITS)}
_BUILD: Mapping[str, Spelling] = {
    "--memory": Spelling("-m", SetQuery("memory", values.size, typed.size)),
    "--memory-swap": Spelling("--memory-swap", SetQuery("memswap", values.size, typed.size)),
    "--cpus": Spelling("--cpu-quota", BuildCpus(), values.cpu_flags),
    "--cpu-shares": Spelling("-c", SetQuery("cpushares", int)),
    "--shm-size": Spelling("--shm-size", SetQuery("shmsize", values.size, typed.size)),
    "--cgroup-parent": Spelling("--cgroup-parent", SetQuery("cgroupparent", str)),
    "--network": Spelling("--network", SetQuery("networkmode", str)),
    "--ulimit": Spelling("--ulimit", BuildUlimits()),
}
# Docker's short forms, where a flag has one.
_SHORT = {
    "--memory": "-m",
    "--cpu-shares": "-c",
    "--publish": "-p",
    "--publish-all": "-P",
    "--volume": "-v",
    "--user": "-u",
    "--workdir": "-w",
    "--opt": "-o",
    "--security-opt systempaths=unconfined": "--security-opt",
}
# Flags that are another one for some of their values.
_PARTS = {"--gpus": values.gpu_flags}


def _alike(table: Mapping[str, Edit]) -> dict[str, Spelling]:
    return {flag: Spelling(_SHORT.get(flag, flag), edit, _PARTS.get(flag)) for flag, edit in table.items()}


_SPELLINGS: Mapping[str, Mapping[str, Spelling]] = {
    "ContainerCreate": _alike({**_numbers("HostConfig."), **_PLAIN, **_REPEATED}),
    "ContainerUpdate": _alike(_numbers("")),
    "ContainerExec": _alike(_EXEC),
    "ServiceCreate": _SERVICE,
    "ServiceUpdate": _SERVICE_UPDATE,
    "NetworkCreate": _alike({"--opt": Names("Options", typed.driver_option)}),
    "VolumeCreate": _alike({"--opt": VolumeOptions("DriverOpts")}),
    "ImageBuild": _BUILD,
}
FLAGS = frozenset(flag for table in _SPELLINGS.values() for flag in table)
