"""The flags that a rule may propose, named as in `docker run`: how each command spells them, and what they set.

Facts of docker/cli 26.1: cli/command/container/opts.go, update.go and exec.go, cli/command/service/opts.go,
cli/command/network/create.go, cli/command/volume/create.go, cli/command/image/build.go. What a command cannot say has
no spelling here.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from portero.flags import format_values, mounts, parse_values
from portero.flags.build import BuildCpus, BuildUlimits, SetQuery
from portero.flags.edits import Edit, Entries, Fields, Names, SetField, Switch
from portero.flags.mounts import SharedMemory, Tmpfs, VolumeOptions, limit_mount
from portero.flags.several_fields import Cpus, LogDriver, Network, Published, ServicePorts
from portero.values.denial_parts import Typed
from portero.values.json_types import JSON


@dataclass(frozen=True, slots=True)
class Spelling:
    """A flag as one command spells it, and its effect. `parts`: the flags that say the value, where one does not."""

    flag: str
    edit: Edit
    parts: Callable[[str], Sequence[tuple[str, JSON]]] | None = None

    def write(self, value: str) -> tuple[Typed, ...]:
        if self.parts is not None:
            return tuple((flag, str(part)) for flag, part in self.parts(value))
        return ((self.flag, value) if value else (self.flag,),)


def find_spelling(operation: str, flag: str) -> Spelling | None:
    """How the command behind an operation spells a flag; None where there is no such flag."""
    return _SPELLINGS.get(operation, {}).get(flag)


def list_spellings(flag: str) -> list[Spelling]:
    """All spellings of a flag; empty when no command has it."""
    return [table[flag] for table in _SPELLINGS.values() if flag in table]


# Numbers of a HostConfig that one flag sets; `docker update` has them at the top of its body.
def _numbers(below: str) -> dict[str, Edit]:
    return {
        "--memory": SetField(f"{below}Memory", parse_values.size, format_values.size),
        "--memory-swap": SetField(f"{below}MemorySwap", parse_values.size, format_values.size),
        "--memory-reservation": SetField(f"{below}MemoryReservation", parse_values.size, format_values.size),
        "--kernel-memory": SetField(f"{below}KernelMemory", parse_values.size, format_values.size),
        "--cpus": Cpus(f"{below}NanoCpus"),
        "--cpu-shares": SetField(f"{below}CpuShares", int),
        "--cpu-period": SetField(f"{below}CpuPeriod", int),
        "--cpu-quota": SetField(f"{below}CpuQuota", int),
        "--cpu-rt-runtime": SetField(f"{below}CpuRealtimeRuntime", int),
        "--cpu-rt-period": SetField(f"{below}CpuRealtimePeriod", int),
        "--pids-limit": SetField(f"{below}PidsLimit", int),
        "--restart": SetField(f"{below}RestartPolicy", parse_values.restart, format_values.restart),
    }


_PLAIN: Mapping[str, Edit] = {
    "--memory-swappiness": SetField("HostConfig.MemorySwappiness", int),
    "--shm-size": SharedMemory("HostConfig.ShmSize", parse_values.size, format_values.size),
    "--oom-score-adj": SetField("HostConfig.OomScoreAdj", int),
    "--oom-kill-disable": Switch("HostConfig.OomKillDisable"),
    "--privileged": Switch("HostConfig.Privileged"),
    "--read-only": Switch("HostConfig.ReadonlyRootfs"),
    "--init": Switch("HostConfig.Init"),
    "--publish-all": Switch("HostConfig.PublishAllPorts"),
    "--user": SetField("User"),
    "--workdir": SetField("WorkingDir"),
    "--stop-timeout": SetField("StopTimeout", int),
    "--log-driver": LogDriver(
        "HostConfig.LogConfig", parse_values.log_driver, format_values.log_driver, "HostConfig.LogConfig.Config"
    ),
    "--log-opt": Names("HostConfig.LogConfig.Config"),
    "--runtime": SetField("HostConfig.Runtime"),
    "--cgroup-parent": SetField("HostConfig.CgroupParent"),
    "--pid": SetField("HostConfig.PidMode"),
    "--ipc": SetField("HostConfig.IpcMode"),
    "--uts": SetField("HostConfig.UTSMode"),
    "--userns": SetField("HostConfig.UsernsMode"),
    "--cgroupns": SetField("HostConfig.CgroupnsMode"),
    "--volume-driver": SetField("HostConfig.VolumeDriver"),
    "--no-healthcheck": Switch("Healthcheck", {"Test": ["NONE"]}),
    "--network": Network(),
}
_REPEATED: Mapping[str, Edit] = {
    "--cap-add": Entries("HostConfig.CapAdd", types=format_values.capability),
    "--cap-drop": Entries("HostConfig.CapDrop", types=format_values.capability),
    "--security-opt": Entries("HostConfig.SecurityOpt", str, parse_values.option, format_values.security_option),
    "--security-opt systempaths=unconfined": Fields(
        ("HostConfig.MaskedPaths", "HostConfig.ReadonlyPaths"), "systempaths=unconfined"
    ),
    "--ulimit": Entries("HostConfig.Ulimits", parse_values.ulimit, parse_values.name, format_values.ulimit),
    "--group-add": Entries("HostConfig.GroupAdd"),
    "--volume": Entries("HostConfig.Binds", changes=mounts.OF_BINDS),
    "--mount": Entries("HostConfig.Mounts", types=format_values.mount, changes=mounts.OF_MOUNTS, limits=limit_mount),
    "--volumes-from": Entries("HostConfig.VolumesFrom"),
    "--device": Entries("HostConfig.Devices", types=format_values.device),
    "--device-cgroup-rule": Entries("HostConfig.DeviceCgroupRules"),
    "--gpus": Entries("HostConfig.DeviceRequests", types=format_values.gpus),
    "--add-host": Entries("HostConfig.ExtraHosts"),
    "--sysctl": Names("HostConfig.Sysctls", format_values.plain_pair),
    "--annotation": Names("HostConfig.Annotations"),
    "--tmpfs": Tmpfs("HostConfig.Tmpfs"),
    "--publish": Published("HostConfig.PortBindings"),
}
_EXEC: Mapping[str, Edit] = {
    "--privileged": Switch("Privileged"),
    "--user": SetField("User"),
    "--workdir": SetField("WorkingDir"),
}

_SPEC, _LIMITS = "TaskTemplate.ContainerSpec", "TaskTemplate.Resources.Limits"
_BOTH = {
    "--memory": Spelling("--limit-memory", SetField(f"{_LIMITS}.MemoryBytes", parse_values.size, format_values.size)),
    "--cpus": Spelling("--limit-cpu", SetField(f"{_LIMITS}.NanoCPUs", parse_values.cpus, format_values.cpus)),
    "--pids-limit": Spelling("--limit-pids", SetField(f"{_LIMITS}.Pids", int)),
    "--user": Spelling("-u", SetField(f"{_SPEC}.User")),
    "--workdir": Spelling("-w", SetField(f"{_SPEC}.Dir")),
    "--read-only": Spelling("--read-only", Switch(f"{_SPEC}.ReadOnly")),
    "--init": Spelling("--init", Switch(f"{_SPEC}.Init")),
    "--cap-add": Spelling("--cap-add", Entries(f"{_SPEC}.CapabilityAdd", types=format_values.capability)),
    "--cap-drop": Spelling("--cap-drop", Entries(f"{_SPEC}.CapabilityDrop", types=format_values.capability)),
    "--log-driver": Spelling(
        "--log-driver",
        LogDriver(
            "TaskTemplate.LogDriver",
            parse_values.log_driver_of_service,
            format_values.log_driver,
            "TaskTemplate.LogDriver.Options",
        ),
    ),
    "--log-opt": Spelling("--log-opt", Names("TaskTemplate.LogDriver.Options")),
    "--no-healthcheck": Spelling("--no-healthcheck", Switch(f"{_SPEC}.Healthcheck", {"Test": ["NONE"]})),
    "--restart": Spelling(
        "--restart-condition",
        SetField("TaskTemplate.RestartPolicy", parse_values.restart_of_service, format_values.restart_of_service),
        parse_values.restart_flags,
    ),
}
_ULIMITS = Entries(f"{_SPEC}.Ulimits", parse_values.ulimit, parse_values.name, format_values.ulimit)
_SERVICE: Mapping[str, Spelling] = {
    **_BOTH,
    "--ulimit": Spelling("--ulimit", _ULIMITS),
    "--network": Spelling(
        "--network", SetField("TaskTemplate.Networks", parse_values.networks, format_values.networks)
    ),
    "--mount": Spelling(
        "--mount", Entries(f"{_SPEC}.Mounts", types=format_values.mount, changes=mounts.OF_MOUNTS, limits=limit_mount)
    ),
    "--sysctl": Spelling("--sysctl", Names(f"{_SPEC}.Sysctls", format_values.plain_pair)),
    "--group-add": Spelling("--group", Entries(f"{_SPEC}.Groups")),
    "--publish": Spelling("-p", ServicePorts("EndpointSpec.Ports")),
}
_SERVICE_UPDATE: Mapping[str, Spelling] = {**_BOTH, "--ulimit": Spelling("--ulimit-add", _ULIMITS)}
_BUILD: Mapping[str, Spelling] = {
    "--memory": Spelling("-m", SetQuery("memory", parse_values.size, format_values.size)),
    "--memory-swap": Spelling("--memory-swap", SetQuery("memswap", parse_values.size, format_values.size)),
    "--cpus": Spelling("--cpu-quota", BuildCpus(), parse_values.cpu_flags),
    "--cpu-shares": Spelling("-c", SetQuery("cpushares", int)),
    "--shm-size": Spelling("--shm-size", SetQuery("shmsize", parse_values.size, format_values.size)),
    "--cgroup-parent": Spelling("--cgroup-parent", SetQuery("cgroupparent", str)),
    "--network": Spelling("--network", SetQuery("networkmode", str)),
    "--ulimit": Spelling("--ulimit", BuildUlimits()),
}
# Docker's short forms, where a flag has one.
SHORT = {
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
_PARTS = {"--gpus": parse_values.gpu_flags}


def _spell_as_typed(table: Mapping[str, Edit]) -> dict[str, Spelling]:
    return {flag: Spelling(SHORT.get(flag, flag), edit, _PARTS.get(flag)) for flag, edit in table.items()}


_SPELLINGS: Mapping[str, Mapping[str, Spelling]] = {
    "ContainerCreate": _spell_as_typed({**_numbers("HostConfig."), **_PLAIN, **_REPEATED}),
    "ContainerUpdate": _spell_as_typed(_numbers("")),
    "ContainerExec": _spell_as_typed(_EXEC),
    "ServiceCreate": _SERVICE,
    "ServiceUpdate": _SERVICE_UPDATE,
    "NetworkCreate": _spell_as_typed({"--opt": Names("Options", format_values.driver_option)}),
    "VolumeCreate": _spell_as_typed({"--opt": VolumeOptions("DriverOpts")}),
    "ImageBuild": _BUILD,
}
FLAGS = frozenset(flag for table in _SPELLINGS.values() for flag in table)
