"""Portero's own requests to dockerd, about which dockerd asks it again: the bytes of an envelope in, the reply out.

They carry a random value, made when Portero starts and shared by the deciders that follow. Another authorization plugin
that dockerd asks sees it too; it admits nothing but these reading requests.
"""

import re

from portero.decide.reading import envelope, uri
from portero.decide.values.json_fields import JSON
from portero.decide.values.refusals import Refused
from portero.observe.dockerd.api import HEADER, SECRET

_SECRET_BYTES = SECRET.encode()
_LISTS = "info|events|containers/json|networks|services|secrets|configs"
# A name of the first two may have slashes: dockerd has no other GET below them.
_INSPECTED = "(volumes|networks)/.+|(services|tasks|secrets|configs)/[^/]+"
_LOOKUP_PATH = re.compile(rf"/({_LISTS}|(containers|exec|images)/.+/json|{_INSPECTED})")


def answer_own_request(data: bytes) -> dict[str, JSON] | None:
    """The reply when this envelope holds the random value; None: it is another client's request.

    Only a GET of what Portero looks up is allowed. Neither reply repeats the value.
    """
    if data.find(_SECRET_BYTES) < 0:  # quicker than `in` (values/json_objects.py)
        return None
    if _is_lookup(data):
        return {"Allow": True, "Msg": ""}
    return {"Allow": False, "Msg": f"{HEADER} is for Portero's own lookups -> send the request without it"}


def _is_lookup(data: bytes) -> bool:
    try:
        request = envelope.read_envelope(data)
        path = uri.parse_target(request.uri).path
    except Refused:
        return False
    has_secret = request.headers.get(HEADER.lower()) == SECRET and request.body is None
    return has_secret and request.method == "GET" and _LOOKUP_PATH.fullmatch(path) is not None
