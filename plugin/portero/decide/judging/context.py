"""What one request and what is proposed instead of it are judged by: one moment of the host, one enforcement."""

from collections.abc import Mapping

from portero.decide.decision import Violation, make_refusal
from portero.decide.interfaces.host import HostMoment
from portero.decide.interfaces.host_notes import HostNotes, ask
from portero.decide.judging.enforcement import Enforcement
from portero.decide.objects.existing_objects import ObjectFindings
from portero.decide.objects.meanings import Meanings
from portero.decide.policy.rule import Rule
from portero.decide.reading.routes import Operation
from portero.decide.values.dataclass import dataclass, field, replace
from portero.decide.values.refusals import Refused

_OF_OBJECTS = ("joined", "objects")
# Another node, with another kernel, may run the tasks.
_ON_ANY_NODE = frozenset({"ServiceCreate", "ServiceUpdate"})
# So often a request is judged again since others that concern it came meanwhile.
_ATTEMPTS = 8
_BUSY = replace(
    make_refusal("lookup-failed", ""),
    reason="Other requests for the same host paths come all the time, so Portero cannot tell what this one meets.",
    remedy={"docker": "repeat the command"},
)


@dataclass(frozen=True, slots=True)
class Context:
    """`time`: in seconds since 1970. `findings`: about existing objects. `notes`: as in Judge.decide."""

    operation: Operation
    time: float
    host: HostMoment
    enforcement: Enforcement
    notes: HostNotes | None = None
    findings: ObjectFindings = field(default_factory=ObjectFindings)

    def find_meanings(self) -> Meanings | None:
        """What names mean at the daemon; None: it cannot be asked. Raises Refused (host-unreadable)."""
        if self.findings.meanings is None and (objects := self.host.objects()) is not None:
            self.findings.meanings = Meanings(objects)
        return self.findings.meanings

    def for_proposal(self) -> "Context":
        """The same for what is proposed: findings that are whole serve again, others are made anew.

        What was noted about the objects that the request itself uses says nothing of a proposal.
        """
        noted = (
            {key: known for key, known in self.notes.answers.items() if key not in _OF_OBJECTS} if self.notes else {}
        )
        others = self.notes and HostNotes(noted)
        return replace(self, notes=others, findings=self.findings if self.findings.is_whole else ObjectFindings())

    def report_unenforced(self, violations: tuple[Violation, ...], rules: Mapping[str, Rule]) -> tuple[Violation, ...]:
        """The violations, those of limits that the daemon cannot enforce, for want of a cgroup controller, reported.

        dockerd drops a limit of memory, swap or processes then, and refuses --cpus (moby daemon/daemon_unix.go,
        verifyPlatformContainerResources; docker-facts 7.18): no request could satisfy the rule. The daemon is asked
        only where one of them would refuse. Without an answer they refuse.
        """
        denying = (one.rule for one in violations if one.action == "deny" and one.rule in rules)
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
        self._forget_objects()
        return replace(self, findings=ObjectFindings())

    def note_allowed(self, id: str, attempt: int) -> tuple[Violation, ...] | None:
        """Have what an allowed request makes and starts remembered; the refusal where that cannot be.

        None: another request came meanwhile, and this one is to be judged again. `id`: of the decision.
        """
        try:
            if self.findings.note_allowed(id):
                return ()
            if attempt >= _ATTEMPTS:
                return (_BUSY,)
        except Refused as refused:
            return (make_refusal(refused.code, refused.at),)
        self._forget_objects()
        return None

    def _forget_objects(self) -> None:
        """What was noted about existing objects is to be found anew."""
        if self.notes is not None:
            for question in _OF_OBJECTS:
                self.notes.answers.pop(question, None)
