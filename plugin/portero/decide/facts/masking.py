"""Masks the secrets in a request of dockerd, so that it may be stored and rules still decide the same.

Masked are values under names that look secret, passwords in URLs, tokens of well-known kinds, the data of secrets and
configs, and every header that no rule reads. A request that cannot be read cannot be masked, and is refused.
"""

import base64
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import cast
from urllib.parse import quote, quote_plus, unquote, unquote_plus

from portero.decide.facts.secret_names import looks_secret, may_name_secret
from portero.decide.reading import go_json, uri
from portero.decide.reading.envelope import Envelope
from portero.decide.reading.go_json import Pairs, Tree, fold
from portero.decide.values.errors import PorteroError
from portero.decide.values.image_names import hide_login, hide_login_in_path
from portero.decide.values.json_fields import JSON
from portero.decide.values.refusals import Refused

MASK = "***"

_URL_PASSWORD = re.compile(r"(?P<user>://[^/?#\s:]*+):[^/?#\s]*@")
_TOKEN = re.compile(
    r"(?<![A-Za-z0-9_-])(?:"
    r"A[KS]IA[A-Z0-9]{16}"  # Amazon
    r"|gh[opsru]_[A-Za-z0-9]{20,255}+|github_pat_[A-Za-z0-9_]{20,255}+|glpat-[A-Za-z0-9_-]{20,255}+"
    r"|dckr_[a-z]{3}_[A-Za-z0-9_-]{20,255}+|SWM(?:TKN|KEY)-1-[A-Za-z0-9+/=-]{20,255}+"  # Docker
    r"|xox[a-z]-[A-Za-z0-9-]{10,255}+"  # Slack
    r"|eyJ[A-Za-z0-9_-]{8,8192}+\.[A-Za-z0-9_-]{8,8192}+\.[A-Za-z0-9_-]{0,8192}+"  # JSON web tokens
    r")"
)
_PRIVATE_KEY = re.compile(r"-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----.*", re.DOTALL)
_SCHEMES = ("bearer", "basic")
_SCHEME = re.compile(r"\b(?P<scheme>Bearer|Basic)\s++[^\s\"',;]++", re.IGNORECASE)
# NAME=value, "name": "value", Name: value
_HEAD = re.compile(r"(?<![\w.-])(?P<name>[\w.-]++)[\"']?+[ \t]{0,20}+[=:][ \t]{0,20}+")
_VALUE = re.compile(r"(?P<quote>[\"']?)(?P<bare>(?:(?<=\")[^\"]++|(?<=')[^']++|[^\s,;&\"']++))")
# ENV NAME value, the old way
_OLD_ENV = re.compile(r"^(?P<name>[ \t]*+ENV[ \t]++(?P<variable>[\w.-]++))[ \t]++(?P<value>[^\n]++)", re.I | re.M)


def mask_text(raw: str) -> str:
    """The text with a mask for each secret in it."""
    plain = _PRIVATE_KEY.sub(MASK, raw)
    plain = mask_urls(plain)
    plain = _TOKEN.sub(MASK, plain)
    folded = plain.casefold()
    if any(scheme in folded for scheme in _SCHEMES):
        plain = _SCHEME.sub(rf"\g<scheme> {MASK}", plain)
    # Most texts have none: one search is quicker than to look at each name.
    if not may_name_secret(folded):
        return plain
    plain = _OLD_ENV.sub(_mask_old_env, plain)
    return "".join(_mask_values(plain))


def mask_value(name: str, value: str) -> str:
    """A replacement for a value that looks secret under its name; the replacement looks secret, too."""
    return MASK if looks_secret(name, MASK) else mask_text(value)


def mask_urls(raw: str) -> str:
    """The text with a mask for each password in a URL."""
    return _URL_PASSWORD.sub(rf"\g<user>:{MASK}@", raw)


def _mask_values(raw: str) -> Iterator[str]:
    end = 0
    for head in _HEAD.finditer(raw):
        # The name is tested before the value is matched: in a=a=a=... each value reaches to the end of the text.
        if head.start() < end or not looks_secret(head["name"].lstrip("-"), MASK):
            continue
        value = _VALUE.match(raw, head.end())
        if value and looks_secret(head["name"].lstrip("-"), value["bare"]):
            yield raw[end : value.start("bare")] + MASK
            end = value.end()
    yield raw[end:]


def _mask_old_env(match: re.Match[str]) -> str:
    return f"{match['name']} {MASK}" if looks_secret(match["variable"], match["value"]) else match[0]


# The mask in base64, which Docker's decoder expects.
_MASKED_DATA = base64.b64encode(MASK.encode()).decode()
_PLAIN_HEADERS = frozenset(
    {"accept", "accept-encoding", "connection", "content-length", "content-type", "upgrade", "user-agent"}
)
_DATA, _REMOTE = fold("Data"), fold("Remote")
_SECRET_FIELDS = frozenset(map(fold, ("JoinToken", "SigningCAKey", "UnlockKey")))
# Names of objects and paths of the host: rules read them, and text like NAME=value in them is not a secret.
_PATHS = ("Binds", "Destination", "SecretID", "SecretName", "Source", "Target")
_IMAGES = frozenset(map(fold, ("FromImage", "Image", "Repo", "T", "Tag", "Term")))
_PLAIN_FIELDS = frozenset(map(fold, _PATHS)) | _IMAGES


class Unmaskable(PorteroError):
    """The part of the request that cannot be read: uri or body."""


def mask_request(request: Envelope) -> dict[str, JSON]:
    """The envelope as dockerd would have posted it, had there been no secrets in it; raises Unmaskable."""
    body = None if request.body is None else _mask_json(request.body)
    document: dict[str, JSON] = {
        "RequestMethod": request.method,
        "RequestUri": _mask_uri(request.uri),
        "RequestHeaders": _mask_headers(request.headers, len(request.body or b""), len(body or b"")),
        "User": request.user,
        "UserAuthNMethod": request.auth_method,
        "RequestBody": base64.b64encode(body or b"").decode(),
        "RequestPeerCertificates": [*request.peer_certificates],
    }
    return {name: value for name, value in document.items() if value}


def mask_document(document: JSON) -> JSON:
    """A JSON document without secrets; raises Unmaskable."""
    try:
        return _to_json(_mask_tree(go_json.make_tree(document), ""))
    except Refused:
        raise Unmaskable("body") from None


def _mask_headers(headers: Mapping[str, str], length: int, masked_length: int) -> dict[str, JSON]:
    masked: dict[str, JSON] = {name: value if name in _PLAIN_HEADERS else MASK for name, value in headers.items()}
    if headers.get("content-length") == str(length):
        masked["content-length"] = str(masked_length)
    return masked


def _mask_uri(target: str) -> str:
    try:
        uri.parse_target(target)
    except Refused:
        raise Unmaskable("uri") from None
    path, mark, query = target.partition("?")
    path = mask_urls(path)
    plain = hide_login_in_path(unquote(path))
    path = path if plain == unquote(path) else quote(plain, safe="/:@*")
    return path + mark + "&".join(_mask_parameter(pair) for pair in query.split("&"))


def _mask_parameter(pair: str) -> str:
    name, equals, encoded = pair.partition("=")
    value = unquote_plus(encoded)
    plain = _mask_query_value(unquote_plus(name), value)
    return pair if plain == value else name + equals + quote_plus(plain)


def _mask_query_value(name: str, value: str) -> str:
    """Build arguments and labels are JSON, the changes of a commit are lines of a Dockerfile."""
    if fold(name) in _PLAIN_FIELDS:
        return _mask_name(fold(name), value)
    if looks_secret(name, value):
        return mask_value(name, value)
    if fold(name) == _REMOTE and "://" not in value:
        return hide_login(value)
    if not value.startswith(("{", "[")):
        return mask_text(value)
    try:
        return _mask_json(value.encode()).decode()
    except Unmaskable:
        return MASK


def _mask_json(data: bytes) -> bytes:
    try:
        tree = go_json.parse_json(data)
    except Refused:
        raise Unmaskable("body") from None
    plain = _mask_tree(tree, "")
    # A body without secrets stays the same, byte by byte.
    return data if plain == tree else "".join(_write_json(plain)).encode()


def _mask_tree(node: Tree, field: str) -> Tree:
    """The node without secrets; `field` is the folded name of the member in which it stands."""
    if isinstance(node, Pairs):
        return Pairs((name, _mask_member(name, value)) for name, value in node)
    if isinstance(node, list):
        return _mask_list(node, field)
    if isinstance(node, str):
        return _mask_name(field, node) if field in _PLAIN_FIELDS else mask_text(node)
    return node


def _mask_name(field: str, value: str) -> str:
    """An image's name without a login; a path can have an @ in it."""
    return hide_login(value) if field in _IMAGES else value


def _mask_member(name: str, value: Tree) -> Tree:
    field = fold(name)
    if not isinstance(value, str) or field in _PLAIN_FIELDS or value == "":
        return _mask_tree(value, field)
    if field == _DATA:
        return _MASKED_DATA
    if field in _SECRET_FIELDS:
        return MASK
    if looks_secret(name, value):
        return mask_value(name, value)
    return mask_text(value)


def _mask_list(nodes: Sequence[Tree], field: str) -> list[Tree]:
    plain: list[Tree] = []
    before = ""
    for node in nodes:
        plain.append(_mask_word(node, before, field) if isinstance(node, str) else _mask_tree(node, field))
        before = node if isinstance(node, str) else ""
    return plain


def _mask_word(word: str, before: str, field: str) -> str:
    """A variable NAME=value, an option --name=value, or the value after an option --name."""
    if field in _PLAIN_FIELDS:
        return _mask_name(field, word)
    if before.startswith("-") and "=" not in before and looks_secret(before.lstrip("-"), word):
        return MASK
    name, equals, value = word.partition("=")
    if equals and looks_secret(name.lstrip("-"), value):
        return name + equals + mask_value(name.lstrip("-"), value)
    return mask_text(word)


def _to_json(node: Tree) -> JSON:
    if isinstance(node, Pairs):
        return {name: _to_json(value) for name, value in node}
    return [_to_json(value) for value in node] if isinstance(node, list) else cast(JSON, node)


def _write_json(node: Tree) -> Iterator[str]:
    if isinstance(node, Pairs):
        yield "{"
        for index, (name, value) in enumerate(node):
            yield f"{',' if index else ''}{json.dumps(name)}:"
            yield from _write_json(value)
        yield "}"
    elif isinstance(node, list):
        yield "["
        for index, value in enumerate(node):
            yield "," if index else ""
            yield from _write_json(value)
        yield "]"
    else:
        yield json.dumps(node)
