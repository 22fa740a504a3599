"""What one request and what is proposed instead of it are judged by: one moment of the host, one enforcement."""

from collections.abc import Mapping
from types import MappingProxyType

from portero.decide.decision import Violation, make_refusal
from portero.decide.identity.caller import Identity
from portero.decide.interfaces.effects import EVERYTHING, NO_EFFECTS, NOTHING, Effects
from portero.decide.interfaces.host import HostMoment
from portero.decide.interfaces.host_notes import HostNotes, ask
from portero.decide.judging.enforcement import Enforcement
from portero.decide.objects.changes import find_change
from portero.decide.objects.object_use import ObjectFindings
from portero.decide.policy.rule import Rule
from portero.decide.reading.envelope import Envelope
from portero.decide.reading.routes import ApiRequest, Match, Operation
from portero.decide.reading.uri import Target
from portero.decide.values.dataclass import dataclass, field, replace
from portero.decide.values.denial_parts import Proposed
from portero.decide.values.json_fields import JSON, to_object, to_text
from portero.decide.values.refusals import Refused

# Another node, with another kernel, may run the tasks.
_ON_ANY_NODE = frozenset({"ServiceCreate", "ServiceUpdate"})


@dataclass(frozen=True, slots=True)
class Context:
    """`time`: in seconds since 1970. `findings`: about existing objects. `notes`: as in Judge.decide."""

    operation: Operation
    time: float
    host: HostMoment
    enforcement: Enforcement
    notes: HostNotes | None = None
    findings: ObjectFindings = field(default_factory=ObjectFindings)

    def for_proposal(self) -> "Context":
        """The same for what is proposed: findings that are whole serve again, others are made anew."""
        others = self.notes and self.notes.without_objects()
        return replace(self, notes=others, findings=self.findings if self.findings.is_whole else ObjectFindings())

    def report_unenforced(self, violations: tuple[Violation, ...], rules: Mapping[str, Rule]) -> tuple[Violation, ...]:
        """The violations, those of limits that the daemon cannot enforce, for want of a cgroup controller, reported.

        dockerd drops a limit of memory, swap or processes then, and refuses --cpus (moby daemon/daemon_unix.go,
        verifyPlatformContainerResources; docker-facts 7.18): no request could satisfy the rule. The daemon is asked
        only where one of them would refuse. Without an answer they refuse.
        """
        denying = [one.rule for one in violations if one.action == "deny" and one.rule in rules]
        limits = {rule: rules[rule].enforced_by for rule in denying}
        if self.operation.id in _ON_ANY_NODE or not any(limits.values()):
            return violations
        try:
            unenforced = ask(self.notes, "switched-off", self._list_switched_off)
        except Refused:
            return violations
        return tuple(replace(one, action="audit") if limits.get(one.rule) in unenforced else one for one in violations)

    def _list_switched_off(self) -> frozenset[str]:
        """The fields of GET /info that are false, among them what dockerd cannot enforce. Refused: no answer."""
        objects = self.host.objects()
        return frozenset(name for name, value in (objects.info() if objects else {}).items() if value is False)

    def refresh(self) -> "Context | None":
        """The same, for what dockerd itself shows now; None: it was asked already.

        What is known without asking only allows: it may hold what is gone. Nothing is refused because of it.
        """
        try:
            objects = self.host.objects()
        except Refused:
            return None
        if objects is None or not objects.refresh():
            return None
        if self.notes is not None:
            self.notes.forget_objects()
        return replace(self, findings=ObjectFindings())


class Found:
    """What is known of one request so far. `judged_in`: None: it needs no document, or was not read that far.

    No dataclass: that writes each of these, which was a twentieth of a list.
    """

    enforced: Enforcement
    posted: Envelope | None = None
    parsed: Target | None = None
    matched: Match | None = None
    asked: ApiRequest | None = None
    asker: Identity | None = None
    read: Mapping[str, JSON] = MappingProxyType({})
    violated: tuple[Violation, ...] = ()
    suggested: Proposed | None = None
    failed: Exception | None = None
    judged_in: Context | None = None

    @property
    def left(self) -> str:
        """The container made with --rm that a start names, where it was looked up: a refusal leaves it there."""
        context = self.judged_in
        if context is None or context.operation.id != "ContainerStart" or context.findings.meanings is None:
            return ""
        return context.findings.meanings.recall_removed(to_text(to_object(self.read["path"]).get("id")))

    def note_error(self, error: Exception) -> None:
        """What ended the way of the request: a refusal, or a fault of ours."""
        if isinstance(error, Refused):
            self.violated = (make_refusal(error.code, error.at),)
        else:
            self.failed, self.violated = error, (make_refusal("internal-error", ""),)

    def make_effects(self) -> Effects:
        """Of the request, where it is allowed."""
        change = EVERYTHING if self.asked is None else find_change(self.asked)
        if self.judged_in is not None:
            return self.judged_in.findings.make_effects(change)
        return NO_EFFECTS if change is NOTHING else Effects(change=change)
