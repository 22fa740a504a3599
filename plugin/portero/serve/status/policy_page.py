"""The policy in force and the settings, for commands on the same host: all of it for root, a summary for users.

The summary holds what refusals show: the site's rules, the figures that their texts name, what a violation does. Who
may do more (exceptions, users and groups), what is listed and what is protected are not in it: `hidden` names these.
"""

import base64
import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import cast

from portero.decide.policy.folder import is_rule
from portero.decide.policy.policy import Policy
from portero.decide.values.dataclass import dataclass
from portero.decide.values.json_fields import JSON, need, need_texts
from portero.serve.settings.settings import Settings
from portero.serve.status.policy_state import PolicyFiles, PolicyState

_FORMAT = 1
_SITE = "site.json"
# Knowing these gives no more rights, and each refusal names or shows them.
_SHOWN_SETTINGS = ("PORTERO_PROFILE", "PORTERO_AUDIT_PROFILE", "PORTERO_MODE")
_SHOWN_VALUES = frozenset({"$schema", "actions", "unknown-fields"})
_NAMED = re.compile(r"\{([a-z-]+)\}")


@dataclass(frozen=True, slots=True)
class PolicyPage:
    """`settings` by variable; `files` of the site's own folders; `unusable`: why no policy is in force, or empty.

    `hidden`: what of the policy a summary leaves out; None: it is no summary.
    """

    settings: Mapping[str, str]
    digest: str
    unusable: str
    files: PolicyFiles
    links: tuple[str, ...]
    hidden: tuple[str, ...] | None


def describe_policy(settings: Settings, state: PolicyState, policy: Policy, unusable: str) -> dict[str, JSON]:
    """The whole, which is for root alone."""
    return _write(settings.texts, policy, unusable, _list_own(settings, state)) | {"links": [*state.links]}


def describe_summary(settings: Settings, state: PolicyState, policy: Policy, unusable: str) -> dict[str, JSON]:
    """What users of the host may see."""
    own = _list_own(settings, state)
    rules = (data for files in state.files.values() for name, data in files.items() if is_rule(name))
    shown = _SHOWN_VALUES.union(*map(_list_figures, rules))
    folders = {path: _show_files(files, shown) for path, files in own.items()}
    settings_shown = {name: text for name, text in settings.texts.items() if name in _SHOWN_SETTINGS}
    hidden = sorted({name for files in own.values() for name in _list_hidden(files, shown)})
    return _write(settings_shown, policy, unusable, folders) | {"hidden": [*hidden]}


def read_page(document: Mapping[str, JSON]) -> PolicyPage:
    """What one of the two describes; raises LookupError, TypeError or ValueError for anything else."""
    if document["format"] != _FORMAT:
        raise ValueError("another format")
    files = {
        Path(path): {name: base64.b64decode(cast(str, data)) for name, data in cast(dict[str, JSON], encoded).items()}
        for path, encoded in need(document, "folders", dict).items()
    }
    settings = cast(dict[str, str], need(document, "settings", dict))
    return PolicyPage(
        {name: str(text) for name, text in settings.items()},
        need(document, "policy", str),
        need(document, "unusable", str),
        files,
        tuple(need_texts(document, "links")) if "links" in document else (),
        tuple(need_texts(document, "hidden")) if "hidden" in document else None,
    )


def _write(settings: Mapping[str, str], policy: Policy, unusable: str, files: PolicyFiles) -> dict[str, JSON]:
    folders: dict[str, JSON] = {
        str(path): {name: base64.b64encode(data).decode() for name, data in contents.items()}
        for path, contents in files.items()
    }
    return {
        "format": _FORMAT,
        "settings": dict(settings),
        "policy": policy.digest,
        "unusable": unusable,
        "folders": folders,
    }


def _list_own(settings: Settings, state: PolicyState) -> PolicyFiles:
    """The built-in rules are those of the command that asks."""
    return {path: state.files[path] for path in settings.schemas if path in state.files}


def _list_figures(rule: bytes) -> Iterable[str]:
    """The site values that the refusals of a rule name."""
    document = json.loads(rule)
    return _NAMED.findall(json.dumps([document.get("denial"), document["remedy"]]))


def _show_files(files: Mapping[str, bytes], shown: Iterable[str]) -> dict[str, bytes]:
    values = {key: value for key, value in _read_site(files).items() if key in shown}
    rules = {name: data for name, data in files.items() if is_rule(name)}
    return {_SITE: json.dumps(values).encode(), **rules}


def _list_hidden(files: Mapping[str, bytes], shown: Iterable[str]) -> Iterable[str]:
    yield from (key for key in _read_site(files) if key not in shown)
    if any(name.startswith("exceptions/") for name in files):
        yield "exceptions"


def _read_site(files: Mapping[str, bytes]) -> dict[str, JSON]:
    return cast("dict[str, JSON]", json.loads(files.get(_SITE, b"{}")))
