"""SARIF 2.1.0: one run, a rule for each rule of the policy and each refusal code that occurs, a result a violation."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from urllib.parse import quote

from portero import __version__
from portero.decision import Violation
from portero.formats.checked import Checked
from portero.judging import reply
from portero.policy.policy import Policy
from portero.refusals import CODES
from portero.types import JSON

VERSION = "2.1.0"
_LEVELS = {"deny": "error", "audit": "note"}


def document(checked: Sequence[Checked], policy: Policy) -> dict[str, JSON]:
    """The log of one run. A violation that an exception waives is a suppressed result."""
    found = [(each, violation) for each in checked for violation in each.decision.violations]
    rules = _rules(policy, {violation.rule for _, violation in found})
    index = {str(rule["id"]): index for index, rule in enumerate(rules)}
    driver: dict[str, JSON] = {"name": "portero", "version": __version__, "rules": list(rules)}
    run: dict[str, JSON] = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "results": [_result(each, violation, index) for each, violation in found],
    }
    return {"version": VERSION, "runs": [run]}


def _rules(policy: Policy, occurring: Iterable[str]) -> list[dict[str, JSON]]:
    levels = [
        _rule(rule.id, rule.title, rule.reason, rule.remedy, rule.level)
        for rule in sorted(policy.rules.values(), key=lambda rule: rule.id)
    ]
    codes = sorted(set(occurring) & CODES.keys())
    return levels + [
        _rule(code, CODES[code].title, CODES[code].reason, {"docker": CODES[code].remedy}, "always") for code in codes
    ]


def _rule(id: str, title: str, reason: str, remedy: Mapping[str, str], level: str) -> dict[str, JSON]:
    return {
        "id": id,
        "shortDescription": {"text": title},
        "fullDescription": {"text": reason},
        "help": {"text": "\n".join(f"{client}: {words}" for client, words in remedy.items())},
        "properties": {"tags": ["security", level]},
    }


def _result(checked: Checked, violation: Violation, index: Mapping[str, int]) -> JSON:
    dialect = reply.dialect_of(checked.decision.subject.client)
    result: dict[str, JSON] = {
        "ruleId": violation.rule,
        "ruleIndex": index[violation.rule],
        "level": _LEVELS.get(violation.action, "note"),
        "message": {"text": reply.sentence(violation, dialect)},
        "locations": [_location(checked, violation)],
        "partialFingerprints": {"portero/v1": _fingerprint(checked, violation)},
    }
    if violation.action == "waived":
        result["suppressions"] = [{"kind": "external"}]
    return result


def _location(checked: Checked, violation: Violation) -> JSON:
    file: dict[str, JSON] = {"artifactLocation": {"uri": quote(checked.file)}}
    if checked.line is not None:
        file["region"] = {"startLine": checked.line}
    name = " ".join(part for part in (checked.name, violation.at) if part)
    logical: list[JSON] = [{"fullyQualifiedName": name}] if name else []
    return {"physicalLocation": file, "logicalLocations": logical}


def _fingerprint(checked: Checked, violation: Violation) -> str:
    """The same for the same finding in the same file, whatever moves around it."""
    parts = (checked.file, checked.name, checked.decision.subject.operation, violation.rule, violation.at)
    return hashlib.sha256("\0".join(parts).encode(errors="surrogatepass")).hexdigest()
