"""Splits a request target into path, API version and query as dockerd does (Go's net/url and gorilla/mux).

In: RequestUri, the raw target of the HTTP request line. Out: the path decoded once and without its version prefix, the
version, the query. Refused: what does not decode, has a fragment, an unclean path (dockerd answers those with a
redirect), a query with a semicolon, or a version without numbers.
"""

import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from urllib.parse import unquote_to_bytes

from portero.decide.values.dataclass import dataclass
from portero.decide.values.refusals import Refused

# U+FFFD is what dockerd's JSON encoder makes of a byte that is not UTF-8; the byte itself, which dockerd obeys, is
# lost. Nothing is lost when a client writes U+FFFD percent-encoded.
_UNREADABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\ufffd]")
BAD_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
# A query carries commit messages and import changes, so it may have line breaks and tabs.
_CONTROL_IN_QUERY = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")  # getScheme of Go's net/url
_VERSION = re.compile(r"/v([0-9.]+)(?=/)")  # versionMatcher of moby api/server/server.go
_MAX_DIGITS = 18  # digits that fit Go's int; dockerd reads a longer number as another one
_ONE_PAIR = re.compile(r"[A-Za-z0-9_.:=,/-]+")
# What nearly all targets are, in which nothing is encoded; the rest is read step by step.
_USUAL = re.compile(
    r"(?:/v([1-9][0-9]{0,8}\.[1-9][0-9]{0,8})|(?!/v[0-9.]+/))"
    r"((?:/_?[A-Za-z0-9][A-Za-z0-9_.:-]*)+)(?:\?([A-Za-z0-9_.:=,/&-]*))?"
)
# A `docker build` with many tags and cache sources has some dozen.
_MAX_PAIRS = 1_000
_NO_QUERY: Mapping[str, tuple[str, ...]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Target:
    """A request target. `version` is None in a path without one; of several query values the first one counts."""

    path: str
    version: str | None
    query: Mapping[str, tuple[str, ...]]


def parse_target(uri: str) -> Target:
    """The target behind `uri`; raises Refused: one of the uri-... codes, too-many-parameters. `at`: path, query, ""."""
    if usual := _USUAL.fullmatch(uri):
        version, path, query = usual.groups()
        return Target(path, version, _parse_query(query))
    if _UNREADABLE.search(uri):
        raise Refused("uri-undecodable")
    if "#" in uri:
        raise Refused("uri-fragment")
    if "%" in uri and BAD_ESCAPE.search(uri):
        raise Refused("uri-undecodable")
    encoded_path, query = _split(uri)
    path = _decode(encoded_path, "path", _CONTROL)
    if not _is_clean(path):
        raise Refused("uri-not-clean", "path")
    prefix = _VERSION.match(path)
    if prefix is None:
        return Target(path, None, _parse_query(query))
    return Target(path[prefix.end() :], _parse_version(prefix[1]), _parse_query(query))


def find_first(query: Mapping[str, Sequence[str]], name: str) -> str:
    """The value of a parameter that counts; empty when it was not sent."""
    return (*query.get(name, ()), "")[0]


def _split(uri: str) -> tuple[str, str]:
    """Path and query, still encoded. Scheme and authority go: dockerd looks at neither."""
    scheme = None if uri.startswith("/") else _SCHEME.match(uri)
    rest, _, query = uri[scheme.end() if scheme else 0 :].partition("?")
    if scheme and rest.startswith("//"):
        _, slash, path = rest[2:].partition("/")
        rest = slash + path
    return rest, query


def _decode(text: str, at: str, control: re.Pattern[str]) -> str:
    if text.isascii() and "%" not in text:
        return text  # `parse_target` has refused every control character that is not escaped
    try:
        plain = unquote_to_bytes(text).decode()
    except UnicodeError:
        raise Refused("uri-undecodable", at) from None
    if control.search(plain):
        raise Refused("uri-undecodable", at)
    return plain


def _is_clean(path: str) -> bool:
    """Whether gorilla's cleanPath leaves the decoded path alone; a trailing slash it does."""
    if not path.startswith("/"):
        return False
    *inner, last = path[1:].split("/")
    return last not in (".", "..") and not any(segment in ("", ".", "..") for segment in inner)


def _parse_version(version: str) -> str:
    """A version as dockerd compares it (moby api/types/versions): number by number, a missing one being 0."""
    numbers = [number.lstrip("0") or "0" for number in version.split(".")]
    if version.strip(".") == "" or any(len(number) > _MAX_DIGITS for number in numbers):
        raise Refused("uri-version", "path")
    while len(numbers) > 2 and numbers[-1] == "0":
        numbers.pop()
    return ".".join(numbers) if len(numbers) > 1 else f"{numbers[0]}.0"


def _parse_query(text: str | None) -> Mapping[str, tuple[str, ...]]:
    if not text:
        return _NO_QUERY
    if _ONE_PAIR.fullmatch(text):
        name, _, value = text.partition("=")
        return MappingProxyType({name: (value,)})
    if ";" in text:
        raise Refused("uri-query-ambiguous", "query")
    if text.count("&") >= _MAX_PAIRS:
        raise Refused("too-many-parameters", "query")
    values: dict[str, list[str]] = {}
    is_encoded = "%" in text or not text.isascii()
    for pair in filter(None, text.replace("+", " ").split("&")):
        name, _, value = pair.partition("=")
        if is_encoded:
            name, value = (_decode(each, "query", _CONTROL_IN_QUERY) for each in (name, value))
        values.setdefault(name, []).append(value)
    return MappingProxyType({name: tuple(several) for name, several in values.items()})
