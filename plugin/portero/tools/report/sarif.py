"""SARIF 2.1.0: one run, with a rule for each rule of the policy and each refusal code that occurs.

A result for each violation; a file that could not be read is a notification of the tool.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from urllib.parse import quote

from portero import __address__, __version__
from portero.decide.decision import Violation
from portero.decide.judging import denial
from portero.decide.policy.policy import Policy
from portero.decide.policy.wording import name_facts
from portero.decide.values.json_fields import JSON
from portero.decide.values.refusals import CODES
from portero.tools.recording.request_files import DecidedRequest, FileRequest
from portero.tools.report.output_formats import NOTHING_UNREAD

VERSION = "2.1.0"
_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
# A name is a URI too.
_INFORMATION = __address__ or "urn:portero"
# By the level of a rule, what its violation is where it refuses, and how grave: of ten, as CVSS counts.
_LEVELS = {
    "baseline": ("error", "9.0"),
    "hardened": ("warning", "6.0"),
    "restricted": ("warning", "4.0"),
    "advisory": ("note", "1.0"),
}
# Code scanning knows the files of a repository by their paths, without it in front.
_HERE = "./"
_ALWAYS = ("error", "8.0")


def choose_level(level: str, *, refuses: bool) -> str:
    """The level of a result, for a rule of this level."""
    return _LEVELS.get(level, _ALWAYS)[0] if refuses else "note"


def make_sarif_of_decisions(
    checked: Sequence[DecidedRequest], policy: Policy, unread: Mapping[str, str] = NOTHING_UNREAD
) -> dict[str, JSON]:
    """The log of one run about decisions. A violation that an exception waives is a suppressed result.

    `unread`: why a file could not be judged.
    """
    violations = [(each, violation) for each in checked for violation in each.decision.violations]
    rules = _list_rules(policy, {violation.rule for _, violation in violations})
    index = {str(rule["id"]): index for index, rule in enumerate(rules)}
    results = [_describe_violation(each, violation, index) for each, violation in violations]
    return make_sarif_log(rules, results, unread)


def make_sarif_log(
    rules: Sequence[Mapping[str, JSON]], results: Sequence[JSON], unread: Mapping[str, str] = NOTHING_UNREAD
) -> dict[str, JSON]:
    """The log of one run with these rules (see `rule`) and results; `unread`: files without any, and why."""
    driver: dict[str, JSON] = {
        "name": "portero",
        "version": __version__,
        "informationUri": _INFORMATION,
        "rules": [dict(rule) for rule in rules],
    }
    run: dict[str, JSON] = {"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": [*results]}
    if unread:
        notifications: list[JSON] = [
            {
                "level": "error",
                "message": {"text": why},
                "locations": [{"physicalLocation": {"artifactLocation": {"uri": quote(file.removeprefix(_HERE))}}}],
            }
            for file, why in unread.items()
        ]
        run["invocations"] = [{"executionSuccessful": False, "toolExecutionNotifications": notifications}]
    return {"$schema": _SCHEMA, "version": VERSION, "runs": [run]}


def make_sarif_rule(id: str, title: str, reason: str, remedy: Mapping[str, str], level: str) -> dict[str, JSON]:
    return {
        "id": id,
        "shortDescription": {"text": title},
        "fullDescription": {"text": name_facts(reason)},
        **({"helpUri": f"{__address__}/rules/{id}.html"} if __address__ else {}),
        "help": {"text": "\n".join(f"{client}: {words}" for client, words in remedy.items())},
        "properties": {"tags": ["security", level], "security-severity": _LEVELS.get(level, _ALWAYS)[1]},
    }


def make_sarif_fingerprint(*parts: str) -> dict[str, JSON]:
    """The same for the same finding, whatever moves around it."""
    return {"portero/v1": hashlib.sha256("\0".join(parts).encode(errors="surrogatepass")).hexdigest()}


def _list_rules(policy: Policy, occurring: Iterable[str]) -> list[dict[str, JSON]]:
    rules = [
        make_sarif_rule(each.id, each.title, each.reason, each.remedy, each.level)
        for each in sorted(policy.rules.values(), key=lambda each: each.id)
    ]
    codes = ((id, CODES[id]) for id in sorted(set(occurring) & CODES.keys()))
    return rules + [
        make_sarif_rule(id, code.title, code.reason, {"docker": code.remedy}, "always") for id, code in codes
    ]


def _describe_violation(checked: DecidedRequest, violation: Violation, index: Mapping[str, int]) -> JSON:
    request, dialect = checked.request, checked.decision.dialect
    result: dict[str, JSON] = {
        "ruleId": violation.rule,
        "ruleIndex": index[violation.rule],
        "level": choose_level(violation.level, refuses=violation.action == "deny"),
        "message": {"text": denial.write_sentence(violation, dialect)},
        "locations": [_locate(request, violation)],
        "partialFingerprints": make_sarif_fingerprint(
            request.file, request.name, checked.decision.subject.operation, violation.rule, violation.at
        ),
    }
    if violation.action == "waived":
        result["suppressions"] = [{"kind": "external"}]
    return result


def _locate(request: FileRequest, violation: Violation) -> JSON:
    path, line = request.locate(violation.at)
    file: dict[str, JSON] = {"artifactLocation": {"uri": quote(path.removeprefix(_HERE))}}
    if line is not None:
        file["region"] = {"startLine": line}
    name = " ".join(part for part in (request.name, violation.at) if part)
    logical: list[JSON] = [{"fullyQualifiedName": name}] if name else []
    return {"physicalLocation": file, "logicalLocations": logical}
