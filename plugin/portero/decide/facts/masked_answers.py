"""What an answer of dockerd shows at a door that gives out no values: names of variables, and no secrets.

Beside all variables everything is masked that a recording masks (masking.py).
"""

import re
from urllib.parse import parse_qs

from portero.decide.facts.masking import MASK, Unmaskable, mask_document
from portero.decide.values.json_fields import JSON

NAMES, ALL = "names", "all"
# What its answer can show of variables, with an object as a whole, or as entries of a list.
WHOLE = frozenset(
    (
        *("ContainerInspect", "ServiceInspect", "TaskInspect", "ImageInspect", "PluginInspect", "ExecInspect"),
        *("VolumeInspect", "NetworkInspect", "ConfigInspect", "SecretInspect"),
    )
)
ENTRIES = frozenset(
    (
        *("ContainerList", "ServiceList", "TaskList", "ImageList", "ImageHistory", "PluginList"),
        *("NetworkList", "NetworkListSlash", "ConfigList", "SecretList"),
    )
)
# A tool that sends back what it has read writes the mask there.
WRITES = frozenset({"ContainerCreate", "ServiceCreate", "ServiceUpdate"})
_ENV, _CREATED_BY = "env", "createdby"
# A line of an image's history: ENV A=b, RUN |1 ARG=value /bin/sh -c make, /bin/sh -c #(nop) ENV A=b
_HISTORY = re.compile(r"(?P<head>.*?\b(?:ENV|ARG|LABEL|RUN \|\d+)\s).*", re.DOTALL)
# Which of ps(1) prints no variables.
_PLAIN_PS = frozenset({"", "-ef", "aux", "-aux"})


def mask_answer(value: JSON) -> JSON:
    """An object of an answer, without values of variables and secrets; None: it cannot be read."""
    try:
        return mask_document(_mask_variables(value, ""))
    except Unmaskable:
        return None


def shows_variables(query: str) -> bool:
    """Whether the list of a container's processes is asked for with their variables, or might be."""
    return any(value not in _PLAIN_PS for value in parse_qs(query, keep_blank_values=True).get("ps_args", []))


def _mask_variables(value: JSON, field: str) -> JSON:
    if isinstance(value, dict):
        return {name: _mask_variables(inner, name.lower()) for name, inner in value.items()}
    if isinstance(value, list):
        return [_mask_variable(inner) if field == _ENV else _mask_variables(inner, field) for inner in value]
    if isinstance(value, str) and (field in (_CREATED_BY, "cmd", "command")):
        return mask_history(value)
    return value


def mask_history(text: str) -> str:
    """A line of an image's history without the values of ENV, ARG, LABEL and build arguments."""
    match = _HISTORY.fullmatch(text)
    return text if match is None else match["head"] + MASK


def _mask_variable(value: JSON) -> JSON:
    """NAME=value, or of a plugin an object with both."""
    if isinstance(value, str):
        name, equals, _ = value.partition("=")
        return f"{name}{equals}{MASK}" if equals else name
    return {**value, "Value": MASK} if isinstance(value, dict) else value
