"""Names that look like secrets and are given a value: environment variables, build arguments, labels.

Names come out, values never do. No other module knows these words.
"""

import re
from collections.abc import Iterable, Mapping

from portero.types import JSON

_WORDS = re.compile(
    r"passw(?:or)?d|passphrase|secret|token(?!iz)|credential"
    r"|(?:api|private|access|encryption|signing)[._-]?key"
    # Short words count only when they stand alone: AUTH and DB_PASS, not AUTHOR and COMPASS.
    r"|(?<![a-z0-9])(?:auth|pass)(?![a-z0-9])",
    re.IGNORECASE,
)
# In lower case and with a line end after it, every name in which _WORDS or _URL finds something has one of these in it.
_TELLING = ("pass", "secret", "token", "credential", "key", "auth", "url\n", "uri\n")
_TELLS = re.compile("|".join(_TELLING))
# So many names are searched at once: few of these parts hold a name that looks like a secret.
_AT_ONCE = 32
# A path to a secret is no secret.
_POINTER = re.compile(r"[._-](?:file|path|dir|sock)$", re.IGNORECASE)
_URL = re.compile(r"(?:^|[._-])ur[li]$", re.IGNORECASE)
_AUTHORITY_END = re.compile(r"[/?#\s]")
# MYSQL_ALLOW_EMPTY_PASSWORD=yes is a switch, not a secret.
_SWITCHES = frozenset({"true", "false", "yes", "no", "on", "off"})


def find_in_env(entries: Iterable[str], at: str) -> list[JSON]:
    """From entries NAME=value; NAME alone unsets the variable."""
    pairs = [entry.partition("=") for entry in entries]
    if not _some_may_tell([name for name, _, _ in pairs]):
        return []
    return [
        {"name": name, "at": f"{at}[{index}]"}
        for index, (name, _, value) in enumerate(pairs)
        if looks_secret(name, value)
    ]


def find_in_map(values: Mapping[str, JSON], at: str) -> list[JSON]:
    """From a map of names to values."""
    names = list(values)
    parts = (names[start : start + _AT_ONCE] for start in range(0, len(names), _AT_ONCE))
    return [
        {"name": name, "at": at}
        for part in parts
        if _some_may_tell(part)
        for name in part
        if isinstance(value := values[name], str) and looks_secret(name, value)
    ]


def looks_secret(name: str, value: str) -> bool:
    """Whether a variable of this name and value looks like a secret."""
    if value == "" or not _may_tell(name) or _POINTER.search(name):
        return False
    if _URL.search(name):
        return any(_has_password(rest) for rest in value.split("://")[1:])
    return value.lower() not in _SWITCHES and _WORDS.search(name) is not None


def _may_tell(name: str) -> bool:
    """False only for names in which neither _WORDS nor _URL finds anything."""
    # Outside ASCII there are letters that a pattern takes for one in lower case (U+017F, U+212A).
    return not name.isascii() or _TELLS.search(f"{name}\n".lower()) is not None


def _some_may_tell(names: list[str]) -> bool:
    """False only where _may_tell is False for each; far quicker than to ask it of each."""
    text = "\n".join([*names, ""]).lower()
    return not text.isascii() or any(word in text for word in _TELLING)


def _has_password(rest: str) -> bool:
    """Whether what follows :// begins with user:password@."""
    authority = _AUTHORITY_END.split(rest, maxsplit=1)[0]
    return authority.rpartition("@")[0].partition(":")[2] != ""
