"""Host paths that a request says: text in, the cleaned path out; a path with control characters is refused."""

import unicodedata

from portero.host.path import clean, is_absolute, is_within
from portero.refusals import Refused

__all__ = ["clean", "followed", "host_path", "is_absolute", "is_within", "rooted"]


def host_path(path: str, said: str) -> str:
    """The cleaned path; Refused when it holds what no reply or log could show as it is.

    That is a control character or, in the target of a link, a byte that is no text (Python's surrogate escapes).
    """
    # What is printable has none of these, nor others; most paths need no second look.
    if not path.isprintable() and any(unicodedata.category(character) in ("Cc", "Cs") for character in path):
        raise Refused("path-control-character", said)
    return clean(path)


def rooted(path: str, said: str) -> str:
    """The cleaned path from the root of the host, as dockerd reaches it: a relative one counts from the daemon's
    working directory, which is / unless somebody starts it by hand; higher than that nothing is."""
    return host_path("/" + path, said)


def followed(path: str, said: str) -> str:
    """The same for a path that dockerd hands to the kernel as it stands; Refused when it goes up.

    The kernel goes up from where a link has led, and whoever may change a link on the way, now or before the path is
    used, says where that is. All other paths dockerd cleans first, as we do (measured on 26.1.5).
    """
    if ".." in path.split("/"):
        raise Refused("path-climbs", said)
    return rooted(path, said)
