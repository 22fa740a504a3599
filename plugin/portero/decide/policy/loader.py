"""Makes a policy of its folders: whole, or not at all with every fault in one list.

The first folder is the built-in one (schemas/): it holds the dialect, the request's schema and the site's schema.
Later folders add rules and exceptions and override them by id; their site.json overrides the site's values.
"""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import cast

from portero.decide.engine import Check, Engine
from portero.decide.engine.rust import RUST
from portero.decide.flags.try_keyword import find_value_faults
from portero.decide.policy import doors, exception, identity_issuers, image_trust, site, site_warnings
from portero.decide.policy.dialect import find_rule_faults
from portero.decide.policy.folder import Folder, hash_folders
from portero.decide.policy.json_files import compile_faults
from portero.decide.policy.policy import Policy, group_by_operation
from portero.decide.policy.rule import Rule, fill_site_values
from portero.decide.reading.routes import UNKNOWN, Operation
from portero.decide.values.errors import LoadError
from portero.decide.values.json_fields import JSON, to_object
from portero.decide.values.spelling import suggest_name

_DIALECT, _EXCEPTION, _REQUEST = "rule.json", "exception.json", "request.json"
_SITE, _SITE_SCHEMA, _LIST = "site.json", "site.schema.json", "image-list.json"


def make_policy(
    contents: Sequence[Folder], operations: Sequence[Operation], faults: list[str], engine: Engine = RUST
) -> Policy:
    """The policy in these folders, the built-in one first; raises LoadError: each fault with its file and its cure.

    `faults`: those of reading them. Only tests name another engine.
    """
    refuse_if(faults + _find_missing(contents[0]))
    schemas = {name: contents[0].documents[name] for name in (_DIALECT, _EXCEPTION, _REQUEST, _SITE_SCHEMA, _LIST)}
    values = read_site_values(contents, schemas[_SITE_SCHEMA], faults)
    ids = {operation.id for operation in operations}
    last = contents[-1]
    faults += [last.locate(last.path / _SITE, fault) for fault in ([] if faults else doors.list_faults(values, ids))]
    rules = _read_rules(contents, schemas, ids, faults)
    faults += find_action_faults(contents)
    written = exception.read_exceptions(
        contents, schemas[_EXCEPTION], schemas[_DIALECT], _list_references(schemas), faults
    )
    refuse_if(faults)
    trusted = identity_issuers.read_issuers(contents, values, faults)
    refuse_if(faults)
    images = image_trust.read_trust(contents, values, schemas[_LIST], faults)
    refuse_if(faults)
    proposals = [(rule.file, rule.proposal) for rule in rules.values() if rule.proposal is not None]
    refuse_if([f"{file}: {fault}" for file, proposal in proposals for fault in find_value_faults(proposal, values)])
    rules = {id: fill_site_values(rule, values) for id, rule in rules.items()}
    definitions = site.make_definitions(values, schemas[_SITE_SCHEMA])
    resources: dict[str, Mapping[str, JSON]] = {"site": {"$defs": definitions}, "request": schemas[_REQUEST]}
    checks = compile_rules(rules, engine, resources, faults)
    waivers = exception.compile_waivers(written, engine, resources, faults)
    refuse_if(faults)
    judging = group_by_operation(rules, (*operations, UNKNOWN))
    return Policy(rules, values, hash_folders(contents), checks, judging, waivers, trusted, images)


def refuse_if(faults: Sequence[str]) -> None:
    """Raise LoadError with the faults found so far, if any."""
    if faults:
        raise LoadError(faults)


def _find_missing(builtin: Folder) -> list[str]:
    needed = (_DIALECT, _EXCEPTION, _REQUEST, _SITE, _SITE_SCHEMA, _LIST)
    missing = [f"{builtin.path / name}: is missing: restore it" for name in needed if name not in builtin.documents]
    return missing if builtin.rules else [*missing, f"{builtin.path / 'rules'}: holds no rule: restore the rules"]


def read_site_values(contents: Sequence[Folder], schema: Mapping[str, JSON], faults: list[str]) -> dict[str, JSON]:
    """The merged values; a key that no folder gives a value is a fault, since a rule may lean on it."""
    sites = [folder for folder in contents if _SITE in folder.documents]
    find_faults = compile_faults(schema)
    for folder in sites:
        faults += [folder.locate(folder.path / _SITE, fault) for fault in find_faults(folder.documents[_SITE])]
    values = site.merge_sites(folder.documents[_SITE] for folder in sites)
    needed = [*site.list_keys(schema), "unknown-fields"]
    faults += [f"{sites[0].path / _SITE}: '{key}' is missing: give it a value" for key in needed if key not in values]
    last = sites[-1]
    faults += [
        last.locate(last.path / _SITE, fault) for fault in ([] if faults else site_warnings.list_nested_sources(values))
    ]
    return values


def _read_rules(
    contents: Sequence[Folder], schemas: Mapping[str, Mapping[str, JSON]], operations: set[str], faults: list[str]
) -> dict[str, Rule]:
    references, find_shape_faults = _list_references(schemas), compile_faults(schemas[_DIALECT])
    rules: dict[str, Rule] = {}
    for folder in contents:
        for file, content in folder.rules.items():
            found = find_rule_faults(content, find_shape_faults, operations, references)
            wrong = [folder.locate(file, fault) for fault in found]
            faults += wrong
            if not wrong:
                rules[file.stem] = Rule.of(file, content)
    return dict(sorted(rules.items()))


def _list_references(schemas: Mapping[str, Mapping[str, JSON]]) -> set[str]:
    of_request = cast("dict[str, JSON]", schemas[_REQUEST].get("$defs", {}))
    return {site.REFERENCE + name for name in site.list_names(schemas[_SITE_SCHEMA])} | {
        f"request#/$defs/{name}" for name in of_request
    }


def find_action_faults(contents: Sequence[Folder]) -> list[str]:
    """Actions for rules that are neither rules of requests nor of the host."""
    rules = sorted({file.stem for folder in contents for file in (*folder.rules, *folder.host)})
    return [
        folder.locate(folder.path / _SITE, f"actions: unknown rule '{rule}'{suggest_name(rule, rules)}")
        for folder in contents
        for rule in to_object(folder.documents.get(_SITE, {}).get("actions"))
        if rule not in rules
    ]


def compile_rules(
    rules: Mapping[str, Rule], engine: Engine, resources: Mapping[str, Mapping[str, JSON]], faults: list[str]
) -> dict[str, Check]:
    """The checks of all rules; each rule that does not compile is added to `faults`."""
    prepared = cache(lambda: engine.prepare(resources))
    checks = {}
    for rule in rules.values():
        try:
            checks[rule.id] = prepared()(rule.schema)
        except Exception as error:  # noqa: BLE001 - each engine raises other errors
            faults.append(f"{rule.file}: the {engine.name} engine cannot compile it ({type(error).__name__})")
    return checks
