"""The way from dockerd's question to the decision: envelope, operation, body, facts, rules.

Pure but for the host view that it is handed. Every error on the way is a denial with a stable code.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, cast

from portero.decision import Decision, Subject, Violation, in_order, refusal
from portero.host.peer import Peer
from portero.host.view import Host, HostMoment
from portero.judging import dropped_fields, request_document, suggestion
from portero.policy.loader import Policy
from portero.policy.policy import ACTS, Acting
from portero.reading import body, envelope, go_json, uri
from portero.reading.canonical import Shapes, canonical
from portero.reading.envelope import Envelope
from portero.reading.routes import Match, Routes
from portero.refusals import Refused
from portero.types import JSON

# A body may hold thousands of names that Docker does not know; the log line stays bounded.
_MOST_UNKNOWN_FIELDS = 20


@dataclass(frozen=True, slots=True)
class Judge:
    """Decides requests by one policy. `profile` and `mode` as in the settings of the same name."""

    policy: Policy
    routes: Routes
    shapes: Shapes
    host: Host
    profile: str
    mode: Literal["enforce", "audit"]

    def decide(self, data: bytes, id: str, time: float, peer: Peer | None = None) -> Decision:
        """The decision on one AuthZReq as dockerd posted it; `id` and `time` (seconds since 1970) are the caller's.

        `peer`: the process that posted it.
        """
        case = _Case()
        fault: Exception | None = None
        try:
            violations = self._violations(data, case, time, peer)
        except Refused as refused:
            violations = (refusal(refused.code, refused.at),)
        except Exception as error:  # noqa: BLE001 - whatever goes wrong here must end as a denial, never as an allow
            fault = error
            violations = (refusal("internal-error", ""),)
        return Decision(
            id,
            time,
            case.subject(),
            in_order(self._enforced(violations)),
            self.policy.digest,
            self.profile,
            self.mode,
            fault,
            case.suggestion,
        )

    def document(self, data: bytes) -> dict[str, JSON]:
        """The request document that rules see of one AuthZReq; raises Refused when it cannot be read."""
        return self._document(envelope.read(data), _Case(), self.host.moment())

    def _violations(self, data: bytes, case: "_Case", time: float, peer: Peer | None) -> tuple[Violation, ...]:
        # What is asked and what may be tried instead are looked at in one and the same moment of the host.
        host = self.host.moment(peer)
        document = self._document(envelope.read(data), case, host)
        violations = self.judge(document, time)
        if violations:
            case.suggestion = self._suggestion(document, violations, time, host)
        return violations

    def judge(self, document: dict[str, JSON], time: float, acts: Sequence[Acting] = ACTS) -> tuple[Violation, ...]:
        """Every violation of one request document, at a time that decides which exceptions still work.

        `acts`: only those of rules that do this.
        """
        broken = self.policy.check(document, self.profile, acts)
        # An exception waives rules, never a refusal code.
        return (
            *self.policy.waived(broken, document, time),
            *self._unknown_fields(document),
            *dropped_fields.report(document),
        )

    def _document(self, asked: Envelope, case: "_Case", host: HostMoment) -> dict[str, JSON]:
        case.asked = asked
        case.aim = aim = uri.parse(asked.uri)
        case.match = match = self.routes.match(asked.method, aim.path)
        document = self._read(asked, aim, match, host)
        case.image, case.daemon_defaults = _image(document), _daemon_defaults(document)
        return document

    def _read(self, asked: Envelope, aim: uri.Target, match: Match, host: HostMoment) -> dict[str, JSON]:
        read = body.read(asked, match, self.shapes, aim.version)
        identity: dict[str, JSON] = {"user": asked.user, "groups": [], "method": asked.auth_method.lower()}
        return request_document.build(match.operation, aim.version, match.path, aim.query, identity, read, host)

    def _unknown_fields(self, document: dict[str, JSON]) -> Iterable[Violation]:
        action = self.policy.unknown_fields
        facts = document["facts"]
        if action == "off" or not isinstance(facts, dict):
            return ()
        fields = facts.get("unknownFields")
        places = fields[:_MOST_UNKNOWN_FIELDS] if isinstance(fields, list) else []
        return [refusal("unknown-field", str(field["at"]), action) for field in places if isinstance(field, dict)]

    def _suggestion(
        self, document: dict[str, JSON], violations: tuple[Violation, ...], time: float, host: HostMoment
    ) -> Mapping[str, str]:
        """What would be allowed instead of a request that is denied; it is judged first, so that the answer is true."""
        denials = _denials(self._enforced(violations))
        drafted = suggestion.of(document, denials, self.policy) if denials else None
        if drafted is None:
            return {}
        changed = request_document.again(self._as_kept(drafted.document), host)
        return {} if _denials(self.judge(changed, time, ("deny",))) else drafted.words

    def _as_kept(self, document: dict[str, JSON]) -> dict[str, JSON]:
        """The document without the fields that dockerd would drop at its API version."""
        operation = cast(str, document["operation"])
        if document["apiVersion"] is None or operation not in self.shapes.dated:
            return document
        tree = go_json.parse(json.dumps(document["body"]).encode())
        kept = canonical(self.shapes.by_operation[operation], tree, cast(str, document["apiVersion"]))
        return {**document, "body": kept.body}

    def _enforced(self, violations: tuple[Violation, ...]) -> tuple[Violation, ...]:
        if self.mode == "enforce":
            return violations
        return tuple(replace(v, action="audit") if v.action == "deny" else v for v in violations)


class _Case:
    """What is known so far, so that a refusal half-way still says what it refuses."""

    def __init__(self) -> None:
        self.asked: Envelope | None = None
        self.aim: uri.Target | None = None
        self.match: Match | None = None
        self.image: str | None = None
        self.daemon_defaults: tuple[str, ...] = ()
        self.suggestion: Mapping[str, str] = {}

    def subject(self) -> Subject:
        asked, aim, match = self.asked, self.aim, self.match
        return Subject(
            operation=match.operation.id if match else "",
            method=asked.method if asked else "",
            path=aim.path if aim else "",
            version=aim.version if aim else None,
            user=asked.user if asked else "",
            client=asked.headers.get("user-agent", "") if asked else "",
            image=self.image,
            reads=match.operation.reads if match else False,
            daemon_defaults=self.daemon_defaults,
        )


def _denials(violations: tuple[Violation, ...]) -> tuple[Violation, ...]:
    return tuple(violation for violation in in_order(violations) if violation.action == "deny")


def _image(document: dict[str, JSON]) -> str | None:
    facts = document["facts"]
    image = facts.get("image") if isinstance(facts, dict) else None
    reference = image.get("reference") if isinstance(image, dict) else None
    return reference if isinstance(reference, str) and reference else None


def _daemon_defaults(document: dict[str, JSON]) -> tuple[str, ...]:
    facts = document["facts"]
    named = facts.get("daemonDefaults") if isinstance(facts, dict) else None
    return tuple(str(name) for name in named) if isinstance(named, list) else ()
