"""From an envelope to a decision: operation, body, facts, rules.

Pure, except for the host view that it is handed. Every error on the way is a denial with a stable code.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Literal, cast

from portero.decision import Decision, Violation, bounded, in_order, refusal
from portero.denial import Proposed
from portero.facts.inspected import Inspected
from portero.host.peer import Peer
from portero.host.view import Host, HostMoment
from portero.identity.caller import NOBODY, Credentials, Identity, identify
from portero.judging import (
    dropped_fields,
    existing_image,
    lifted,
    owned_objects,
    request_document,
    subject,
    suggestion,
    try_line,
    unknown_fields,
    waived_objects,
)
from portero.judging.decided_before import DecidedBefore, depends_on_time
from portero.judging.existing import Existing, Found
from portero.judging.owned_objects import OwnerNames
from portero.policy import profiles
from portero.policy.action import ACTS, Acting
from portero.policy.policy import Policy
from portero.reading import body, envelope, go_json, uri
from portero.reading.canonical import canonical
from portero.reading.envelope import Envelope
from portero.reading.routes import Match, Operation, Routes
from portero.reading.shapes import Shapes
from portero.refusals import Refused
from portero.types import JSON


@dataclass(frozen=True, slots=True)
class Judge:
    """Decides requests by one policy. `profile` and `mode` as in the settings of the same name.

    `audit_profile`: what this stricter profile would refuse is reported; empty for none. `audiences`: the names of this
    host, one of which a token must be for. `breaks_glass`: who asks may get past the rules.
    """

    policy: Policy
    routes: Routes
    shapes: Shapes
    host: Host
    profile: str
    mode: Literal["enforce", "audit"]
    audit_profile: str = ""
    audiences: tuple[str, ...] = ()
    breaks_glass: bool = False
    _before: DecidedBefore = field(init=False, repr=False, compare=False, default_factory=DecidedBefore)

    def decide(
        self, data: bytes, id: str, time: float, peer: Peer | None = None, known: Identity | None = None
    ) -> Decision:
        """The decision on one AuthZReq as dockerd posted it; `id` and `time` (seconds since 1970) are the caller's.

        `peer` posted it. `known`: who asked, as recorded; no proof is read then. A refusal names what was read before.
        """
        # The request and the suggestion are judged at one and the same moment of the host.
        host = self.host.moment(peer)
        name = self._before.name(data) if known is None else b""
        before = self._before.find(name, host)
        return before.again(id, time) if before else self._decide(data, id, time, known, host, name)

    def _decide(
        self, data: bytes, id: str, time: float, known: Identity | None, host: HostMoment, name: bytes
    ) -> Decision:
        judging = self
        asked: Envelope | None = None
        target: uri.Target | None = None
        match: Match | None = None
        who: Identity | None = None
        document: dict[str, JSON] = {}
        suggested: Proposed | None = None
        fault: Exception | None = None
        host = self._before.watch(name, host)
        try:
            asked = envelope.read(data)
            target = uri.parse(asked.uri)
            match = self.routes.match(asked.method, target.path)
            who = known or self._identify(asked, time)
            judging = self.for_caller(who)
            document, found = judging._document(asked, target, match, who, host), Found()
            document = judging._with_objects(document, match, time, host, found)
            violations = judging.find_violations(document, time)
            if violations:
                by_compose = subject.is_by_compose(asked, document)
                suggested = judging._suggest(document, match, violations, time, host, found, by_compose=by_compose)
        except Refused as refused:
            violations = (refusal(refused.code, refused.at),)
        except Exception as error:  # noqa: BLE001 - every error on the way ends as a denial, never as an allow
            fault = error
            violations = (refusal("internal-error", ""),)
        decision = Decision(
            id=id,
            time=time,
            subject=subject.describe(asked, target, match, who, document),
            violations=bounded(in_order(judging._enforced(violations))),
            policy=self.policy.digest,
            profile=judging.profile,
            mode=judging.mode,
            fault=fault,
            suggestion=suggested,
            audit_profile=judging.audit_profile,
            breaks_glass=judging.breaks_glass,
        )
        if asked and who and not depends_on_time(decision, asked, who, self.policy):
            self._before.keep(name, decision, host)
        return decision

    def document(self, data: bytes, time: float, known: Identity | None = None) -> dict[str, JSON]:
        """The request document that rules see of one AuthZReq at a time; raises Refused when it cannot be read."""
        asked = envelope.read(data)
        target = uri.parse(asked.uri)
        match = self.routes.match(asked.method, target.path)
        return self._document(asked, target, match, known or self._identify(asked, time), self.host.moment())

    def for_caller(self, who: Identity) -> "Judge":
        """The judge of this user's requests: the profile can depend on who asks, and break-glass lifts the rules."""
        if who is NOBODY and not self.policy.site.get("profiles"):
            return self
        profile = profiles.choose(self.policy.site, who, self.profile)
        breaks_glass = self.mode == "enforce" and lifted.may_break_glass(self.policy.site, who)
        if profile == self.profile and not breaks_glass:
            return self
        reported = self.audit_profile if profiles.is_stricter(self.audit_profile, profile) else ""
        mode: Literal["enforce", "audit"] = "audit" if breaks_glass else self.mode
        return replace(self, profile=profile, audit_profile=reported, mode=mode, breaks_glass=breaks_glass)

    def _identify(self, asked: Envelope, time: float) -> Identity:
        shown = Credentials(asked.user, asked.auth_method, asked.peer_certificates, asked.headers)
        return identify(shown, self.policy.trusted, self.audiences, time)

    def find_violations(
        self, document: dict[str, JSON], time: float, acts: Sequence[Acting] = ACTS
    ) -> tuple[Violation, ...]:
        """Every violation of one request document, at a time that decides which exceptions still count.

        `acts`: only the violations of rules with this action.
        """
        violated = self.policy.check(document, self.profile, acts, self.audit_profile)
        # An exception waives rules, never a refusal code.
        return (
            *self.policy.waived(violated, document, time),
            *waived_objects.report(document["objects"], self.policy.rules),
            *unknown_fields.report(
                document, self.policy.unknown_fields, self.shapes.by_operation.get(cast(str, document["operation"]))
            ),
            *dropped_fields.report(document),
        )

    def _document(
        self, asked: Envelope, target: uri.Target, match: Match, who: Identity, host: HostMoment
    ) -> dict[str, JSON]:
        return request_document.build(
            operation=match.operation,
            version=target.version,
            path=match.path,
            query=target.query,
            identity=who.document(),
            canonical=body.read(asked, match, target.query, self.shapes, target.version),
            host=host,
        )

    def _with_objects(
        self, document: dict[str, JSON], match: Match, time: float, host: HostMoment, found: Found
    ) -> dict[str, JSON]:
        """The document with the existing objects that the request uses, where the daemon can be asked for them."""
        identity = cast(dict[str, JSON], document["identity"])
        owners = OwnerNames.of(self.policy.site, identity)
        if owners is not None and not owned_objects.may_concern(match.operation):
            owners = None
        objects = host.objects() if match.operation.looks_up or owners else None
        owned = owned_objects.describe(owners, match.operation, document, objects) if owners else {}
        if objects is None:
            return {**document, "objects": owned} if owned else document
        judge = partial(self._judge_existing, identity, time)
        used = Existing(objects, host, judge, match.operation.looks_up, found).describe(document)
        if "image" in match.operation.looks_up:
            is_read = self.policy.reads_image(match.operation.id, self.profile)
            used |= existing_image.describe(document, objects, is_read=is_read)
        return {**document, "objects": used | owned}

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
        refused = self.policy.check(document, self.profile, ("deny",))
        violated = [violation for violation in refused if self.policy.rules[violation.rule].at_use]
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
        found: Found,
        *,
        by_compose: bool,
    ) -> Proposed | None:
        """What would be allowed instead of a denied request; it is judged first, so that it is true."""
        denials = in_order(tuple(one for one in self._enforced(violations) if one.action == "deny"))
        if not denials or match.operation.id not in try_line.COMMANDS:
            return None
        for gently in (True, False):
            drafted = suggestion.suggest(document, denials, self.policy, gently=gently)
            if drafted is None:
                return None
            kept = request_document.as_kept(drafted.document, self.shapes)
            rebuilt = request_document.rebuild(kept, document, host)
            changed = self._with_objects(rebuilt, match, time, host, found if found.is_whole else Found())
            judged = self.find_violations(changed, time, ("deny",))
            still = {violation.rule for violation in judged if violation.action == "deny"}
            # What is left out can leave a default that another rule refuses, and that one may propose nothing.
            if all(rule in drafted.unsolved or self.policy.proposal(rule) is None for rule in still):
                return try_line.propose(drafted.changes, still, by_compose=by_compose)
        return None

    def _enforced(self, violations: tuple[Violation, ...]) -> tuple[Violation, ...]:
        if self.mode == "enforce":
            return violations
        return lifted.lift(violations, self.policy.rules, self.profile, only_rules=self.breaks_glass)
