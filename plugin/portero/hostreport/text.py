"""For people at a terminal: a line for each rule that does not hold, and how many there are of what."""

from collections.abc import Iterator

from portero.hostreport.result import HostResult, UnmetRule


def lines(result: HostResult) -> Iterator[str]:
    """All lines, the warnings first; in brackets what is only reported under this profile."""
    yield from result.warnings
    width = max((len(each.rule.id) for each in result.violated), default=0)
    for each in result.violated:
        status = each.status if each.enforced else f"({each.status})"
        yield f"{status:<10} {each.rule.id:<{width}}  {sentence(each)}"
    if result.report.not_applicable:
        yield f"Docker is not installed here: {len(result.report.not_applicable)} rules about it do not apply"
    yield result.summary


def sentence(violated: UnmetRule) -> str:
    """Where, why and what to do."""
    rule = violated.rule
    return f"{', '.join(violated.places)}: {rule.reason} -> {rule.remedy['host']}"
