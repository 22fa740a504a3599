"""What a scan found, as one value and as a JSON document.

The report as one HTML page that needs nothing else: no script, no other file. Every name in it is escaped.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import groupby

from portero.decision import Violation
from portero.hostcheck.managed_plugins import ManagedPlugin
from portero.judging import denial
from portero.report import html, junit
from portero.report.html import when
from portero.scan.bypasses import Way
from portero.scan.inventory import Inventory
from portero.scan.judged_objects import JudgedObject, counts
from portero.scan.starts import Start, keeps_running, list_starts
from portero.values.json_fields import text, to_object
from portero.values.json_types import JSON
from portero.values.spelling import printable


@dataclass(frozen=True, slots=True)
class Report:
    """Everything judged and every way; `time` in seconds since 1970, `policy` the digest.

    `shadows`: managed plugins that dockerd asks instead of Portero; `plugins`: the other enabled ones.
    `looks_up`: whether Portero asks dockerd what exists.
    """

    inventory: Inventory
    profile: str
    policy: str
    time: float
    judged: Sequence[JudgedObject]
    ways: Sequence[Way]
    shadows: Sequence[ManagedPlugin] = ()
    plugins: Sequence[ManagedPlugin] = ()
    looks_up: bool = True

    @property
    def refused(self) -> list[JudgedObject]:
        """What could not be made now."""
        return [each for each in self.judged if not each.decision.allowed]

    @property
    def open(self) -> list[Way]:
        """Ways that no rule refuses."""
        return [way for way in self.ways if not way.closed]

    @property
    def doors(self) -> list[tuple[Way, list[str]]]:
        """The open ways by what they lead through, each with all that could be typed."""
        together = groupby(self.open, key=lambda way: (way.kind, way.name, way.rules, way.cure))
        alike = ([*ways] for _, ways in together)
        return [(ways[0], [way.command for way in ways]) for ways in alike]

    @property
    def closed(self) -> list[Way]:
        """Ways that a rule refuses anyway."""
        return [way for way in self.ways if way.closed]

    @property
    def starts(self) -> list[Start]:
        """What starts without a request."""
        return [*list_starts(self.judged)]

    @property
    def clean(self) -> bool:
        """Whether there is nothing to do."""
        return not (self.refused or self.open or self.shadows)

    @property
    def daemon(self) -> str:
        """The daemon's own name and version."""
        return f"{text(self.inventory.info, 'Name')}, dockerd {text(self.inventory.info, 'ServerVersion')}"

    @property
    def when(self) -> str:
        """The time for people."""
        return f"{when(self.time)} UTC"

    @property
    def summary(self) -> str:
        """How many of what."""
        found = ", ".join(f"{number} {kind}{'s'[: number != 1]}" for kind, number in counts(self.judged).items())
        ways = f"{len(self.open)} way{'s'[: len(self.open) != 1]} round Portero"
        shadows = f", {len(self.shadows)} managed plugin in place of Portero" if self.shadows else ""
        return f"{found}; {len(self.refused)} would be refused, {ways}{shadows}"

    @property
    def blind(self) -> list[str]:
        """What could not be looked at, by this scan and by Portero itself."""
        unseen = []
        if not self.looks_up:
            unseen.append(
                "Portero does not ask dockerd what exists (see portero status): its rules about that are blind"
            )
        if not self.inventory.sees_services and text(to_object(self.inventory.info.get("Swarm")), "NodeID"):
            unseen.append(
                "this node is not a manager of its swarm: services were not judged, only their containers on this node"
            )
        return unseen


def denials(judged: JudgedObject) -> list[Violation]:
    """What refuses a thing."""
    return [violation for violation in judged.decision.violations if violation.action == "deny"]


def title(judged: JudgedObject) -> str:
    """What it is, for people."""
    state = (", running" if judged.is_running else ", stopped") if judged.kind == "container" else ""
    return f"{judged.kind} {printable(judged.name)}{state}"


def document(report: Report) -> dict[str, JSON]:
    """For machines."""
    return {
        "time": report.when,
        "daemon": report.daemon,
        "profile": report.profile,
        "policy": report.policy,
        "clean": report.clean,
        "counts": dict[str, JSON](counts(report.judged)),
        "looksUp": report.looks_up,
        "seesServices": report.inventory.sees_services,
        "things": [_thing(each) for each in report.judged],
        "plugins": {
            "shadows": [plugin.describe() for plugin in report.shadows],
            "others": [plugin.describe() for plugin in report.plugins],
        },
        "starts": [asdict(start) for start in report.starts],
        "liveRestore": keeps_running(report.inventory),
        "ways": [asdict(way) | {"open": not way.closed} for way in report.ways],
    }


def cases(report: Report) -> list[junit.JUnitCase]:
    """For CI: a case for each thing and for each way, which fails when it is open."""
    things = [junit.JUnitCase(each.kind, title(each), junit.describe_refusal(each.decision)) for each in report.judged]
    shadows = [junit.JUnitCase("managed plugin", plugin.name, _shadow(plugin)) for plugin in report.shadows]
    return things + shadows + [junit.JUnitCase("way round Portero", way.command, _way(way)) for way in report.ways]


def _shadow(plugin: ManagedPlugin) -> junit.Failure:
    return junit.Failure("shadow", "no-plugin-shadow", f"dockerd asks {plugin.describe()} instead of Portero")


def _way(way: Way) -> junit.Failure | None:
    rules = ", ".join(way.rules)
    text = f"{way.kind} {way.name} violates {rules} -> {way.cure}"
    return None if way.closed else junit.Failure("open", rules, text)


def _thing(judged: JudgedObject) -> JSON:
    violations: list[JSON] = [
        violation.entry() | {"reason": violation.reason, "remedy": dict(violation.remedy)}
        for violation in judged.decision.violations
    ]
    return {
        "kind": judged.kind,
        "name": judged.name,
        "id": judged.id,
        "running": judged.is_running if judged.kind == "container" else None,
        "allowed": judged.decision.allowed,
        "violations": violations,
    }


def page(report: Report) -> str:
    """The whole page."""
    things = [(title(each), [_row(violation) for violation in denials(each)]) for each in report.refused]
    reported = [(title(each), _reported(each)) for each in report.judged if _reported(each)]
    return html.render("scan/page.html", report=report, things=things, reported=reported)


def _row(violation: Violation) -> tuple[str, str]:
    return violation.rule, denial.write_sentence(violation, "docker")


def _reported(judged: JudgedObject) -> list[str]:
    rules = [
        v.rule + (f" (waived by {v.exception})" if v.exception else "")
        for v in judged.decision.violations
        if v.action != "deny"
    ]
    return list(dict.fromkeys(rules))
