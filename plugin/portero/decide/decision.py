"""What was decided about one request, and why: plain frozen values."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Literal, TypeAlias, cast

from portero.decide.interfaces.effects import NO_EFFECTS, Effects
from portero.decide.reading.envelope import Envelope
from portero.decide.values.dataclass import dataclass, field, replace
from portero.decide.values.denial_parts import Proposed, Wording
from portero.decide.values.json_fields import JSON
from portero.decide.values.refusals import CODES
from portero.decide.values.times import format_instant

LOG_VERSION = 2
ActionTaken: TypeAlias = Literal["deny", "audit", "waived"]
_RANK_OF_ACTION: Mapping[ActionTaken, int] = {"deny": 0, "audit": 1, "waived": 2}
# A line of the log stays below 64 KiB: of each rule so many places, of each text so many characters.
MAX_PLACES = 5
MAX_GROUPS = 20
_MAX_TEXT_LENGTH = 1024
_MAX_NOTE_LENGTH = 240
# Worst first. `always` is the level of what could not be read: no profile lifts it.
LEVELS = ("always", "baseline", "hardened", "restricted", "advisory")
_RANK_OF_LEVEL: Mapping[str, int] = {level: rank for rank, level in enumerate(LEVELS)}


@dataclass(frozen=True, slots=True)
class NearMiss:
    """An exception that would waive a violation but for one thing. `condition`: where it stands in the request."""

    exception: str
    condition: str
    why: str

    def __str__(self) -> str:
        return f"{self.exception} {self.why}"[:_MAX_NOTE_LENGTH]


@dataclass(frozen=True, slots=True)
class Violation:
    """One violated rule, or one refusal code (level `always`), at one place in the request.

    `default`: the value is the daemon's default, not the request's. `exception`: the one that waives the rule.
    `more`: how many further violations of the rule, at other places, this one stands for.
    `profile`: with action audit, the profile that would refuse the request for it: the audit profile or, in mode
    audit, the enforced one; empty where the rule only reports.
    `paths`: the values of the request document that the rule refuses; they share `at`.
    `escapes`: the rule keeps containers from escaping. `protects`: Docker's and Portero's own safety rests on it.
    `wording`: the words of a denial, where the rule has some.
    """

    rule: str
    level: str
    at: str
    action: ActionTaken
    reason: str
    remedy: Mapping[str, str]
    default: bool = False
    profile: str = ""
    paths: tuple[tuple[str | int, ...], ...] = field(default=(), compare=False, repr=False)
    escapes: bool = field(default=False, compare=False, repr=False)
    protects: bool = field(default=False, compare=False, repr=False)
    wording: Wording | None = field(default=None, compare=False, repr=False)
    exception: str | None = None
    more: int = 0
    near_miss: NearMiss | None = None

    def entry(self) -> dict[str, JSON]:
        """Its entry in the line of the decision log."""
        entry: dict[str, JSON] = {"rule": self.rule, "level": self.level, "at": self.at, "action": self.action}
        if self.wording is not None and self.wording.requested:
            entry["requested"] = self.wording.requested
            if self.wording.allowed:
                entry["allowed"] = self.wording.allowed
        if self.default:
            entry["daemonDefault"] = True
        if self.exception is not None:
            entry["exception"] = self.exception
        if self.more:
            entry["more"] = self.more
        if self.profile and self.action == "audit":
            entry["profile"] = self.profile
        if self.near_miss is not None:
            entry["nearMiss"] = str(self.near_miss)
        return entry


@dataclass(frozen=True, slots=True)
class Subject:
    """What is known of the request that was judged; empty where it could not be read.

    `claimed`: the user whom it names where that was not proved. `identified_by`: how the user is known; `names`:
    alternative names of the certificate. `made`: what it would make, in words. `by_compose`: the client is Compose, or
    makes what Compose makes. `trace`, `parent_span`: the client's, where it named one (W3C Trace Context). `is_probe`:
    it is one of `portero host`. `left`: the container that a start names and that was made with --rm. `owners`: whose
    objects are used, at a tool's door.
    """

    operation: str = ""
    method: str = ""
    path: str = ""
    version: str | None = None
    user: str = ""
    client: str = ""
    image: str | None = None
    reads: bool = False
    made: str = ""
    by_compose: bool = False
    daemon_defaults: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    identified_by: str = ""
    names: tuple[str, ...] = ()
    trace: str = ""
    parent_span: str = ""
    is_probe: bool = False
    claimed: str = ""
    left: str = ""
    owners: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Decision:
    """Allow or deny, with every violation in a fixed order. `fault` is an internal error, for Portero's log.

    `suggestion`: what would be allowed instead; None where nothing is known.
    `audit_profile`: a stricter profile whose violations are only reported; empty for none.
    `breaks_glass`: a token of an emergency lifted the rules. `envelope`: None where it could not be read. `effects`: of
    one that is allowed, to be committed before the answer. `contact`: whom to ask about a denial; empty for none.
    """

    id: str
    time: float
    subject: Subject
    violations: tuple[Violation, ...]
    policy: str
    profile: str
    mode: str
    fault: Exception | None = None
    suggestion: Proposed | None = None
    audit_profile: str = ""
    breaks_glass: bool = False
    envelope: Envelope | None = field(default=None, compare=False, repr=False)
    effects: Effects = field(default=NO_EFFECTS, repr=False)
    contact: str = ""
    allowed: bool = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "allowed", "deny" not in [one.action for one in self.violations])

    @property
    def denials(self) -> list[Violation]:
        return list_denials(self.violations)

    @property
    def dialect(self) -> str:
        """Whose words the user reads: those of docker, or of a compose file."""
        return "compose" if self.subject.by_compose else "docker"

    @property
    def only_audit_profile_refuses(self) -> bool:
        """Whether the audit profile would refuse what the enforced profile, were it enforced, would allow."""
        profiles = {violation.profile for violation in self.violations if violation.action == "audit"}
        return self.allowed and self.audit_profile in profiles - {""} and self.profile not in profiles

    def line(self, microseconds: int) -> dict[str, JSON]:
        """The document of the decision log (schemas/decision.json): names and places in the request, never values."""
        subject = self.subject
        tried: dict[str, JSON] = {} if self.suggestion is None else {"try": cast(JSON, self.suggestion.entry())}
        return {
            "version": LOG_VERSION,
            "id": self.id,
            "time": format_instant(self.time),
            "user": _cut(subject.user),
            **({"claimed": _cut(subject.claimed)} if subject.claimed else {}),
            **({"groups": [*subject.groups[:MAX_GROUPS]]} if subject.groups else {}),
            **({"identifiedBy": subject.identified_by} if subject.identified_by else {}),
            **({"owners": [_cut(one) for one in subject.owners[:MAX_GROUPS]]} if subject.owners else {}),
            **({"traceId": subject.trace, "parentSpanId": subject.parent_span} if subject.trace else {}),
            **({"breakGlass": True} if self.breaks_glass else {}),
            **({"probe": True} if subject.is_probe else {}),
            "operation": subject.operation,
            "apiVersion": subject.version,
            "method": subject.method,
            "path": _cut(subject.path),
            "image": None if subject.image is None else _cut(subject.image),
            "allowed": self.allowed,
            "mode": self.mode,
            "profile": self.profile,
            "auditProfile": self.audit_profile or None,
            "violations": [violation.entry() for violation in self.violations],
            **tried,
            "daemonDefaults": [*subject.daemon_defaults],
            "policy": self.policy,
            "microseconds": microseconds,
        }


def list_denials(violations: Iterable[Violation]) -> list[Violation]:
    """Those that refuse the request."""
    return [one for one in violations if one.action == "deny"]


def make_refusal(code: str, at: str, action: Literal["deny", "audit"] = "deny") -> Violation:
    """The violation that stands for a refusal code."""
    texts = CODES[code]
    return Violation(code, "always", at, action, texts.reason, {"docker": texts.remedy})


def limit_violations(violations: tuple[Violation, ...]) -> tuple[Violation, ...]:
    """Violations in order, of each rule and action at most MAX_PLACES; the last of them counts the rest.

    To be called when exceptions have been looked at: what is only counted cannot be waived.
    """
    # Nearly always: with so many rules none can have more.
    if len(violations) - len({violation.rule for violation in violations}) < MAX_PLACES:
        return violations
    counted = Counter([(violation.rule, violation.action) for violation in violations])
    if max(counted.values()) <= MAX_PLACES:
        return violations
    by_rule: dict[tuple[str, ActionTaken], list[Violation]] = {key: [] for key in counted}
    for violation in violations:
        group = by_rule[violation.rule, violation.action]
        if len(group) < MAX_PLACES:
            group.append(violation)
    for key, group in by_rule.items():
        if counted[key] > len(group):
            group[-1] = replace(group[-1], more=counted[key] - len(group))
    return tuple(violation for group in by_rule.values() for violation in group)


def _cut(text: str) -> str:
    return text if len(text) <= _MAX_TEXT_LENGTH else text[:_MAX_TEXT_LENGTH] + "..."


def sort_violations(violations: tuple[Violation, ...]) -> tuple[Violation, ...]:
    """Denials, reports, then what is waived; worst level, then rule and `at`: the same request gives the same text."""

    def rank(one: Violation) -> tuple[int, int, str, str, bool]:
        return _RANK_OF_ACTION[one.action], _RANK_OF_LEVEL[one.level], one.rule, one.at, one.default

    return tuple(sorted(violations, key=rank)) if len(violations) > 1 else violations
