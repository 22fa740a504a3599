"""From an envelope to a decision: operation, body, facts, rules.

Pure, except for the host view that it is handed. Every error on the way is a denial with a stable code.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Literal, cast

from portero.decision import Decision, Subject, Violation, bounded, in_order, refusal
from portero.facts.inspected import Inspected
from portero.host.peer import Peer
from portero.host.view import Host, HostMoment
from portero.judging import (
    dropped_fields,
    existing_image,
    request_document,
    suggestion,
    unknown_fields,
    waived_objects,
)
from portero.judging.existing import Existing
from portero.policy.action import ACTS, Acting
from portero.policy.loader import Policy
from portero.reading import body, envelope, go_json, uri
from portero.reading.canonical import Shapes, canonical
from portero.reading.envelope import Envelope
from portero.reading.routes import Match, Operation, Routes
from portero.refusals import Refused
from portero.types import JSON


@dataclass(frozen=True, slots=True)
class Judge:
    """Decides requests by one policy. `profile` and `mode` as in the settings of the same name.

    `audit_profile`: what this stricter profile would refuse is reported; empty for none.
    """

    policy: Policy
    routes: Routes
    shapes: Shapes
    host: Host
    profile: str
    mode: Literal["enforce", "audit"]
    audit_profile: str = ""

    def decide(self, data: bytes, id: str, time: float, peer: Peer | None = None) -> Decision:
        """The decision on one AuthZReq as dockerd posted it; `id` and `time` (seconds since 1970) are the caller's.

        `peer`: the process that posted it. A refusal on the way still names what was read before it.
        """
        asked: Envelope | None = None
        target: uri.Target | None = None
        match: Match | None = None
        document: dict[str, JSON] | None = None
        suggested: Mapping[str, str] = {}
        fault: Exception | None = None
        try:
            # The request and the suggestion are judged at one and the same moment of the host.
            host = self.host.moment(peer)
            asked = envelope.read(data)
            target = uri.parse(asked.uri)
            match = self.routes.match(asked.method, target.path)
            document = self._with_objects(self._document(asked, target, match, host), match, time, host)
            violations = self.judge(document, time)
            if violations:
                suggested = self._suggest(document, match, violations, time, host)
        except Refused as refused:
            violations = (refusal(refused.code, refused.at),)
        except Exception as error:  # noqa: BLE001 - every error on the way ends as a denial, never as an allow
            fault = error
            violations = (refusal("internal-error", ""),)
        return Decision(
            id=id,
            time=time,
            subject=_subject(asked, target, match, document or {}),
            violations=bounded(in_order(self._enforced(violations))),
            policy=self.policy.digest,
            profile=self.profile,
            mode=self.mode,
            fault=fault,
            suggestion=suggested,
            audit_profile=self.audit_profile,
        )

    def document(self, data: bytes) -> dict[str, JSON]:
        """The request document that rules see of one AuthZReq; raises Refused when it cannot be read."""
        asked = envelope.read(data)
        target = uri.parse(asked.uri)
        return self._document(asked, target, self.routes.match(asked.method, target.path), self.host.moment())

    def judge(self, document: dict[str, JSON], time: float, acts: Sequence[Acting] = ACTS) -> tuple[Violation, ...]:
        """Every violation of one request document, at a time that decides which exceptions still count.

        `acts`: only the violations of rules with this action.
        """
        violated = self.policy.check(document, self.profile, acts, self.audit_profile)
        # An exception waives rules, never a refusal code.
        return (
            *self.policy.waived(violated, document, time),
            *waived_objects.report(document["objects"], self.policy.rules),
            *unknown_fields.report(document, self.policy.unknown_fields),
            *dropped_fields.report(document),
        )

    def _document(self, asked: Envelope, target: uri.Target, match: Match, host: HostMoment) -> dict[str, JSON]:
        return request_document.build(
            operation=match.operation,
            version=target.version,
            path=match.path,
            query=target.query,
            identity={"user": asked.user, "groups": [], "method": asked.auth_method.lower()},
            canonical=body.read(asked, match, target.query, self.shapes, target.version),
            host=host,
        )

    def _with_objects(self, document: dict[str, JSON], match: Match, time: float, host: HostMoment) -> dict[str, JSON]:
        """The document with the existing objects that the request uses, where the daemon can be asked for them."""
        objects = host.objects() if match.operation.looks_up else None
        if objects is None:
            return document
        identity = cast(dict[str, JSON], document["identity"])
        existing = Existing(objects, host, partial(self._judge_existing, identity, time), match.operation.looks_up)
        used = existing.describe(document)
        if "image" in match.operation.looks_up:
            is_read = self.policy.reads_image(match.operation.id, self.profile)
            used |= existing_image.describe(document, objects, is_read=is_read)
        return {**document, "objects": used}

    def _judge_existing(
        self, identity: Mapping[str, JSON], time: float, made: Inspected, host: HostMoment, used: Mapping[str, JSON]
    ) -> tuple[Violation, ...]:
        """What an existing object violates that counts when it is used, and what of it an exception waives."""
        tree = go_json.parse(json.dumps(made.body).encode())
        document = request_document.build(
            operation=Operation(made.operation, "POST", "", "json", True, False),
            version=None,
            path={"id": made.name},
            query={"name": (made.name,)},
            identity=identity,
            canonical=canonical(self.shapes.by_operation[made.operation], tree),
            host=host,
        )
        document["objects"] = dict(used)
        violated = [
            violation
            for violation in self.policy.check(document, self.profile, ("deny",))
            if self.policy.rules[violation.rule].at_use
        ]
        return (
            *self.policy.waived(violated, document, time),
            *waived_objects.report(document["objects"], self.policy.rules),
        )

    def _suggest(
        self,
        document: dict[str, JSON],
        match: Match,
        violations: tuple[Violation, ...],
        time: float,
        host: HostMoment,
    ) -> Mapping[str, str]:
        """What would be allowed instead of a denied request; it is judged first, so that it is true."""
        denials = _denials(self._enforced(violations))
        drafted = suggestion.suggest(document, denials, self.policy) if denials else None
        if drafted is None:
            return {}
        rebuilt = request_document.rebuild(self._as_kept(drafted.document), host)
        changed = self._with_objects(rebuilt, match, time, host)
        return {} if _denials(self.judge(changed, time, ("deny",))) else drafted.words

    def _as_kept(self, document: dict[str, JSON]) -> dict[str, JSON]:
        """The document without the fields that dockerd would drop at its API version."""
        operation, version = cast(str, document["operation"]), cast("str | None", document["apiVersion"])
        if version is None or not self.shapes.drops(operation, version):
            return document
        tree = go_json.parse(json.dumps(document["body"]).encode())
        kept = canonical(self.shapes.by_operation[operation], tree, version)
        return {**document, "body": kept.body}

    def _enforced(self, violations: tuple[Violation, ...]) -> tuple[Violation, ...]:
        if self.mode == "enforce":
            return violations
        return tuple(self._audited(violation) for violation in violations)

    def _audited(self, violation: Violation) -> Violation:
        rule = self.policy.rules.get(violation.rule)
        if violation.action != "deny" or (rule is not None and rule.denies_in_audit):
            return violation
        return replace(violation, action="audit", profile=self.profile)


def _subject(
    asked: Envelope | None, target: uri.Target | None, match: Match | None, document: Mapping[str, JSON]
) -> Subject:
    return Subject(
        operation=match.operation.id if match else "",
        method=asked.method if asked else "",
        path=target.path if target else "",
        version=target.version if target else None,
        user=asked.user if asked else "",
        client=asked.headers.get("user-agent", "") if asked else "",
        image=_image(document),
        reads=match.operation.reads if match else False,
        daemon_defaults=_daemon_defaults(document),
    )


def _denials(violations: tuple[Violation, ...]) -> tuple[Violation, ...]:
    return tuple(violation for violation in in_order(violations) if violation.action == "deny")


def _image(document: Mapping[str, JSON]) -> str | None:
    facts = document.get("facts")
    image = facts.get("image") if isinstance(facts, dict) else None
    reference = image.get("reference") if isinstance(image, dict) else None
    return reference if isinstance(reference, str) and reference else None


def _daemon_defaults(document: Mapping[str, JSON]) -> tuple[str, ...]:
    facts = document.get("facts")
    named = facts.get("daemonDefaults") if isinstance(facts, dict) else None
    return tuple(str(name) for name in named) if isinstance(named, list) else ()
