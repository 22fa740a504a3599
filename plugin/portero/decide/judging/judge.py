"""From an envelope to a decision: operation, body, facts, rules.

Pure: it asks the host view that it is handed, and changes nothing; what others must see are effects of the decision.
Every error on the way is a denial with a stable code.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import cast

from portero.decide.decision import Decision, Violation, limit_violations, list_denials, sort_violations
from portero.decide.facts import request_document
from portero.decide.facts.inspected import Inspected
from portero.decide.facts.request_document import CallParameters
from portero.decide.identity.caller import NO_IDENTITY, Credentials, Identity, StampReader, identify_caller
from portero.decide.images.trust import ImageRecords, ImageTrust
from portero.decide.interfaces.daemon import Peer
from portero.decide.interfaces.effects import NO_EFFECTS
from portero.decide.interfaces.host import Host, HostMoment
from portero.decide.interfaces.host_notes import HostNotes, ask, note_moment
from portero.decide.judging import proposal, subject, try_line, unknown_fields
from portero.decide.judging.context import Context, Found
from portero.decide.judging.enforcement import Enforcement, find_operation, lift_violations
from portero.decide.judging.unjudged_reads import UnjudgedReads
from portero.decide.objects import joined_containers
from portero.decide.objects.describers import describe_objects
from portero.decide.objects.object_use import ObjectUse
from portero.decide.policy.policy import Policy
from portero.decide.policy.rule import ACTS, Acting
from portero.decide.reading import body, uri
from portero.decide.reading.envelope import Envelope, read_envelope
from portero.decide.reading.routes import ApiRequest, Match, Routes
from portero.decide.reading.shapes import Shapes
from portero.decide.values.dataclass import dataclass, field, replace
from portero.decide.values.denial_parts import Proposed
from portero.decide.values.json_fields import JSON

_Judged = tuple[dict[str, JSON], tuple[Violation, ...]]  # a request document, and what it violates


@dataclass(frozen=True, slots=True)
class Judge:
    """Decides requests by one policy. `enforcement`: what holds for callers of whom nothing is known.

    `audiences`: this host's names, one of which a token is for; `images`: opens what was fetched, for
    one trust; `door_key`: reads stamps.
    """

    policy: Policy
    routes: Routes
    shapes: Shapes
    host: Host
    enforcement: Enforcement
    audiences: tuple[str, ...] = ()
    images: Callable[[ImageTrust], ImageRecords] | None = None
    door_key: StampReader | None = None
    _unjudged: UnjudgedReads = field(init=False, repr=False, compare=False)  # they need no document
    _image_store: ImageRecords | None = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_unjudged", UnjudgedReads(self.policy, self.routes.operations, self.enforcement))
        object.__setattr__(self, "_image_store", self.images and self.images(self.policy.images))

    def decide(
        self,
        data: bytes,
        id: str,
        time: float,
        peer: Peer | None = None,
        identity: Identity | None = None,
        notes: HostNotes | None = None,
    ) -> Decision:
        """The decision on one AuthZReq as dockerd posted it; `id` and `time` (seconds since 1970) are the caller's.

        `peer` posted it. `identity`: the caller: no proof is read then. `notes`: what is known of host and caller; more
        is added. A refusal names what was read before it. Nothing but the notes is changed by it.
        """
        found = Found()
        found.enforced = self.enforcement
        try:
            self._judge_posted(found, data, time, peer, identity, notes)
        except Exception as error:  # noqa: BLE001 - every error on the way ends as a denial, never as an allow
            found.note_error(error)
        return self._conclude(found, id, time)

    def decide_making(self, made: Inspected, id: str, time: float, notes: HostNotes | None = None) -> Decision:
        """The decision on the request that would make an object now, as `decide` takes one whose caller is unknown."""
        found = Found()
        found.enforced = enforcement = self.enforcement.for_caller(self.policy.site, NO_IDENTITY)
        try:
            operation = next(one for one in self.routes.operations if one.id == made.operation)
            found.posted = Envelope("POST", "", None, {}, "", "", ())
            found.matched, found.asker = Match(operation, {}), NO_IDENTITY
            context = Context(operation, time, note_moment(self.host.moment(), notes), enforcement, notes)
            read = request_document.describe_making(made, NO_IDENTITY.make_document(), self.shapes, context.host, {})
            self._judge_document(found, read, context)
        except Exception as error:  # noqa: BLE001 - as above
            found.note_error(error)
        return self._conclude(found, id, time)

    def _judge_posted(
        self, found: Found, data: bytes, time: float, peer: Peer | None, who: Identity | None, notes: HostNotes | None
    ) -> None:
        found.posted = envelope = read_envelope(data)
        found.parsed = target = uri.parse_target(envelope.uri)
        found.matched = match = self.routes.match(envelope.method, target.path)
        found.asked = request = ApiRequest(envelope, target, match)
        found.asker = who = who or self._identify(envelope, time, notes)
        found.enforced = enforcement = self.enforcement.for_caller(self.policy.site, who)
        if envelope.body is None and self._unjudged.has(match.operation, who, enforcement):
            body.read_body(request, self.shapes)
            return
        moment = note_moment(self.host.moment(peer, who.account), notes)
        found.judged_in = context = Context(match.operation, time, moment, enforcement, notes)
        self._judge_document(found, self._build_document(request, who, moment), context)

    def _judge_document(self, found: Found, read: dict[str, JSON], context: Context) -> None:
        """What it violates, and what would be allowed instead."""
        found.read, found.judged_in = read, context
        found.read, found.violated = self._judge(read, context)
        if any(one.action == "deny" for one in found.violated) and (again := context.refresh()):
            found.judged_in = context = again
            found.read, found.violated = self._judge(read, context)
        if found.violated:
            by_compose = subject.is_by_compose(found.posted, found.read)
            found.suggested = self._suggest(found.read, found.violated, context, by_compose=by_compose)

    def _conclude(self, found: Found, id: str, time: float) -> Decision:
        enforcement, match, violations = found.enforced, found.matched, found.violated
        if violations:
            operation = match.operation.id if match else find_operation(self.routes, found.posted)
            is_other = "otherPlugin" in cast("dict[str, JSON]", found.read.get("objects", {}))
            lifted = lift_violations(violations, self.policy.rules, enforcement, operation, of_other_plugin=is_other)
            violations = limit_violations(sort_violations(lifted))
        reads = match is not None and match.operation.reads
        is_denied = bool(violations) and any(one.action == "deny" for one in violations)
        if enforcement.breaks_glass and is_denied:
            # Nothing was let through.
            enforcement = replace(enforcement, mode="enforce", breaks_glass=False)
        return Decision(
            id,
            time,
            subject.describe_subject(found.posted, found.parsed, match, found.asker, found.read, found.left),
            violations,
            self.policy.digest,
            enforcement.profile,
            enforcement.mode,
            found.failed,
            found.suggested,
            enforcement.audit_profile,
            enforcement.breaks_glass,
            found.posted,
            NO_EFFECTS if is_denied or (found.judged_in is None and reads) else found.make_effects(),
            str(self.policy.site.get("contact", "")),
        )

    def document(
        self, data: bytes, time: float, identity: Identity | None = None, notes: HostNotes | None = None
    ) -> dict[str, JSON]:
        """The request document that rules see of one AuthZReq at a time; raises Refused when it cannot be read."""
        request = self.routes.read_request(read_envelope(data))
        who = identity or self._identify(request.envelope, time, notes)
        return self._build_document(request, who, note_moment(self.host.moment(None, who.account), notes))

    def _identify(self, envelope: Envelope, time: float, notes: HostNotes | None) -> Identity:
        by = Credentials(envelope.user, envelope.auth_method, envelope.peer_certificates, envelope.headers)
        identify = partial(identify_caller, by, self.policy.trusted, self.audiences, time, self.door_key)
        return identify() if notes is None else notes.ask("identity", "", identify)

    def find_violations(
        self, document: dict[str, JSON], time: float, enforcement: Enforcement, acts: Sequence[Acting] = ACTS
    ) -> tuple[Violation, ...]:
        """Every violation of one document by rules with these actions; `time` decides which exceptions count."""
        violated = self.policy.check(document, enforcement.profile, acts, enforcement.audit_profile)
        shape = self.shapes.by_operation.get(cast(str, document["operation"]))
        # An exception waives rules, never a refusal code.
        return (
            *self.policy.waived(violated, document, time),
            *unknown_fields.report_unknown(document, self.policy.unknown_fields, shape),
            *unknown_fields.report_dropped(document),
        )

    def _build_document(self, request: ApiRequest, who: Identity, host: HostMoment) -> dict[str, JSON]:
        match, target = request.match, request.target
        call = CallParameters(match.operation.id, match.operation.method, target.version, match.path, target.query)
        return request_document.build_document(call, who.make_document(), body.read_body(request, self.shapes), host)

    def _judge(self, read: dict[str, JSON], context: Context, acts: Sequence[Acting] = ACTS) -> _Judged:
        """`read` with the existing objects that the request uses, where the daemon can be asked for them, judged."""
        document = joined_containers.take_over(read, context.operation, context.host, context.findings, context.notes)
        if used := ask(context.notes, "objects", partial(self._find_objects, document, context)):
            document = {**document, "objects": used}
        violations = self.find_violations(document, context.time, context.enforcement, acts)
        return document, context.report_unenforced(violations, self.policy.rules)

    def _find_objects(self, document: dict[str, JSON], context: Context) -> dict[str, JSON]:
        judge = partial(self._judge_existing, cast("dict[str, JSON]", document["identity"]), context)
        use = ObjectUse(
            context.operation,
            document,
            context.host,
            context.findings,
            judge,
            self.policy,
            context.enforcement.profile,
            self._image_store,
            context.time,
        )
        return describe_objects(use)

    def _judge_existing(
        self, caller: Mapping[str, JSON], context: Context, made: Inspected, host: HostMoment, used: Mapping[str, JSON]
    ) -> tuple[Violation, ...]:
        """The rules that forbid the use of an existing object that violates them, with those that are waived."""
        document = request_document.describe_making(made, caller, self.shapes, host, used)
        document = joined_containers.add_joined_by_existing(document, context.findings.find_meanings(context.host))
        violated = self.policy.check(document, context.enforcement.profile, ("deny",), at_use=True)
        return self.policy.waived(violated, document, context.time)

    def _suggest(
        self, document: dict[str, JSON], violations: tuple[Violation, ...], context: Context, *, by_compose: bool
    ) -> Proposed | None:
        """What would be allowed instead of a denied request; it is judged first, so that it is true."""
        enforced = lift_violations(violations, self.policy.rules, context.enforcement)
        denials = sort_violations(tuple(list_denials(enforced)))
        if not denials or context.operation.id not in try_line.COMMANDS:
            return None
        for gently in (True, False):
            drafted = proposal.suggest(document, denials, self.policy, gently=gently)
            if drafted is None:
                return None
            effective = request_document.drop_fields(drafted.document, self.shapes)
            rebuilt = request_document.rebuild_document(effective, context.host)
            _, judged = self._judge(rebuilt, context.for_proposal(), ("deny",))
            refusing = {violation.rule for violation in list_denials(judged)}
            # What is left out can leave a default that another rule refuses, and that one may propose nothing.
            if all(rule in drafted.unsolved or self.policy.proposal(rule) is None for rule in refusing):
                made = subject.find_composed(document)
                return try_line.propose(drafted.changes, refusing, made if by_compose or made.is_stack else None)
        return None
