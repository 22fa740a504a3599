"""The result of a scan: as one value, for machines, for CI, and as one HTML page."""

from collections.abc import Iterator, Sequence
from itertools import groupby

from portero.decide.judging import denial
from portero.decide.values.dataclass import asdict, dataclass, replace
from portero.decide.values.json_fields import JSON, child, flag, integer, text, to_object
from portero.decide.values.spelling import count_things
from portero.tools.hostcheck.managed_plugins import ManagedPlugin
from portero.tools.report.output_formats import Failure, JUnitCase, describe_refusal, format_time, render_html
from portero.tools.scan.bypasses import Bypass
from portero.tools.scan.inventory import Inventory
from portero.tools.scan.judged_objects import JudgedObject, Kind, count_kinds

# moby restartmanager/restartmanager.go, ShouldRestart.
_WHEN = {
    "always": "whenever it ends, and with dockerd",
    "unless-stopped": "whenever it ends, and with dockerd, until docker stop",
    "on-failure": "when it fails",
}


@dataclass(frozen=True, slots=True)
class Start:
    """A container or service, and when it starts; `allowed`: whether the rules would let it be made now."""

    kind: Kind
    name: str
    when: str
    allowed: bool


@dataclass(frozen=True, slots=True)
class ScanReport:
    """Everything judged and every bypass; `time` in seconds since 1970, `policy` the digest.

    `shadows`: managed plugins that dockerd asks instead of Portero; `plugins`: the other enabled ones.
    `looks_up`: whether Portero asks dockerd what exists.
    """

    inventory: Inventory
    profile: str
    policy: str
    time: float
    judged: Sequence[JudgedObject]
    bypasses: Sequence[Bypass]
    shadows: Sequence[ManagedPlugin] = ()
    plugins: Sequence[ManagedPlugin] = ()
    looks_up: bool = True

    @property
    def refused(self) -> list[JudgedObject]:
        return [each for each in self.judged if not each.decision.allowed]

    @property
    def open(self) -> list[Bypass]:
        return [bypass for bypass in self.bypasses if not bypass.closed]

    @property
    def open_by_object(self) -> list[tuple[Bypass, list[str]]]:
        """The open bypasses of each object, with all commands that could be typed."""
        groups = groupby(self.open, key=lambda bypass: (bypass.kind, bypass.name, bypass.rules, bypass.cure))
        lists = ([*bypasses] for _, bypasses in groups)
        return [(bypasses[0], [bypass.command for bypass in bypasses]) for bypasses in lists]

    @property
    def closed(self) -> list[Bypass]:
        return [bypass for bypass in self.bypasses if bypass.closed]

    @property
    def starts(self) -> list[Start]:
        return [*list_starts(self.judged)]

    @property
    def clean(self) -> bool:
        return not (self.refused or self.open or self.shadows)

    @property
    def daemon(self) -> str:
        return f"{text(self.inventory.info, 'Name')}, dockerd {text(self.inventory.info, 'ServerVersion')}"

    @property
    def when(self) -> str:
        return f"{format_time(self.time)} UTC"

    @property
    def summary(self) -> str:
        kinds = ", ".join(f"{count_things(number, kind)}" for kind, number in count_kinds(self.judged).items())
        bypasses = f"{len(self.open)} open bypass{'es'[: 2 * (len(self.open) != 1)]}"
        shadows = f", {len(self.shadows)} managed plugin in place of Portero" if self.shadows else ""
        return f"{kinds}; {len(self.refused)} would be denied, {bypasses}{shadows}"

    @property
    def blind(self) -> list[str]:
        """What this scan and Portero itself cannot see, a sentence each."""
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


def describe(report: ScanReport) -> dict[str, JSON]:
    return {
        "time": report.when,
        "daemon": report.daemon,
        "profile": report.profile,
        "policy": report.policy,
        "clean": report.clean,
        "counts": dict[str, JSON](count_kinds(report.judged)),
        "looksUp": report.looks_up,
        "seesServices": report.inventory.sees_services,
        "objects": [_describe_object(each) for each in report.judged],
        "plugins": {
            "shadows": [plugin.describe() for plugin in report.shadows],
            "others": [plugin.describe() for plugin in report.plugins],
        },
        "startsWithoutRequest": [asdict(start) for start in report.starts],
        "liveRestore": keeps_running(report.inventory),
        "bypasses": [asdict(bypass) | {"open": not bypass.closed} for bypass in report.bypasses],
    }


def list_cases(report: ScanReport) -> list[JUnitCase]:
    """For CI: a case for each object and for each bypass, which fails when it is open."""
    objects = [JUnitCase(each.kind, each.title, describe_refusal(each.decision)) for each in report.judged]
    named = ((each.name, f"dockerd asks {each.describe()} instead of Portero") for each in report.shadows)
    shadows = [JUnitCase("managed plugin", name, Failure("shadow", "no-plugin-shadow", why)) for name, why in named]
    bypasses = [JUnitCase("bypass", each.command, _fail_bypass(each)) for each in report.bypasses]
    return objects + shadows + bypasses


def _fail_bypass(bypass: Bypass) -> Failure | None:
    rules = ", ".join(bypass.rules)
    text = f"{bypass.kind} {bypass.name} violates {rules} -> {bypass.cure}"
    return None if bypass.closed else Failure("open", rules, text)


def _describe_object(judged: JudgedObject) -> JSON:
    return {
        "kind": judged.kind,
        "name": judged.name,
        "id": judged.id,
        "running": judged.is_running if judged.kind == "container" else None,
        "allowed": judged.decision.allowed,
        "violations": denial.describe_violations(judged.decision),
    }


def render_page(report: ScanReport) -> str:
    things = [
        (each.title, [(one.name, one.text) for one in denial.merge_entries(replace(each.decision, suggestion=None))])
        for each in report.refused
    ]
    reported = [(each.title, rules) for each in report.judged if (rules := _list_reported(each))]
    return render_html("tools/scan/page.html", report=report, things=things, reported=reported)


def _list_reported(judged: JudgedObject) -> list[str]:
    rules = [
        v.rule + (f" (waived by {v.exception})" if v.exception else "")
        for v in judged.decision.violations
        if v.action != "deny"
    ]
    return list(dict.fromkeys(rules))


def list_starts(judged: Sequence[JudgedObject]) -> Iterator[Start]:
    """Containers with a restart policy, and services with tasks; those that would be refused come first."""
    starts = [(each, when) for each in judged if (when := _find_when(each))]
    for each, when in sorted(starts, key=lambda pair: pair[0].decision.allowed):
        yield Start(each.kind, each.name, when, each.decision.allowed)


def keeps_running(inventory: Inventory) -> bool:
    """Whether running containers run on while dockerd is stopped (live-restore)."""
    return flag(inventory.info, "LiveRestoreEnabled")


def _find_when(judged: JudgedObject) -> str:
    if judged.kind == "container":
        return _WHEN.get(text(child(child(judged.thing, "HostConfig"), "RestartPolicy"), "Name"), "")
    replicated = child(child(child(judged.thing, "Spec"), "Mode"), "Replicated")
    if judged.kind == "service" and (not replicated or integer(replicated, "Replicas") != 0):
        return "swarm starts its tasks, on any node"
    return ""
