"""Where a container's output goes: LogConfig of a container, LogDriver of a service and of a whole swarm.

Log drivers run inside dockerd (moby daemon/logger): their options make it dial addresses, open files and hold output in
memory, as root. Values stay where they are, since they can hold secrets; of an address, scheme, host and port are kept.

A tag is a Go template: a field of the container's command, environment or labels may hold a control character, and so
does what has all of them: `{{.}}`.
"""

import re
from collections.abc import Iterator, Mapping
from itertools import islice

from portero.decide.facts.addresses import is_local, read_host
from portero.decide.facts.templates import MAX_ACTIONS, list_actions
from portero.decide.values.go_values import parse_ram_size
from portero.decide.values.json_fields import JSON, Fact, as_text, child, text

# Options whose value is the path of a file that dockerd opens (moby daemon/logger/syslog, daemon/logger/splunk).
_FILES = frozenset({"syslog-tls-ca-cert", "syslog-tls-cert", "syslog-tls-key", "splunk-capath"})
# Output that waits in dockerd's memory; fluentd's counts entries of a Go channel (moby daemon/logger/fluentd).
_BUFFERS = frozenset({"max-buffer-size", "fluentd-buffer-limit"})
_ADDRESSES = ("-address", "-url", "-endpoint")
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):(?=/)")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
# What no request and no image gives any text (moby daemon/logger/loginfo.go).
_FIELDS = frozenset(
    {
        *("ID", "FullID", "Name", "ImageID", "ImageFullID", "ImageName", "DaemonName", "Hostname", "LogPath"),
        *("ContainerID", "ContainerName", "ContainerImageID", "ContainerImageName", "ContainerCreated"),
    }
)
_FIELD = re.compile(r"[.$]\w*")
_WORD = re.compile(r"(?<![\w.$])[a-z]+")
# Letters by their number, in a quoted text or by a function.
_ESCAPES = re.compile(r"\\|print")
# Variables and labels that go with each line: by their names, and by a pattern in Go.
_NAMED, _MATCHED = ("env", "labels"), ("env-regex", "labels-regex")
# Fields by which lines are found and shown (systemd.journal-fields(7)). The driver journald writes those of a container
# over its own, and docker logs shows the lines of what CONTAINER_ID_FULL names (moby daemon/logger/journald).
_WHOSE = frozenset(
    {
        *("CONTAINER_ID", "CONTAINER_ID_FULL", "CONTAINER_NAME", "CONTAINER_TAG", "CONTAINER_LOG_EPOCH", "MESSAGE_ID"),
        *("SYSLOG_IDENTIFIER", "SYSLOG_PID", "SYSLOG_FACILITY", "OBJECT_PID", "COREDUMP_UNIT", "COREDUMP_USER_UNIT"),
    }
)
_NO_LETTER = re.compile(r"[^0-9A-Za-z]")
# A pattern whose names begin with known texts: ^os, ^(os|customer), ^com\.example\.
_BEGINNING = r"[0-9A-Za-z](?:[\w.-]|\\[.-])*"
_BEGINS = re.compile(rf"\^(?:({_BEGINNING})|\(({_BEGINNING}(?:\|{_BEGINNING})*)\))(?:\.[*+])?\$?", re.ASCII)
_WILD = re.compile(r"[.\\]")


def read_create(config: Fact) -> Fact:
    """From a HostConfig."""
    log = child(config, "LogConfig")
    return _log(text(log, "Type"), child(log, "Config"), "HostConfig.LogConfig", "Config")


def read_service(task: Fact) -> Fact:
    """From a TaskTemplate."""
    return _read_driver(task, "TaskTemplate.LogDriver")


def read_swarm(spec: Fact, prefix: str) -> Fact:
    """From the Spec of SwarmInit (prefix `Spec.`) or of SwarmUpdate."""
    return _read_driver(child(spec, "TaskDefaults"), f"{prefix}TaskDefaults.LogDriver")


def _read_driver(source: Fact, at: str) -> Fact:
    driver = child(source, "LogDriver")
    return _log(text(driver, "Name"), child(driver, "Options"), at, "Options")


def _log(driver: str, options: Fact, at: str, field: str) -> Fact:
    return {"driver": driver, "options": [*options], **parse_options(options, f"{at}.{field}"), "at": at}


def parse_options(options: Mapping[str, JSON], at: str) -> Fact:
    """The parts of the fact `log` that come from the values of options."""
    values = {name: as_text(value, at) for name, value in options.items()}
    where = f"{at}[*]"
    return {
        "addresses": [*_list_addresses(values, where)],
        "files": [{"name": name, "at": where} for name, value in values.items() if value and name in _FILES],
        "controlCharacters": [{"name": name, "at": where} for name in values if _has_control(name, values[name])],
        "buffers": [
            {"name": name, "bytes": parse_ram_size(value), "at": where}
            for name, value in values.items()
            if value and name in _BUFFERS
        ],
        "owners": [{"name": name, "at": where} for name, value in values.items() if _may_say_whose(name, value)],
    }


def _has_control(name: str, value: str) -> bool:
    return _CONTROL.search(name + value) is not None or (name == "tag" and may_hold_control(value))


def _list_addresses(values: Mapping[str, str], at: str) -> Iterator[Fact]:
    for name, value in values.items():
        match = _SCHEME.match(value)
        # A path is no address: awslogs-credentials-endpoint.
        if not match and (not value or value.startswith("/") or not name.endswith(_ADDRESSES)):
            continue
        scheme, rest = (match[1].lower(), value[match.end() :].lstrip("/")) if match else ("", value)
        # fluentd dials tcp without a scheme (moby daemon/logger/fluentd, parseAddress).
        if not scheme and name == "fluentd-address":
            scheme = "tcp"
        authority = re.split(r"[/?#]", rest, maxsplit=1)[0].rpartition("@")[2].lower()
        address = "" if scheme.startswith("unix") else authority
        yield {
            "name": name,
            "scheme": scheme,
            "address": f"{scheme}://{address}",
            "local": scheme.startswith("unix") or is_local(read_host(authority)),
            "at": at,
        }


def _may_say_whose(option: str, value: str) -> bool:
    """Whether a field of a line that says whose it is may come from a variable or label of the container."""
    if option in _NAMED:
        return not _WHOSE.isdisjoint(map(_name_field, value.split(",")))
    if option not in _MATCHED or not value:
        return False
    match = _BEGINS.fullmatch(value)
    if match is None:
        return True
    beginnings = [_name_field(_WILD.split(each)[0]) for each in (match[1] or match[2]).split("|")]
    return any(field.startswith(each) for field in _WHOSE for each in beginnings)


def _name_field(name: str) -> str:
    """As journald does."""
    return _NO_LETTER.sub("_", name).lstrip("_").upper()


def may_hold_control(tag: str) -> bool:
    """What is too long to be read may."""
    if "{{" not in tag:
        return False
    actions = [*islice(list_actions(tag), MAX_ACTIONS + 1)]
    return len(actions) > MAX_ACTIONS or _ESCAPES.search(tag) is not None or not _has_known_fields(actions)


def _has_known_fields(actions: list[str]) -> bool:
    """Whether each field is known; the dot alone is one that `with` has chosen."""
    inside: list[bool] = []
    for code in actions:
        words = [*_WORD.findall(code), ""]
        chosen = any(inside) and "else" not in words
        for field in _FIELD.findall(code):
            if field[1:] not in _FIELDS and not (field == "." and chosen):
                return False
        if words[0] in ("if", "with"):
            inside.append(words[0] == "with")
        elif words[0] == "else":
            inside = [False] * len(inside)
        elif words[0] == "end":
            inside = inside[:-1]
    return True
