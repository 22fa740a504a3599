"""Names that look like secrets and are given a value: environment variables, build arguments, labels.

Names come out, values never do. This is the only place that knows the words.
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
# In lower case this finds something in every name in which _WORDS or _URL does. It is far quicker, and finds little.
_TELLING = re.compile("pass|secret|token|credential|key|auth|ur[li]$")
# What points at a secret is none.
_POINTER = re.compile(r"[._-](?:file|path|dir|sock)$", re.IGNORECASE)
_URL = re.compile(r"(?:^|[._-])ur[li]$", re.IGNORECASE)
_AUTHORITY_END = re.compile(r"[/?#\s]")
# MYSQL_ALLOW_EMPTY_PASSWORD=yes switches something, it keeps no secret.
_SWITCHES = frozenset({"true", "false", "yes", "no", "on", "off"})


def of_env(entries: Iterable[str], place: str) -> list[JSON]:
    """From entries NAME=value; NAME alone takes nothing into the container."""
    told = [(*entry.partition("=")[::2], f"{place}[{index}]") for index, entry in enumerate(entries)]
    return [{"name": name, "said": said} for name, value, said in told if looks_secret(name, value)]


def of_map(values: Mapping[str, JSON], place: str) -> list[JSON]:
    """From a map of names to values."""
    return [
        {"name": name, "said": place}
        for name, value in values.items()
        if isinstance(value, str) and looks_secret(name, value)
    ]


def looks_secret(name: str, value: str) -> bool:
    """Whether this name with this value gives a secret away."""
    if value == "" or not _may_tell(name) or _POINTER.search(name):
        return False
    if _URL.search(name):
        return any(_has_password(rest) for rest in value.split("://")[1:])
    return value.lower() not in _SWITCHES and _WORDS.search(name) is not None


def _may_tell(name: str) -> bool:
    """False only for names in which neither _WORDS nor _URL finds anything."""
    # Outside ASCII there are letters that a pattern takes for one in lower case (U+017F, U+212A).
    return not name.isascii() or _TELLING.search(name.lower()) is not None


def _has_password(rest: str) -> bool:
    """Whether what follows :// begins with user:password@."""
    authority = _AUTHORITY_END.split(rest, maxsplit=1)[0]
    return authority.rpartition("@")[0].partition(":")[2] != ""
