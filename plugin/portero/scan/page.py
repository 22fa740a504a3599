"""The report as one HTML page that needs nothing else: no script, no other file. Every name in it is escaped."""

from portero.decision import Violation
from portero.formats import html
from portero.judging import denial
from portero.scan.judged import JudgedObject
from portero.scan.report import Report, denials, title


def page(report: Report) -> str:
    """The whole page."""
    things = [(title(each), [_row(violation) for violation in denials(each)]) for each in report.refused]
    reported = [(title(each), _reported(each)) for each in report.judged if _reported(each)]
    return html.render(__package__, report=report, things=things, reported=reported)


def _row(violation: Violation) -> tuple[str, str]:
    return violation.rule, denial.sentence(violation, "docker")


def _reported(judged: JudgedObject) -> list[str]:
    rules = [
        v.rule + (f" (waived by {v.exception})" if v.exception else "")
        for v in judged.decision.violations
        if v.action != "deny"
    ]
    return list(dict.fromkeys(rules))
