"""Flags of more than one field, or beside which docker does not take others: ports, networks, CPUs, log drivers."""

import re
from collections.abc import Iterator

from portero.decide.flags import format_values, parse_values
from portero.decide.flags.edits import (
    NOTHING,
    Change,
    Document,
    Entries,
    Reader,
    SetField,
    Violated,
    Writer,
    copy_parents,
)
from portero.decide.values.dataclass import dataclass, replace
from portero.decide.values.json_fields import JSON, to_list, to_object

_ADDRESS = re.compile(r"(?:\[(?P<six>[0-9a-f:]+)\]|(?P<four>[0-9.]+)):PORT:PORT")
_HIGHER = re.compile(r"PORT\+(?P<more>[0-9]{4,5}):PORT")
_LAST_PORT = 65535
# A fact has one spelling for every address of the host: the empty one.
_EVERYWHERE = ("0.0.0.0", "::")  # noqa: S104


@dataclass(frozen=True, slots=True)
class Fields:
    """A value of a flag that sets several fields at once, which can only be undone."""

    fields: tuple[str, ...]
    value: str

    def add(self, document: Document, value: str, violated: Violated) -> Change:
        """Never done: what it does is what rules refuse."""
        raise ValueError("is only ever dropped")

    def drop(self, document: Document, violated: Violated) -> Change:
        if not any(field in violated for field in self.fields):
            return NOTHING
        for one in self.fields:
            parent, name = copy_parents(document, one)
            parent.pop(name, None)
        return Change(removed=(self.value,))


@dataclass(frozen=True, slots=True)
class Published:
    """Published ports: `ADDRESS:PORT:PORT` gives those that are refused an address, `PORT+8000:PORT` a higher port."""

    at: str

    def add(self, document: Document, value: str, violated: Violated) -> Change:
        """Publish the ports that are refused at the address, or that much higher."""
        address, higher = _ADDRESS.fullmatch(value), _HIGHER.fullmatch(value)
        if address is None and higher is None:
            raise ValueError(f"'{value}' is neither ADDRESS:PORT:PORT nor PORT+8000:PORT")
        parent, last = copy_parents(document, self.at)
        if not to_object(parent.get(last)):
            return NOTHING
        added, removed, after = list[str](), list[str](), dict[str, JSON]()
        for key, before in _list_bindings(parent[last]):
            binding = dict(before)
            if address is not None and _is_refused(key, before, "HostIp", violated):
                binding["HostIp"] = address["six"] or address["four"]
            elif higher is not None and _is_refused(key, before, "HostPort", violated):
                binding["HostPort"] = _raise_port(str(before.get("HostPort") or ""), int(higher["more"]))
            if binding != before:
                added.append(format_values.port(key, binding))
                removed.append(format_values.port(key, before))
            after[key] = [*to_list(after.get(key)), binding]
        parent[last] = after
        return Change(tuple(added), tuple(removed))

    def drop(self, document: Document, violated: Violated) -> Change:
        parent, last = copy_parents(document, self.at)
        if self.at not in violated or not parent.get(last):
            return NOTHING
        return Change(
            removed=tuple(format_values.port(key, binding) for key, binding in _list_bindings(parent.pop(last)))
        )


@dataclass(frozen=True, slots=True)
class ServicePorts(Entries):
    """Published ports of a service, which have no address."""

    types: Writer = format_values.service_port

    def add(self, document: Document, value: str, violated: Violated) -> Change:
        """Publish the ports that are refused that much higher."""
        higher = _HIGHER.fullmatch(value)
        if higher is None:
            return NOTHING
        parent, last = copy_parents(document, self.at)
        before = [to_object(port) for port in to_list(parent.get(last))]
        after: list[JSON] = [
            {**port, "PublishedPort": int(_raise_port(str(port["PublishedPort"]), int(higher["more"])))}
            if f"{self.at}[{number}]" in violated and port.get("PublishedPort")
            else port
            for number, port in enumerate(before)
        ]
        changed = [number for number, port in enumerate(before) if after[number] != port]
        if changed:
            parent[last] = after
        return Change(
            tuple(format_values.service_port(after[number]) for number in changed),
            tuple(format_values.service_port(before[number]) for number in changed),
        )


def _list_bindings(ports: JSON) -> Iterator[tuple[str, dict[str, JSON]]]:
    for key, bindings in to_object(ports).items():
        yield from ((key, to_object(binding)) for binding in to_list(bindings) or [{}])


def _is_refused(key: str, binding: dict[str, JSON], field: str, violated: Violated) -> bool:
    """Whether a port with this value of the field that is to be changed is refused."""
    name = {"HostIp": "hostIp", "HostPort": "hostPort"}[field]
    facts = [fact for fact in violated.facts if name in fact]
    target, _, protocol = key.partition("/")
    value = str(binding.get(field) or "")
    value = "" if value in _EVERYWHERE else value
    return not facts or any(
        (str(fact["containerPort"]), fact["protocol"], str(fact[name] or "")) == (target, protocol or "tcp", value)
        for fact in facts
    )


def _raise_port(port: str, more: int) -> str:
    return str(int(port) + more) if port.isdecimal() and int(port) + more <= _LAST_PORT else port


@dataclass(frozen=True, slots=True)
class Network(SetField):
    """--network of a container, which the command line sends twice (docker/cli cli/command/container/opts.go)."""

    at: str = "HostConfig.NetworkMode"

    def add(self, document: Document, value: str, violated: Violated) -> Change:
        change = SetField.add(self, document, value, violated)
        networking, endpoints = copy_parents(document, "NetworkingConfig.EndpointsConfig")
        others = [name for name in to_object(networking.get(endpoints)) if name not in ("default", value)]
        networking[endpoints] = {value: {}}
        return Change(change.added, tuple(dict.fromkeys([*change.removed, *others])))

    def drop(self, document: Document, violated: Violated) -> Change:
        change = SetField.drop(self, document, violated)
        if change.removed:
            networking, endpoints = copy_parents(document, "NetworkingConfig.EndpointsConfig")
            networking.pop(endpoints, None)
        return change


_BESIDE = {"--cpu-period": "CpuPeriod", "--cpu-quota": "CpuQuota"}


@dataclass(frozen=True, slots=True)
class Cpus(SetField):
    """--cpus, which sets NanoCpus; docker takes neither --cpu-period nor --cpu-quota beside it."""

    reads: Reader = parse_values.cpus
    types: Writer = format_values.cpus

    def add(self, document: Document, value: str, violated: Violated) -> Change:
        change = SetField.add(self, document, value, violated)
        below = self.at.removesuffix("NanoCpus")
        cleared = [(flag, SetField(below + name, int).clear(document)) for flag, name in _BESIDE.items()]
        return replace(change, others=tuple(pair for pair in cleared if pair[1]))


@dataclass(frozen=True, slots=True)
class LogDriver(SetField):
    """--log-driver; no other driver takes its options, which are at `options`."""

    types: Writer = format_values.log_driver
    options: str = ""

    def add(self, document: Document, value: str, violated: Violated) -> Change:
        options = self._list_options(document)
        return _leave_out(options, SetField.add(self, document, value, violated))

    def drop(self, document: Document, violated: Violated) -> Change:
        options = self._list_options(document)
        return _leave_out(options, SetField.drop(self, document, violated))

    def _list_options(self, document: Document) -> tuple[tuple[str, str], ...]:
        parent, name = copy_parents(document, self.options)
        return tuple(("--log-opt", format_values.hidden_pair(option, "")) for option in to_object(parent.get(name)))


def _leave_out(options: tuple[tuple[str, str], ...], change: Change) -> Change:
    return replace(change, others=options) if change.added or change.removed else change
