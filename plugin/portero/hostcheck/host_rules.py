"""The rules about the host: loaded from the same folders as the rules about requests, in almost the same dialect.

Either all rules load, or InvalidPolicy has every fault. A rule has three outcomes: it holds, it is violated, or a
fact that it needs is unknown (fact.py).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, cast

from portero.engine import Check, Engine, InstancePath
from portero.engine.rust import RUST
from portero.hostcheck.fact import certain, possible
from portero.policy import json_files, site
from portero.policy.dialect import condition_faults
from portero.policy.folder import Folder, digest_of, read_folder
from portero.policy.loader import Reader, action_faults, compile_rules, refuse_if, site_values
from portero.policy.policy import Policy
from portero.policy.rule import Rule
from portero.values.json_objects import apply_patch
from portero.values.json_types import JSON

About = Literal["host", "daemon"]
Status = Literal["violated", "unknown"]

# The modules of policy need an operation; a host rule has none.
_NO_OPERATION = "Host"
_OF_HOST = frozenset({"about", "needs"})
_REQUIRED = ("rule.json", "host-rule.json", "site.json", "site.schema.json")


@dataclass(frozen=True, slots=True)
class HostPolicy:
    """`rules` holds rules, site values and actions; its checks read a rule as `certain`, `possible` has the others.

    `needs`: for some rules another one, without which they say nothing.
    """

    rules: Policy
    about: Mapping[str, About]
    possible: Mapping[str, Check]
    needs: Mapping[str, str]

    def outcome(self, rule: str, document: JSON) -> tuple[Status, tuple[InstancePath, ...]] | None:
        """None: the rule holds. Otherwise whether it is certainly violated, and where."""
        failures = self.rules.checks[rule].failures(document)
        if not failures:
            return None
        return ("violated" if self.possible[rule].failures(document) else "unknown"), failures


def load(folders: Sequence[Path], engine: Engine = RUST, reader: Reader = read_folder) -> HostPolicy:
    """The rules about the host in these folders, the built-in one first; raises InvalidPolicy with every fault."""
    faults: list[str] = []
    contents = [reader(folder, faults) for folder in folders]
    builtin = contents[0]
    refuse_if(
        faults + [f"{builtin.path / name}: is missing: restore it" for name in _REQUIRED if name not in builtin.data]
    )
    site_schema = builtin.documents["site.schema.json"]
    values = site_values(contents, site_schema, faults)
    rules, about, needs = _read_rules(contents, faults)
    faults += action_faults(contents)
    refuse_if(faults)
    resources: dict[str, Mapping[str, JSON]] = {"site": {"$defs": site.make_definitions(values, site_schema)}}
    certainly = compile_rules(_rewrite(certain, rules), engine, resources, faults)
    possibly = compile_rules(_rewrite(possible, rules), engine, resources, faults)
    refuse_if(faults)
    return HostPolicy(Policy(rules, values, digest_of(contents), certainly, {}), about, possibly, needs)


def dialect(documents: Mapping[str, Mapping[str, JSON]]) -> dict[str, JSON]:
    """The meta-schema of rules about the host."""
    return cast(dict[str, JSON], apply_patch(dict(documents["rule.json"]), dict(documents["host-rule.json"])))


def rule_faults(rule: Mapping[str, JSON], meta_schema: Mapping[str, JSON], references: set[str]) -> list[str]:
    """One sentence for each fault of a rule."""
    return list(json_files.find_faults(dict(rule), meta_schema)) or list(condition_faults(rule, references))


def rule_of(file: Path, content: Mapping[str, JSON]) -> Rule:
    """The rule in a file without faults."""
    condition = {name: value for name, value in content.items() if name not in _OF_HOST}
    return Rule.of(file, condition | {"operations": [_NO_OPERATION]})


def _read_rules(
    contents: Sequence[Folder], faults: list[str]
) -> tuple[dict[str, Rule], dict[str, About], dict[str, str]]:
    documents = contents[0].documents
    meta_schema = dialect(documents)
    references = {site.REFERENCE + key for key in site.list_keys(documents["site.schema.json"])}
    rules, about, needs = {}, {}, dict[str, str]()
    for folder in contents:
        for file, content in folder.host.items():
            of_rule = rule_faults(content, meta_schema, references)
            faults += [folder.located(file, fault) for fault in of_rule]
            if not of_rule:
                rules[file.stem] = rule_of(file, content)
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
