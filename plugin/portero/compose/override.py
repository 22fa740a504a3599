"""The compose.override.yaml of a project: what decisions want for each service in, the file's new text out.

Of an existing file everything stays, comments too (ruamel.yaml).
"""

import os
from collections.abc import Iterable, Mapping, Sequence
from io import StringIO
from types import MappingProxyType
from typing import cast

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import YAMLError
from ruamel.yaml.nodes import Node

from portero.compose.project import OVERRIDES
from portero.compose.yaml_nodes import find_value, parse
from portero.files.path import clean
from portero.judging.denial_entries import write_figures
from portero.recording.request_files import DecidedRequest, InvalidRequestFile
from portero.values.json_fields import child, integer
from portero.values.json_types import JSON

NEW = OVERRIDES[1]
# The rules that a missing limit violates, with the key and the site value that it gets.
_LIMITS: Mapping[str, tuple[str, str]] = {
    "memory-limit": ("mem_limit", "memory-max"),
    "cpu-limit": ("cpus", "cpus-max"),
    "pids-limit": ("pids_limit", "pids-max"),
}
_DEPLOYED: Mapping[str, str] = {"mem_limit": "memory", "cpus": "cpus", "pids_limit": "pids"}
_MEMORY = ("mem_limit", "memory")
_SWAP, _FILES = "no-swap", "open-files-limit"


class _SharedError(Exception):
    """A key whose value several services have."""


def find_override(file: str) -> str:
    """The override beside a compose file: the one that is there, else where a new one goes."""
    folder = os.path.dirname(file)
    there = (path for name in OVERRIDES if os.path.lexists(path := os.path.join(folder, name)))
    return next(there, os.path.join(folder, NEW))


def list_limits(checked: DecidedRequest, site: Mapping[str, JSON], measured: str | None = None) -> dict[str, JSON]:
    """The keys that give a service the limits that it lacks. A limit that is too high is its owner's to decide.

    `measured`: the memory that it needs, instead of the site's value.
    """
    limits = child(checked.facts, "limits")
    memory, swap = (integer(child(limits, name), "value") for name in ("memory", "memorySwap"))
    denials = [one for one in checked.decision.violations if one.action == "deny"]
    missing = {one.rule for one in denials if not write_figures(one) or (one.rule == _SWAP and not swap)}
    keys: dict[str, JSON] = {key: site[value] for rule, (key, value) in _LIMITS.items() if rule in missing}
    if measured and "mem_limit" in keys:
        keys["mem_limit"] = measured
    if "memory-limit" in missing or _SWAP in missing:
        keys["memswap_limit"] = keys.get("mem_limit") or (f"{memory}b" if memory else site["memory-max"])
    if _FILES in missing:
        keys["ulimits"] = {"nofile": {"soft": site["nofile-soft-max"], "hard": site["nofile-hard-max"]}}
    return keys


def limits_by_deploy(files: Iterable[str], service: str) -> bool:
    """Whether a service has limits under deploy: Compose takes no file with some there and some beside it."""
    for file in files:
        with open(file, encoding="utf-8", errors="replace") as opened:
            node: Node | None = parse(opened.read())
        for name in ("services", service, "deploy", "resources", "limits"):
            node = find_value(node, name)
        if node is not None:
            return True
    return False


def move_to_deploy(keys: Mapping[str, JSON]) -> dict[str, JSON]:
    """The same limits, those that deploy has too under it."""
    limits: dict[str, JSON] = {_DEPLOYED[key]: value for key, value in keys.items() if key in _DEPLOYED}
    if "cpus" in limits:
        limits["cpus"] = str(limits["cpus"])
    others = {key: value for key, value in keys.items() if key not in _DEPLOYED}
    return others | ({"deploy": {"resources": {"limits": limits}}} if limits else {})


def merge_override(
    text: str, services: Mapping[str, Mapping[str, JSON]], file: str, comments: Mapping[str, str] = MappingProxyType({})
) -> str:
    """The text of the override with these keys for services; what it says of them already stays.

    `comments`: of services, where their memory limit comes from. Raises InvalidRequestFile where it cannot be read.
    """
    yaml = YAML()
    yaml.preserve_quotes = True
    try:
        document = yaml.load(text) or CommentedMap()
        entries = _enter(document, "services")
        for service, keys in services.items():
            _merge(_enter(entries, service), keys, comments.get(service, ""))
        written = StringIO()
        yaml.dump(document, written)
    except _SharedError as error:
        advice = "write it out for each service, and repeat the command"
        raise InvalidRequestFile(f"{file}: {error} is shared through an anchor (&); {advice}") from None
    except (YAMLError, AttributeError, KeyError, RecursionError, TypeError, ValueError):
        # ruamel.yaml lets some of its constructors' errors through.
        raise InvalidRequestFile(f"{file}: is no compose file to which services can be added") from None
    return written.getvalue()


def list_paths(decided: Iterable[DecidedRequest], rules: Sequence[str]) -> list[str]:
    """The host paths that these rules alone refuse, as the request document has them."""
    paths: dict[str, None] = {}
    for each in decided:
        denials = [one for one in each.decision.violations if one.action == "deny"]
        others = {one.at for one in denials if one.rule not in rules}
        for one in denials:
            if one.rule in rules and one.at not in others and one.wording is not None and one.wording.asked:
                paths[one.wording.asked] = None
    return list(paths)


def _enter(entry: CommentedMap, key: str) -> CommentedMap:
    """The mapping at this key, made where nothing is."""
    if entry.get(key) is None:
        entry[key] = CommentedMap()
    return cast(CommentedMap, _find_own(entry, key))


def _find_own(entry: CommentedMap, key: str) -> CommentedMap | CommentedSeq:
    """What is added there is for no other service: an alias and what `<<` brings are the same object for all."""
    value = entry[key]
    if value.yaml_anchor() or any(one.get(key) is value for one in entry.merge):
        raise _SharedError(key)
    return cast(CommentedMap | CommentedSeq, value)


def _merge(entry: CommentedMap, keys: Mapping[str, JSON], comment: str) -> None:
    for key, value in keys.items():
        if isinstance(value, dict):
            _merge(_enter(entry, key), value, comment)
        elif isinstance(value, list) and entry.get(key) is not None:
            there = cast(CommentedSeq, _find_own(entry, key))
            there.extend(one for one in value if _find_target(one) not in map(_find_target, there))
        elif key not in entry or isinstance(value, list):
            entry[key] = value
            if comment and key in _MEMORY and not entry.fa.flow_style():
                entry.yaml_add_eol_comment(comment, key)


def _find_target(volume: JSON) -> str:
    """Where in the container a volume of a service is; Compose has one of the last file for each target."""
    named = volume.get("target", "") if isinstance(volume, dict) else (str(volume).split(":") * 2)[1]
    return clean(str(named))
