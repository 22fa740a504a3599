"""The rules about the host: loaded from the folders of those about requests, in almost their dialect, and checked.

Either all rules load, or LoadError has every fault. A rule has three outcomes: it holds, it is violated, or a
fact that it needs is unknown (fact.py).
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from pathlib import Path
from typing import Literal, cast

from portero.decide.decision import LEVELS
from portero.decide.engine import Check, Engine, InstancePath
from portero.decide.engine.rust import RUST
from portero.decide.policy import site
from portero.decide.policy.at import find_failure, follow
from portero.decide.policy.dialect import find_condition_faults
from portero.decide.policy.folder import Folder, hash_folders
from portero.decide.policy.json_files import FindFaults, compile_faults
from portero.decide.policy.loader import compile_rules, find_action_faults, read_site_values, refuse_if
from portero.decide.policy.policy import Policy
from portero.decide.policy.rule import Action, Rule
from portero.decide.values.dataclass import dataclass, field, replace
from portero.decide.values.json_fields import JSON
from portero.decide.values.json_objects import apply_patch
from portero.observe.stores.policy_loader import Reader, read_folder
from portero.tools.hostcheck.fact import UNKNOWN, make_certain, make_possible

About = Literal["host", "daemon"]
Status = Literal["violated", "unknown"]

# The modules of policy need an operation; a host rule has none.
_NO_OPERATION = "Host"
_OF_HOST = frozenset({"about", "needs"})
_REQUIRED = ("rule.json", "host-rule.json", "site.json", "site.schema.json")


@dataclass(frozen=True, slots=True)
class HostPolicy:
    """`rules` holds rules, site values and actions; its checks read a rule as certain, those in `possible` as possible.

    `needs`: for some rules another one, without which they say nothing.
    """

    rules: Policy
    about: Mapping[str, About]
    possible: Mapping[str, Check]
    needs: Mapping[str, str]

    def reword_remedies(self, reword: Callable[[str], str]) -> "HostPolicy":
        """The same with other words for what to do about the host."""
        rules = {
            id: replace(rule, remedy={**rule.remedy, "host": reword(rule.remedy["host"])})
            for id, rule in self.rules.rules.items()
        }
        return replace(self, rules=replace(self.rules, rules=rules))

    def check_rule(self, rule: str, document: JSON) -> tuple[Status, tuple[InstancePath, ...]] | None:
        """None: the rule holds. Otherwise whether it is certainly violated, and where."""
        failures = self.rules.checks[rule].failures(document)
        if not failures:
            return None
        return ("violated" if self.possible[rule].failures(document) else "unknown"), failures


def load_rules(folders: Sequence[Path], engine: Engine = RUST, reader: Reader = read_folder) -> HostPolicy:
    """The rules about the host in these folders, the built-in one first; raises LoadError with every fault."""
    faults: list[str] = []
    contents = [reader(folder, faults) for folder in folders]
    builtin = contents[0]
    refuse_if(
        faults + [f"{builtin.path / name}: is missing: restore it" for name in _REQUIRED if name not in builtin.data]
    )
    site_schema = builtin.documents["site.schema.json"]
    values = read_site_values(contents, site_schema, faults)
    rules, about, needs = _read_rules(contents, faults)
    faults += find_action_faults(contents)
    refuse_if(faults)
    resources: dict[str, Mapping[str, JSON]] = {"site": {"$defs": site.make_definitions(values, site_schema)}}
    certainly = compile_rules(_rewrite(make_certain, rules), engine, resources, faults)
    possibly = compile_rules(_rewrite(make_possible, rules), engine, resources, faults)
    refuse_if(faults)
    return HostPolicy(Policy(rules, values, hash_folders(contents), certainly, {}), about, possibly, needs)


def make_dialect(documents: Mapping[str, Mapping[str, JSON]]) -> dict[str, JSON]:
    return cast(dict[str, JSON], apply_patch(dict(documents["rule.json"]), dict(documents["host-rule.json"])))


def find_rule_faults(rule: Mapping[str, JSON], find_shape_faults: FindFaults, references: set[str]) -> list[str]:
    return find_shape_faults(dict(rule)) or list(find_condition_faults(rule, references))


def make_rule(file: Path, content: Mapping[str, JSON]) -> Rule:
    condition = {name: value for name, value in content.items() if name not in _OF_HOST}
    return Rule.of(file, condition | {"operations": [_NO_OPERATION]})


def _read_rules(
    contents: Sequence[Folder], faults: list[str]
) -> tuple[dict[str, Rule], dict[str, About], dict[str, str]]:
    documents = contents[0].documents
    find_shape_faults = compile_faults(make_dialect(documents))
    references = {site.REFERENCE + key for key in site.list_keys(documents["site.schema.json"])}
    rules, about, needs = {}, {}, dict[str, str]()
    for folder in contents:
        for file, content in folder.host.items():
            of_rule = find_rule_faults(content, find_shape_faults, references)
            faults += [folder.locate(file, fault) for fault in of_rule]
            if not of_rule:
                rules[file.stem] = make_rule(file, content)
                about[file.stem] = cast(About, content["about"])
                if "needs" in content:
                    needs[file.stem] = cast(str, content["needs"])
    if not contents[0].host:
        faults.append(f"{contents[0].path / 'host'}: holds no rule: restore the rules")
    faults += [
        f"{rules[id].file}: needs: unknown rule '{needed}'" for id, needed in needs.items() if needed not in rules
    ]
    return dict(sorted(rules.items())), about, needs


def _rewrite(reading: Callable[[JSON], JSON], rules: Mapping[str, Rule]) -> dict[str, Rule]:
    return {id: replace(rule, schema=cast(dict[str, JSON], reading(dict(rule.schema)))) for id, rule in rules.items()}


_MAX_VALUE_LENGTH = 80
_UNKNOWN = json.dumps(UNKNOWN)


@dataclass(frozen=True, slots=True)
class Finding:
    """A rule that does not hold; `at`: where `value` was read, which is JSON, empty for objects and long values."""

    rule: Rule
    status: Status
    action: Action
    at: str
    value: str


@dataclass(frozen=True, slots=True)
class HostReport:
    """The result for one host, without the rules that the profile or the site turns off; rule IDs in the lists.

    `waiting`: rules that say nothing while another is violated, and which.
    """

    findings: tuple[Finding, ...]
    held: tuple[str, ...]
    not_applicable: tuple[str, ...]
    waiting: Mapping[str, str] = field(default_factory=dict)

    @property
    def clean(self) -> bool:
        """Whether every rule that the profile enforces is known to hold."""
        return not any(finding.action == "deny" for finding in self.findings)


def check(policy: HostPolicy, document: dict[str, JSON], profile: str) -> HostReport:
    """Checks every rule that the profile enforces or reports; findings come worst level first."""
    findings: list[Finding] = []
    held, not_applicable = [], []
    facts = cast(dict[str, dict[str, dict[str, JSON]]], document)
    without_docker = facts["daemon"]["installed"]["value"] is False
    for rule in sorted(policy.rules.rules.values(), key=lambda rule: (LEVELS.index(rule.level), rule.id)):
        action = policy.rules.action(rule.id, profile)
        if action == "off":
            continue
        if policy.about[rule.id] == "daemon" and without_docker:
            not_applicable.append(rule.id)
            continue
        failed = [*_list_findings(policy, rule, action, document)]
        findings += failed
        if not failed:
            held.append(rule.id)
    waiting = _find_waiting(policy, findings, {*held, *(finding.rule.id for finding in findings)}, profile)
    findings = [finding for finding in findings if finding.rule.id not in waiting]
    return HostReport(
        tuple(sorted(findings, key=lambda finding: finding.action != "deny")),
        tuple(id for id in held if id not in waiting),
        tuple(not_applicable),
        waiting,
    )


def _find_waiting(policy: HostPolicy, findings: Sequence[Finding], checked: Set[str], profile: str) -> dict[str, str]:
    """Rules that need a violated one; never one that is enforced for one that is only reported."""
    violated = {finding.rule.id: finding.action for finding in findings if finding.status == "violated"}
    return {
        id: needed
        for id, needed in policy.needs.items()
        if needed in violated
        and id in checked
        and (violated[needed] == "deny" or policy.rules.action(id, profile) != "deny")
    }


def _list_findings(policy: HostPolicy, rule: Rule, action: Action, document: dict[str, JSON]) -> Iterator[Finding]:
    outcome = policy.check_rule(rule.id, document)
    if outcome is None:
        return
    status, failures = outcome
    # `at` counts only below facts. Several failures of one value are one finding.
    found = {path: find_failure({"facts": document}, ("facts", *path))[0] for path in failures}
    readings = ((at, _read_value(document, path)) for path, at in found.items())
    for at, value in dict.fromkeys(readings):
        yield Finding(rule, "unknown" if value == _UNKNOWN else status, action, at, value)


def _read_value(document: JSON, path: InstancePath) -> str:
    value = follow(document, path)
    text = json.dumps(value)
    return "" if isinstance(value, dict) or len(text) > _MAX_VALUE_LENGTH else text
