"""Host paths of a request: text in, the cleaned path out; a path with control characters is refused."""

import unicodedata

from portero.decide.values.path import clean
from portero.decide.values.refusals import Refused


def clean_host_path(path: str, at: str) -> str:
    """The cleaned path; Refused when it holds a character that no reply or log can show.

    That is a control character or, in the target of a link, a byte that is no text (Python's surrogate escapes).
    """
    # Printable text has none of these, and most paths are printable.
    if not path.isprintable() and any(unicodedata.category(character) in ("Cc", "Cs") for character in path):
        raise Refused("path-control-character", at)
    return clean(path)


def clean_from_root(path: str, at: str) -> str:
    """The cleaned path from the root of the host, as dockerd reaches it: a relative one counts from the daemon's
    working directory, which is / unless dockerd is started by hand; nothing lies above /."""
    return clean_host_path("/" + path, at)


def clean_without_climbing(path: str, at: str) -> str:
    """The same for a path that dockerd hands to the kernel unchanged; Refused when it goes up.

    The kernel goes up from where a link has led, so who can change a link on the way before the path is used decides
    where that is. dockerd cleans all other paths first, as we do (measured on 26.1.5).
    """
    if ".." in path.split("/"):
        raise Refused("path-climbs", at)
    return clean_from_root(path, at)
