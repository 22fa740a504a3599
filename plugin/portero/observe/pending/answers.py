"""What the answers of dockerd say that requests made and removed, and what the request of an exec says of it."""

from collections.abc import Mapping

from portero.decide.reading.envelope import decode_body
from portero.decide.reading.go_json import Pairs, parse_json
from portero.decide.values.docker_names import is_id
from portero.decide.values.json_fields import JSON, to_text, to_texts
from portero.decide.values.refusals import Refused
from portero.observe.dockerd.api import read_object


def read_id(body: bytes) -> str:
    """The ID of what an answer says was made; "": there is none."""
    id = to_text((read_object(body) or {}).get("Id"))
    return id if is_id(id) else ""


def read_deleted(body: bytes) -> list[str] | None:
    """The IDs of the containers that an answer says are gone; None: it does not say."""
    answer = read_object(body)
    return None if answer is None else to_texts(answer.get("ContainersDeleted"))


def read_process(shown: bytes | memoryview) -> Mapping[str, JSON] | None:
    """`privileged` and `user` of an exec as docker inspect shows them; None: it can be read otherwise than it looks."""
    try:
        tree = parse_json(decode_body(shown) or b"")
    except Refused:
        return None
    if not isinstance(tree, Pairs):
        return None
    # What Docker takes for one of the two names stands there once, and is spelt so.
    pairs = [(name, value) for name, value in tree if name.casefold() in ("user", "privileged")]
    sent = dict(pairs)
    if len(sent) < len(pairs) or not sent.keys() <= {"User", "Privileged"}:
        return None
    user, privileged = sent.get("User") or "", sent.get("Privileged") or False
    if not isinstance(user, str) or not isinstance(privileged, bool):
        return None
    return {"privileged": privileged, "user": user}
