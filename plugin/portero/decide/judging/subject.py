"""The subject of a decision: each part of the request, as far as it could be read.

Its trace is the header `traceparent` (W3C Trace Context), which dockerd passes on. The client chooses it, and no
decision depends on it. A value of any other form is ignored.
"""

import re
from collections.abc import Mapping

from portero.decide.decision import Subject
from portero.decide.identity.caller import NO_IDENTITY, Identity
from portero.decide.judging.try_line import Composed
from portero.decide.reading.envelope import Envelope
from portero.decide.reading.routes import UNKNOWN, Match, is_probe
from portero.decide.reading.uri import Target
from portero.decide.values.docker_names import COMPOSE_PROJECT, COMPOSE_SERVICE
from portero.decide.values.image_names import hide_login_in_path
from portero.decide.values.json_fields import JSON, to_list, to_object, to_text, to_texts

_ONE_OFF_LABEL = "com.docker.compose.oneoff"
_STACK_LABEL = "com.docker.stack.namespace"
# In the query of `docker service update`, on each engine one of them at least without --with-registry-auth.
_UPDATED = frozenset({"registryAuthFrom", "rollback"})
_MAKING = frozenset({"ContainerCreate", "ServiceCreate", "NetworkCreate", "VolumeCreate"})
# Names of dockerd and services of Compose; a value of any other form is not repeated.
_NAME = re.compile(r"/?([a-zA-Z0-9_.-]{1,80})")
# Of a header traceparent: version, trace, span, flags; a later version may have more behind them.
_TRACE_FORM = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}(-[\x21-\x7e]*)?")
_FIRST_VERSION, _NO_VERSION = "00", "ff"


def describe_subject(
    envelope: Envelope | None,
    target: Target | None,
    match: Match | None,
    who: Identity | None,
    document: Mapping[str, JSON],
    left: str = "",
) -> Subject:
    """The subject of a decision; empty where the request could not be read, or the user is unknown."""
    if envelope is None:
        return Subject()
    # Of a read that no rule judges there is no document.
    facts = to_object(document["facts"]) if "facts" in document else {}
    shown, operation = who or NO_IDENTITY, match.operation if match else UNKNOWN
    trace, parent_span = read_traceparent(envelope.headers) if "traceparent" in envelope.headers else ("", "")
    defaults = tuple(map(str, to_list(facts["daemonDefaults"]))) if "daemonDefaults" in facts else ()
    # By position: by name it was a twentieth of a list.
    return Subject(
        operation.id if match else "",
        envelope.method,
        hide_login_in_path(target.path) if target else "",
        target.version if target else None,
        shown.user,
        envelope.headers.get("user-agent", ""),
        (to_text(to_object(facts["image"]).get("reference")) or None) if "image" in facts else None,
        match is not None and operation.reads,
        _name_made(target, document) if operation.id in _MAKING else "",
        is_by_compose(envelope, document),
        defaults,
        shown.groups,
        shown.method,
        shown.names,
        trace,
        parent_span,
        envelope.body is not None and target is not None and is_probe(target, envelope.body),
        "" if who else envelope.user,
        left,
        tuple(to_texts(to_object(document["objects"]).get("owners"))) if "objects" in document else (),
    )


def _name_made(target: Target | None, document: Mapping[str, JSON]) -> str:
    """What the request would make, as who sent it calls it: a service of a compose file, or a name; empty for none."""
    if service := find_composed(document).service:
        return f"service {service}"
    in_query = target.query.get("name", ()) if target else ()
    match = _NAME.fullmatch(in_query[0] if in_query else to_text(to_object(document.get("body")).get("Name")))
    return match[1] if match else ""


def find_composed(document: Mapping[str, JSON]) -> Composed:
    """The service of a compose file that would be made, or its container, and by which command."""
    labels = _get_labels(document)
    if stack := find_stack(document):
        name = to_text(to_object(document.get("body")).get("Name"))
        match = _NAME.fullmatch(name.removeprefix(f"{stack}_"))
        return Composed(match[1] if match else "", is_stack=True)
    match = _NAME.fullmatch(to_text(labels.get(COMPOSE_SERVICE)))
    settings = to_object(to_object(document.get("body")).get("HostConfig"))
    has_limits = any(settings.get(name) for name in ("Memory", "NanoCpus", "PidsLimit"))
    return Composed(match[1] if match else "", labels.get(_ONE_OFF_LABEL) == "True", has_limits=has_limits)


def find_stack(document: Mapping[str, JSON]) -> str:
    """The stack whose file `docker stack deploy` brings here, the first time or again; empty: another command.

    The label stays when the service is updated by `docker service update`, which says whose login counts, or that
    nothing goes back. With --with-registry-auth it can look as a deploy does, which would undo it.
    """
    makes = document.get("operation") == "ServiceCreate"
    if not makes and (
        document.get("operation") != "ServiceUpdate" or _UPDATED & to_object(document.get("query")).keys()
    ):
        return ""
    return to_text(_get_labels(document).get(_STACK_LABEL))


def is_by_compose(envelope: Envelope | None, document: Mapping[str, JSON]) -> bool:
    """Compose names itself in User-Agent; what works for it, as some IDEs do, at least labels what it makes."""
    client = envelope.headers.get("user-agent", "") if envelope else ""
    return "compose" in client.lower() or ("body" in document and COMPOSE_PROJECT in _get_labels(document))


def _get_labels(document: Mapping[str, JSON]) -> Mapping[str, JSON]:
    return to_object(to_object(document.get("body")).get("Labels"))


def read_traceparent(headers: Mapping[str, str]) -> tuple[str, str]:
    """The IDs of the trace and of the client's span, in hexadecimal; both are empty without a valid header."""
    match = _TRACE_FORM.fullmatch(headers["traceparent"]) if "traceparent" in headers else None
    if match is None:
        return "", ""
    version, trace, span, more = match.groups()
    if version == _NO_VERSION or (version == _FIRST_VERSION and more) or not int(trace, 16) or not int(span, 16):
        return "", ""
    return trace, span
