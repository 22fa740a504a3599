"""The flags that a rule may propose, named as in `docker run`: how each command spells them, and what they set.

docker_flags.tsv has a row for each: facts of docker/cli 26.1 (cli/command/container/opts.go, update.go and exec.go,
cli/command/service/opts.go, cli/command/network/create.go, cli/command/volume/create.go, cli/command/image/build.go).
What a command cannot say has no row there.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, cast

from portero.decide.flags import format_values, mount_flags, parse_values
from portero.decide.flags.edits import NOTHING, Change, Document, Edit, Entries, Names, SetField, Switch, Violated
from portero.decide.flags.mount_flags import SharedMemory, Tmpfs, VolumeOptions, limit_mount
from portero.decide.flags.several_fields import Cpus, Fields, LogDriver, Network, Published, ServicePorts
from portero.decide.values.dataclass import dataclass
from portero.decide.values.denial_parts import Typed
from portero.decide.values.json_fields import JSON, to_list
from portero.decide.values.tables import read_rows


@dataclass(frozen=True, slots=True)
class SetQuery:
    """A flag that sets one parameter. `types`: how the number that the parameter has is typed."""

    name: str
    reads: Callable[[str], JSON]
    types: Callable[[JSON], str] = format_values.scalar

    def add(self, document: Document, value: str, violated: Violated) -> Change:
        before = _put(document, self.name, str(self.reads(value)))
        was = self._typed(before)
        return Change((value,), (was,) if was else ()) if before != str(self.reads(value)) else NOTHING

    def drop(self, document: Document, violated: Violated) -> Change:
        if f"?{self.name}" not in violated:
            return NOTHING
        was = self._typed(_put(document, self.name, ""))
        return Change(removed=(was,)) if was else NOTHING

    def _typed(self, text: str) -> str:
        return self.types(int(text) if text.removeprefix("-").isdecimal() else text)


class _NeverDropped:
    """A limit: without the flag there is none."""

    def drop(self, document: Document, violated: Violated) -> Change:
        return NOTHING


class BuildCpus(_NeverDropped):
    """--cpus, which a build sends as a period and a quota."""

    def add(self, document: Document, value: str, violated: Violated) -> Change:
        flags = dict(parse_values.cpu_flags(value))
        _put(document, "cpuperiod", str(flags["--cpu-period"]))
        quota = str(flags["--cpu-quota"])
        before = _put(document, "cpuquota", quota)
        if before == quota:
            return NOTHING
        return Change((value,), others=(("--cpu-quota", before),) if before not in ("", "0") else ())


class BuildUlimits(_NeverDropped):
    """--ulimit; those of one name replace each other."""

    def add(self, document: Document, value: str, violated: Violated) -> Change:
        limit = parse_values.ulimit(value)
        before = to_list(json.loads(_read_query(document).get("ulimits", ["null"])[0] or "null"))
        replaced = [one for one in before if parse_values.name(one) == limit["Name"]]
        if limit in before:
            return NOTHING
        _put(document, "ulimits", json.dumps([*(one for one in before if one not in replaced), limit]))
        return Change((value,), tuple(map(format_values.ulimit, replaced)))


def _read_query(document: Document) -> dict[str, list[str]]:
    return cast(dict[str, list[str]], document.get("query") or {})


def _put(document: Document, name: str, value: str) -> str:
    query = _read_query(document)
    document["query"] = cast(JSON, {**query, name: [value]})
    return (query.get(name) or [""])[0]


@dataclass(frozen=True, slots=True)
class Spelling:
    """A flag as one command spells it, and its effect. `parts`: the flags that say the value, where one does not."""

    flag: str
    edit: Edit
    parts: Callable[[str], Sequence[tuple[str, JSON]]] | None = None

    def write(self, value: str) -> tuple[Typed, ...]:
        if self.parts is not None:
            return tuple((flag, str(part)) if part != "" else (flag,) for flag, part in self.parts(value))
        return ((self.flag, value) if value else (self.flag,),)


def find_spelling(operation: str, flag: str) -> Spelling | None:
    """How the command behind an operation spells a flag; None where there is no such flag."""
    return _SPELLINGS.get(operation, {}).get(flag)


def list_spellings(flag: str) -> list[Spelling]:
    """All spellings of a flag; empty when no command has it."""
    return [table[flag] for table in _SPELLINGS.values() if flag in table]


_SIZE: Mapping[str, Any] = {"reads": parse_values.size, "types": format_values.size}
# What flags do to the place that they set, by the words of the table.
_EDITS: Mapping[str, Callable[[str], Edit]] = {
    "text": SetField,
    "number": partial(SetField, reads=int),
    "size": partial(SetField, **_SIZE),
    "cpus": partial(SetField, reads=parse_values.cpus, types=format_values.cpus),
    "cpus-alone": Cpus,
    "shared-memory": partial(SharedMemory, **_SIZE),
    "restart": partial(SetField, reads=parse_values.restart, types=format_values.restart),
    "service-restart": partial(SetField, reads=parse_values.restart_of_service, types=format_values.restart_of_service),
    "network": Network,
    "networks": partial(SetField, reads=lambda name: [{"Target": name}], types=format_values.networks),
    "log-driver": lambda at: LogDriver(at, lambda name: {"Type": name}, options=f"{at}.Config"),
    "service-log-driver": lambda at: LogDriver(at, lambda name: {"Name": name}, options=f"{at}.Options"),
    "switch": Switch,
    "no-healthcheck": partial(Switch, on={"Test": ["NONE"]}),
    "system-paths": lambda at: Fields(tuple(at.split(",")), "systempaths=unconfined"),
    "entries": Entries,
    "capabilities": partial(Entries, types=format_values.capability),
    "security-options": partial(Entries, key=parse_values.option, types=format_values.security_option),
    "ulimits": partial(Entries, reads=parse_values.ulimit, key=parse_values.name, types=format_values.ulimit),
    "binds": partial(Entries, changes=mount_flags.OF_BINDS),
    "mounts": partial(Entries, types=format_values.mount, changes=mount_flags.OF_MOUNTS, limits=limit_mount),
    "devices": partial(Entries, types=format_values.device),
    "gpus": partial(Entries, types=format_values.gpus),
    "names": Names,
    "plain-names": partial(Names, types=format_values.plain_pair),
    "driver-options": partial(Names, types=format_values.driver_option),
    "volume-options": VolumeOptions,
    "tmpfs": Tmpfs,
    "ports": Published,
    "service-ports": ServicePorts,
    "query": partial(SetQuery, reads=str),
    "query-number": partial(SetQuery, reads=int),
    "query-size": partial(SetQuery, **_SIZE),
    "build-cpus": lambda _: BuildCpus(),
    "build-ulimits": lambda _: BuildUlimits(),
}
# Flags that are another one, for some of their values or always.
_PARTS: Mapping[str, Callable[[str], Sequence[tuple[str, JSON]]]] = {
    "gpus": parse_values.gpu_flags,
    "mounts": lambda value: [(value, "") if value == format_values.USE_API_SOCKET else ("--mount", value)],
    "service-restart": parse_values.restart_flags,
    "build-cpus": parse_values.cpu_flags,
}


def _read_spellings() -> dict[str, dict[str, Spelling]]:
    spellings: dict[str, dict[str, Spelling]] = {}
    for operations, flag, spelled, edit, place in read_rows(__file__, "docker_flags.tsv"):
        for operation in operations.split(","):
            at = place.removeprefix("HostConfig.") if operation == "ContainerUpdate" else place
            table = spellings.setdefault(operation, {})
            table[flag] = Spelling(spelled or flag, _EDITS[edit](at), _PARTS.get(edit))
    return spellings


_SPELLINGS: Mapping[str, Mapping[str, Spelling]] = _read_spellings()
FLAGS = frozenset(flag for table in _SPELLINGS.values() for flag in table)
# Docker's short forms, where a flag has one.
SHORT = {flag: one.flag for table in _SPELLINGS.values() for flag, one in table.items() if len(one.flag) == len("-m")}
