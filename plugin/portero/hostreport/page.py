"""The result as one HTML page."""

from portero.formats import html
from portero.hostreport.result import HostResult


def page(result: HostResult) -> str:
    """The whole page."""
    violated = result.violated
    return html.render(
        __package__,
        result=result,
        enforced=[each for each in violated if each.enforced],
        reported=[each for each in violated if not each.enforced],
        held=[result.rules[id] for id in result.report.held],
    )
