"""Takes secrets out of a request of dockerd: names stay, values become a mask, and rules see the same as before.

An envelope comes in, one that may be stored comes out. What cannot be read cannot be masked either, and is refused.
Masked: values under names that look secret, passwords in URLs, tokens of well-known kinds, the data of secrets and
configs, and every header that no rule looks at.
"""

import base64
import json
from collections.abc import Iterator, Mapping, Sequence
from urllib.parse import quote_plus, unquote_plus

from portero.facts.secret_names import looks_secret
from portero.reading import go_json, uri
from portero.reading.case_folding import fold
from portero.reading.envelope import Envelope
from portero.reading.go_json import Pairs, Tree
from portero.recording.secret_patterns import MASK, hidden, text, url
from portero.refusals import Refused
from portero.values.json_types import JSON

# Docker's decoder wants base64 here; it is the mask.
_MASKED_DATA = base64.b64encode(MASK.encode()).decode()
_PLAIN_HEADERS = frozenset(
    {"accept", "accept-encoding", "connection", "content-length", "content-type", "upgrade", "user-agent"}
)
_DATA = fold("Data")
_SECRET_FIELDS = frozenset(map(fold, ("JoinToken", "SigningCAKey", "UnlockKey")))
# Names of objects, and paths of the host: rules look at them, and what looks like NAME=value or name:value is none.
_PLACES = ("Binds", "Destination", "Source", "Target")
_NAMES = ("FromImage", "Image", "Repo", "SecretID", "SecretName", "T", "Tag")
_PLAIN_FIELDS = frozenset(map(fold, (*_PLACES, *_NAMES)))


class Unmaskable(Exception):
    """What of the request could not be read: uri or body."""


def masked(asked: Envelope) -> dict[str, JSON]:
    """The envelope as dockerd would have posted it, had there been no secrets in it; raises Unmaskable."""
    body = _body(asked.body)
    document: dict[str, JSON] = {
        "RequestMethod": asked.method,
        "RequestUri": _uri(asked.uri),
        "RequestHeaders": _headers(asked.headers, len(asked.body or b""), len(body or b"")),
        "User": asked.user,
        "UserAuthNMethod": asked.auth_method,
        "RequestBody": base64.b64encode(body or b"").decode(),
        "RequestPeerCertificates": [*asked.peer_certificates],
    }
    return {name: value for name, value in document.items() if value}


def _headers(headers: Mapping[str, str], length: int, masked_length: int) -> dict[str, JSON]:
    masked: dict[str, JSON] = {name: value if name in _PLAIN_HEADERS else MASK for name, value in headers.items()}
    if headers.get("content-length") == str(length):
        masked["content-length"] = str(masked_length)
    return masked


def _uri(target: str) -> str:
    try:
        uri.parse_target(target)
    except Refused:
        raise Unmaskable("uri") from None
    path, mark, query = target.partition("?")
    return url(path) + mark + "&".join(_parameter(pair) for pair in query.split("&"))


def _parameter(pair: str) -> str:
    name, equals, encoded = pair.partition("=")
    value = unquote_plus(encoded)
    plain = _value(unquote_plus(name), value)
    return pair if plain == value else name + equals + quote_plus(plain)


def _value(name: str, value: str) -> str:
    """A parameter; build arguments and labels are JSON, the changes of a commit are lines of a Dockerfile."""
    if fold(name) in _PLAIN_FIELDS:
        return value
    if looks_secret(name, value):
        return hidden(name, value)
    if not value.startswith(("{", "[")):
        return text(value)
    try:
        return _without_secrets(value.encode()).decode()
    except Unmaskable:
        return MASK


def _body(body: bytes | None) -> bytes | None:
    return None if body is None else _without_secrets(body)


def _without_secrets(data: bytes) -> bytes:
    try:
        tree = go_json.parse_json(data)
    except Refused:
        raise Unmaskable("body") from None
    plain = _tree(tree, "")
    # What holds no secret stays as it was written, byte by byte.
    return data if plain == tree else "".join(_written(plain)).encode()


def _tree(node: Tree, field: str) -> Tree:
    """The node without secrets; `field` is the folded name of the member in which it stands."""
    if isinstance(node, Pairs):
        return Pairs((name, _member(name, value)) for name, value in node)
    if isinstance(node, list):
        return _list(node, field)
    if isinstance(node, str) and field not in _PLAIN_FIELDS:
        return text(node)
    return node


def _member(name: str, value: Tree) -> Tree:
    field = fold(name)
    if not isinstance(value, str) or field in _PLAIN_FIELDS or value == "":
        return _tree(value, field)
    if field == _DATA:
        return _MASKED_DATA
    if field in _SECRET_FIELDS:
        return MASK
    if looks_secret(name, value):
        return hidden(name, value)
    return text(value)


def _list(nodes: Sequence[Tree], field: str) -> list[Tree]:
    plain: list[Tree] = []
    before = ""
    for node in nodes:
        plain.append(_word(node, before, field) if isinstance(node, str) else _tree(node, field))
        before = node if isinstance(node, str) else ""
    return plain


def _word(word: str, before: str, field: str) -> str:
    """A variable NAME=value, an option --name=value, or the value after an option --name."""
    if field in _PLAIN_FIELDS:
        return word
    if before.startswith("-") and "=" not in before and looks_secret(before.lstrip("-"), word):
        return MASK
    name, equals, value = word.partition("=")
    if equals and looks_secret(name.lstrip("-"), value):
        return name + equals + hidden(name.lstrip("-"), value)
    return text(word)


def _written(node: Tree) -> Iterator[str]:
    if isinstance(node, Pairs):
        yield "{"
        for index, (name, value) in enumerate(node):
            yield f"{',' if index else ''}{json.dumps(name)}:"
            yield from _written(value)
        yield "}"
    elif isinstance(node, list):
        yield "["
        for index, value in enumerate(node):
            yield "," if index else ""
            yield from _written(value)
        yield "]"
    else:
        yield json.dumps(node)
