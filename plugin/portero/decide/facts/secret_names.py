"""Names that look like secrets and are given a value: environment variables, build arguments, labels.

Names come out, values never do. No other module knows these words.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from portero.decide.values.json_fields import JSON

# All of these are matched with a folded name: a pattern that ignores case takes twenty times as long.
_WORDS = re.compile(
    r"passw(?:or)?d|passphrase|secret|token(?!iz)|credential"
    r"|(?:api|private|access|encryption|signing)[._-]?key"
    # Short words count only when they stand alone: AUTH and DB_PASS, not AUTHOR and COMPASS.
    r"|(?<![a-z0-9])(?:auth|pass)(?![a-z0-9])"
)
# A name that counts has one of these in it. Most have none, and one search is quicker than one for each word.
_ROOTS = ("pass", "secret", "token", "credential", "key", "auth", "url", "uri")
_ROOT = re.compile("|".join(_ROOTS))
# So many names are searched as one text; where it has one of these, they are looked at one by one.
_AT_ONCE = 256
# A path to a secret is no secret.
_POINTERS = tuple(f"{mark}{kind}" for mark in "._-" for kind in ("file", "path", "dir", "sock"))
_URLS = tuple(f"{mark}{kind}" for mark in "._-" for kind in ("url", "uri"))
_AUTHORITY_END = re.compile(r"[/?#\s]")
# MYSQL_ALLOW_EMPTY_PASSWORD=yes is a switch, not a secret.
_SWITCHES = frozenset({"true", "false", "yes", "no", "on", "off"})


def find_in_env(entries: Iterable[str], at: str) -> list[JSON]:
    """From entries NAME=value; NAME alone unsets the variable."""
    return [
        {"name": name, "at": f"{at}[{index}]"}
        for index, entry in enumerate(entries)
        for name, _, value in [entry.partition("=")]
        if looks_secret(name, value)
    ]


def find_in_map(values: Mapping[str, JSON], at: str) -> list[JSON]:
    """From a map of names to values."""
    return [
        {"name": name, "at": at}
        for name in _list_suspects([*values])
        if isinstance(value := values[name], str) and looks_secret(name, value)
    ]


def _list_suspects(names: Sequence[str]) -> Iterator[str]:
    """At least the names that look like secrets: one search over many takes half the time of one for each."""
    for start in range(0, len(names), _AT_ONCE):
        some = names[start : start + _AT_ONCE]
        if may_name_secret("\n".join(some).casefold()):
            yield from some


def may_name_secret(folded: str) -> bool:
    """Whether any part of a folded text could be a name that looks like a secret."""
    return any(root in folded for root in _ROOTS)


def looks_secret(name: str, value: str) -> bool:
    """Whether a variable of this name and value looks like a secret."""
    folded = name.casefold()
    if value == "" or _ROOT.search(folded) is None or folded.endswith(_POINTERS):
        return False
    if folded in ("url", "uri") or folded.endswith(_URLS):
        return any(_has_password(rest) for rest in value.split("://")[1:])
    return _WORDS.search(folded) is not None and value.lower() not in _SWITCHES


def _has_password(rest: str) -> bool:
    """Whether what follows :// begins with user:password@."""
    authority = _AUTHORITY_END.split(rest, maxsplit=1)[0]
    return authority.rpartition("@")[0].partition(":")[2] != ""
