"""Flags of `docker run` as keys of a compose file (compose-spec, 05-services.md), on one line of YAML.

The guard writes them in its try: lines, so they are not in the group `compose`, which is a tool.
"""

import csv
import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence

from portero.decide.flags import parse_values
from portero.decide.values.json_fields import JSON
from portero.decide.values.tables import read_rows

# What YAML reads as the text that it looks like, also before 1.2.
_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_./-]*|[0-9]+(\.[0-9]+)?[bkmgt]?")
_WORDS = frozenset({"true", "false", "yes", "no", "on", "off", "null", "y", "n"})

KEYS: Mapping[str, Sequence[str]] = {flag: keys for flag, *keys in read_rows(__file__, "compose_keys.tsv")}


def spell_dropped(flag: str) -> str:
    """The key for a flag that is to be dropped; LookupError when compose has no such key."""
    return KEYS[flag][-1]


def spell_keys(flags: Iterable[tuple[str, str]], *, deployed: bool = False) -> str:
    """The keys for these flags and values, as one YAML mapping; empty without any.

    `deployed`: limits go below deploy. LookupError when compose has no key for one of them.
    """
    keys: dict[str, JSON] = {}
    for flag, value in flags:
        key = _OF_SERVICE if deployed and flag == "--label" else KEYS[flag][0]
        keys[key] = _merge_values(keys.get(key), _VALUES[flag](value) if flag in _VALUES else value or True)
    if deployed:
        return _BARE_CPUS.sub(r'"\g<0>"', _write_yaml(move_to_deploy(keys))) if keys else ""
    return _write_yaml(keys) if keys else ""


_BARE_CPUS = re.compile(r"(?<=\bcpus: )[0-9.]+")
# The labels of a service itself; those beside it are its containers'.
_OF_SERVICE = "deploy.labels"
_DEPLOYED: Mapping[str, str] = {"mem_limit": "memory", "cpus": "cpus", "pids_limit": "pids"}


def move_to_deploy(keys: Mapping[str, JSON]) -> dict[str, JSON]:
    """The same keys of a service with its limits below deploy, as `docker stack deploy` wants them.

    Compose takes no file with some limits there and others beside it. Only a text is a number of CPUs there.
    """
    limits: dict[str, JSON] = {
        _DEPLOYED[key]: str(value) if key == "cpus" else value for key, value in keys.items() if key in _DEPLOYED
    }
    others = {key: value for key, value in keys.items() if key not in _DEPLOYED}
    deploy: dict[str, JSON] = {"resources": {"limits": limits}} if limits else {}
    deploy |= {"labels": others.pop(_OF_SERVICE)} if _OF_SERVICE in others else {}
    return ({"deploy": deploy} if deploy else {}) | others


def declare_networks(networks: Iterable[str]) -> str:
    """The entry at the top of the file for networks that exist already."""
    return _write_yaml({"networks": {network: {"external": True} for network in networks}})


def _parse_pair(text: str) -> JSON:
    name, _, value = text.partition("=")
    return {name: value}


def _parse_ulimit(text: str) -> JSON:
    limit = parse_values.ulimit(text)
    return {str(limit["Name"]): {"soft": limit["Soft"], "hard": limit["Hard"]}}


def _parse_mount(text: str) -> JSON:
    """type=bind,source=/a,target=/b,readonly, of which a value with a comma is quoted."""
    words = next(csv.reader([text]))
    named = {name: value or True for name, _, value in (word.partition("=") for word in words)}
    propagation = named.pop("bind-propagation", None)
    limit, mode = named.pop("tmpfs-size", None), named.pop("tmpfs-mode", None)
    tmpfs: dict[str, JSON] = ({"size": limit} if limit else {}) | ({"mode": int(str(mode), 8)} if mode else {})
    keys: dict[str, JSON] = {("read_only" if name == "readonly" else name): value for name, value in named.items()}
    keys |= {"bind": {"propagation": propagation}} if propagation else {}
    return [keys | ({"tmpfs": tmpfs} if tmpfs else {})]


_LISTS = ("--cap-add", "--cap-drop", "--network", "--publish", "--security-opt", "--tmpfs", "--volume")
_VALUES: Mapping[str, Callable[[str], JSON]] = {
    **dict.fromkeys(_LISTS, lambda text: [text]),
    "--log-driver": lambda text: {"driver": text},
    "--mount": _parse_mount,
    **dict.fromkeys(("--container-label", "--label", "--opt"), _parse_pair),
    "--ulimit": _parse_ulimit,
}


def _merge_values(first: JSON, second: JSON) -> JSON:
    if isinstance(first, list) and isinstance(second, list):
        return [*first, *second]
    if isinstance(first, dict) and isinstance(second, dict):
        return first | second
    return second


def _write_yaml(value: JSON) -> str:
    if isinstance(value, dict):
        return f"{{{', '.join(f'{name}: {_write_yaml(inner)}' for name, inner in value.items())}}}"
    if isinstance(value, list):
        return f"[{', '.join(map(_write_yaml, value))}]"
    if isinstance(value, str) and _PLAIN.fullmatch(value) and value not in _WORDS:
        return value
    return json.dumps(value, ensure_ascii=False)
