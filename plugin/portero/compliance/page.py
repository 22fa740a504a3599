"""The report as one HTML page, for the screen and on paper."""

from portero.compliance.result import ComplianceResult
from portero.compliance.text import evidence
from portero.formats import html

_STYLES = {
    "enforced": "good",
    "holds": "good",
    "weakened": "warn",
    "reported": "warn",
    "unknown": "warn",
    "not checked": "warn",
    "no effect": "bad",
    "not enforced": "bad",
    "violated": "bad",
    "not decidable": "soft",
    "not applicable": "soft",
}


def page(result: ComplianceResult) -> str:
    """The whole page."""
    return html.render(__package__, result=result, styles=_STYLES, evidence=evidence)
