"""SARIF 2.1.0: one run, a rule for each rule of the policy and each refusal code that occurs, a result a violation."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from urllib.parse import quote

from portero import __version__
from portero.decision import Violation
from portero.judging import denial
from portero.policy.policy import Policy
from portero.recording.request_files import DecidedRequest, FileRequest
from portero.refusals import CODES
from portero.values.json_types import JSON

VERSION = "2.1.0"
_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
# The project has no site; a name is a URI too.
_INFORMATION = "urn:portero"
_LEVELS = {"deny": "error", "audit": "note"}


def document(checked: Sequence[DecidedRequest], policy: Policy) -> dict[str, JSON]:
    """The log of one run about decisions. A violation that an exception waives is a suppressed result."""
    found = [(each, violation) for each in checked for violation in each.decision.violations]
    rules = _rules(policy, {violation.rule for _, violation in found})
    index = {str(rule["id"]): index for index, rule in enumerate(rules)}
    return log(rules, [_result(each, violation, index) for each, violation in found])


def log(rules: Sequence[Mapping[str, JSON]], results: Sequence[JSON]) -> dict[str, JSON]:
    """The log of one run with these rules (see `rule`) and results."""
    driver: dict[str, JSON] = {
        "name": "portero",
        "version": __version__,
        "informationUri": _INFORMATION,
        "rules": [dict(rule) for rule in rules],
    }
    run: dict[str, JSON] = {"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": [*results]}
    return {"$schema": _SCHEMA, "version": VERSION, "runs": [run]}


def rule(id: str, title: str, reason: str, remedy: Mapping[str, str], level: str) -> dict[str, JSON]:
    """A rule of the driver."""
    return {
        "id": id,
        "shortDescription": {"text": title},
        "fullDescription": {"text": reason},
        "help": {"text": "\n".join(f"{client}: {words}" for client, words in remedy.items())},
        "properties": {"tags": ["security", level]},
    }


def fingerprint(*parts: str) -> dict[str, JSON]:
    """The same for the same finding, whatever moves around it."""
    return {"portero/v1": hashlib.sha256("\0".join(parts).encode(errors="surrogatepass")).hexdigest()}


def _rules(policy: Policy, occurring: Iterable[str]) -> list[dict[str, JSON]]:
    levels = [
        rule(each.id, each.title, each.reason, each.remedy, each.level)
        for each in sorted(policy.rules.values(), key=lambda each: each.id)
    ]
    codes = sorted(set(occurring) & CODES.keys())
    return levels + [
        rule(code, CODES[code].title, CODES[code].reason, {"docker": CODES[code].remedy}, "always") for code in codes
    ]


def _result(checked: DecidedRequest, violation: Violation, index: Mapping[str, int]) -> JSON:
    request, dialect = checked.request, checked.decision.dialect
    result: dict[str, JSON] = {
        "ruleId": violation.rule,
        "ruleIndex": index[violation.rule],
        "level": _LEVELS.get(violation.action, "note"),
        "message": {"text": denial.write_sentence(violation, dialect)},
        "locations": [_location(request, violation)],
        "partialFingerprints": fingerprint(
            request.file, request.name, checked.decision.subject.operation, violation.rule, violation.at
        ),
    }
    if violation.action == "waived":
        result["suppressions"] = [{"kind": "external"}]
    return result


def _location(request: FileRequest, violation: Violation) -> JSON:
    path, line = request.locate(violation.at)
    file: dict[str, JSON] = {"artifactLocation": {"uri": quote(path)}}
    if line is not None:
        file["region"] = {"startLine": line}
    name = " ".join(part for part in (request.name, violation.at) if part)
    logical: list[JSON] = [{"fullyQualifiedName": name}] if name else []
    return {"physicalLocation": file, "logicalLocations": logical}
