"""The text that a person reads when a request is denied.

dockerd passes it on unfiltered and unbounded ("authorization denied by plugin NAME: TEXT", docker-facts 3), so Portero
bounds the length and replaces control characters. The texts are the rules'; no value of the request is repeated.
"""

from collections.abc import Sequence

from portero.decision import Decision, Violation
from portero.judging import dropped_fields
from portero.spelling import printable

MOST_LINES = 20
_LONGEST_AT = 120


def write_denial(decision: Decision) -> str:
    """Every denying violation of the decision, one a line, the rest beyond MOST_LINES counted; then what to try."""
    denials = [violation for violation in decision.violations if violation.action == "deny"]
    shown = denials[:MOST_LINES]
    dialect = dialect_of(decision.subject.client)
    lines = [_headline(decision, denials), *_table(shown, dialect)]
    dropped = [violation for violation in decision.violations if violation.rule == dropped_fields.CODE]
    lines += [f"  note: {sentence(violation, dialect)}" for violation in dropped[:MOST_LINES]]
    more = len(denials) - len(shown) + sum(violation.more for violation in denials)
    if more:
        lines.append(f"  ... and {more} more, in the decision log under {decision.id}")
    if dialect in decision.suggestion:
        lines.append(f"  try: {decision.suggestion[dialect]}")
    return "\n".join(lines)


def _headline(decision: Decision, denials: Sequence[Violation]) -> str:
    subject = decision.subject.operation or "the request"
    rules = len({violation.rule for violation in denials})
    verb = "1 rule refuses" if rules == 1 else f"{rules} rules refuse"
    return f"{verb} {subject} [{decision.id}]"


def _table(denials: Sequence[Violation], dialect: str) -> list[str]:
    width = max((len(violation.rule) for violation in denials), default=0)
    return [_line(violation, width, dialect) for violation in denials]


def _line(violation: Violation, width: int, dialect: str) -> str:
    return f"  {violation.rule:<{width}}  {sentence(violation, dialect)}"


def sentence(violation: Violation, dialect: str) -> str:
    """Where, why and what to do about one violation, the remedy for a user of docker or of compose."""
    remedy = violation.remedy.get(dialect) or violation.remedy["docker"]
    whose = " (the daemon's default)" if violation.default else ""
    at = f"{_bound(violation.at)}{whose}: " if violation.at else ""
    return f"{at}{violation.reason} -> {remedy}"


def dialect_of(client: str) -> str:
    """Compose users get the remedy for the compose file (compose names itself in User-Agent)."""
    return "compose" if "compose" in client.lower() else "docker"


def _bound(at: str) -> str:
    shown = printable(at)
    return shown if len(shown) <= _LONGEST_AT else shown[:_LONGEST_AT] + "..."
