"""The compose.override.yaml of a project: keys for each service in (override_keys.py), the file's new text out.

Of an existing file everything stays, comments too (ruamel.yaml).
"""

import os
from collections.abc import Mapping
from io import StringIO
from types import MappingProxyType
from typing import cast

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import YAMLError

from portero.decide.values.json_fields import JSON
from portero.decide.values.path import clean
from portero.tools.compose.project_files import OVERRIDES
from portero.tools.recording.request_files import InvalidRequestFile

NEW = OVERRIDES[1]
_MEMORY = ("mem_limit", "memory")


class _SharedError(Exception):
    """A key whose value several services have."""


def find_override(file: str) -> str:
    """The override beside a compose file: the one that is there, else where a new one goes."""
    folder = os.path.dirname(file)
    there = (path for name in OVERRIDES if os.path.lexists(path := os.path.join(folder, name)))
    return next(there, os.path.join(folder, NEW))


def merge_override(
    text: str,
    services: Mapping[str, Mapping[str, JSON]],
    file: str,
    comments: Mapping[str, str] = MappingProxyType({}),
    others: Mapping[str, Mapping[str, Mapping[str, JSON]]] = MappingProxyType({}),
) -> str:
    """The text of the override with these keys for services; what it says of them already stays.

    `others`: for networks and volumes. `comments`: of services, where their memory limit comes from. Raises
    InvalidRequestFile where it cannot be read.
    """
    yaml = YAML()
    yaml.preserve_quotes = True
    try:
        document = yaml.load(text) or CommentedMap()
        for section, parts in {"services": services, **others}.items():
            entries = _enter(document, section) if parts else CommentedMap()
            for part, keys in parts.items():
                _merge(_enter(entries, part), keys, comments.get(part, "") if parts is services else "")
        written = StringIO()
        yaml.dump(document, written)
    except _SharedError as error:
        advice = "write it out for each service, and repeat the command"
        raise InvalidRequestFile(f"{file}: {error} is shared through an anchor (&); {advice}") from None
    except (YAMLError, AttributeError, KeyError, RecursionError, TypeError, ValueError):
        # ruamel.yaml lets some of its constructors' errors through.
        raise InvalidRequestFile(f"{file}: is no compose file to which services can be added") from None
    return written.getvalue()


def _enter(entry: CommentedMap, key: str) -> CommentedMap:
    if entry.get(key) is None:
        entry[key] = CommentedMap()
    return cast(CommentedMap, _find_inner(entry, key))


def _find_inner(entry: CommentedMap, key: str) -> CommentedMap | CommentedSeq:
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
            there = cast(CommentedSeq, _find_inner(entry, key))
            there.extend(one for one in value if _find_target(one) not in map(_find_target, there))
        elif key not in entry or isinstance(value, list):
            entry[key] = value
            if comment and key in _MEMORY and not entry.fa.flow_style():
                entry.yaml_add_eol_comment(comment, key)


def _find_target(volume: JSON) -> str:
    """Where in the container a volume of a service is; Compose has one of the last file for each target."""
    named = volume.get("target", "") if isinstance(volume, dict) else (str(volume).split(":") * 2)[1]
    return clean(str(named))
