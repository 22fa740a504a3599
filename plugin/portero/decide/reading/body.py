"""The body of a request: the envelope and its operation in, the canonical body out.

Refused: a body that the operation needs or the headers announce and that is not there, and every form. The plugin is
shown a body when the first Content-Type is application/json, but of several Content-Types it is shown the last, while
dockerd acts on the first (moby pkg/authorization/authz.go). So a header alone never proves what arrived.
"""

from collections.abc import Mapping

from portero.decide.reading import go_json
from portero.decide.reading.body_decoder import Canonical, canonicalize
from portero.decide.reading.envelope import Envelope
from portero.decide.reading.routes import ApiRequest
from portero.decide.reading.shapes import Shapes
from portero.decide.reading.uri import Target, find_first
from portero.decide.values.refusals import Refused

# Only of these does net/http read a form from the body (Go src/net/http/request.go, ParseForm).
_FORM_METHODS = frozenset({"POST", "PUT", "PATCH"})
_FORM_TYPES = ("x-www-form-urlencoded", "multipart/")

_NOTHING = Canonical(None, ())
_MAX_START_BYTES = 7


def read_body(request: ApiRequest, shapes: Shapes) -> Canonical:
    """The body as Docker reads it at an API version, None without one; raises Refused with a body code."""
    envelope, target, operation = request.envelope, request.target, request.match.operation
    if envelope.method in _FORM_METHODS:
        _refuse_headers(envelope.headers)
    if operation.body == "json":
        if envelope.body is not None:
            return canonicalize(shapes.by_operation[operation.id], go_json.read_tree(envelope.body), target.version)
        if operation.body_required:
            raise Refused("body-missing")
        _refuse_unseen(envelope, "body-hidden")
        return _NOTHING
    if envelope.method in _FORM_METHODS and (operation.body == "none" or _is_pull(operation.id, target)):
        _refuse_unseen(envelope, "body-unexpected")
        # Daemons that still speak API 1.23 take a HostConfig here; newer ones refuse more than 7 bytes. An empty object
        # from one of Node's clients is harmless to both (moby container_routes.go, postContainersStart).
        if operation.id == "ContainerStart" and len(envelope.body or b"") > _MAX_START_BYTES:
            raise Refused("body-unexpected")
    # A JSON body of an operation that takes none is harmless: dockerd drops it, and Node's clients send one. A tar is
    # a stream that dockerd does not decode as JSON, whatever its Content-Type; dockerd never shows the body of /auth.
    return _NOTHING


def _is_pull(operation: str, target: Target) -> bool:
    """Whether an ImageCreate brings nothing: a hidden form would make an import of it, which takes an archive."""
    imports = find_first(target.query, "fromImage") == "" and find_first(target.query, "fromSrc") == "-"
    return operation == "ImageCreate" and not imports


def _refuse_headers(headers: Mapping[str, str]) -> None:
    """Those of a form, and of a length that is no number."""
    content_type = headers.get("content-type", "").lower()
    # Anywhere in the header, since a media type that cannot be parsed here may parse elsewhere.
    if any(form in content_type for form in _FORM_TYPES):
        raise Refused("body-form")
    length = headers.get("content-length", "0")
    if not (length.isascii() and length.isdigit()):
        raise Refused("body-hidden")


def _refuse_unseen(envelope: Envelope, code: str) -> None:
    """Raises `code` unless what is not shown is certainly nothing.

    A length of 0 is the truth: net/http drops the header of a chunked body (Go src/net/http/transfer.go). Without a
    length only the missing type tells, since dockerd's decoders refuse a body without one (moby api/server/httputils).
    """
    if envelope.body is not None or envelope.headers.get("content-length") == "0":
        return
    if "content-type" in envelope.headers or "content-length" in envelope.headers:
        raise Refused(code)
