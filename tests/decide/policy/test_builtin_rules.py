"""Every rule file under schemas/: proved by its own examples (tools/proof), as `portero test` proves a site's."""

import json
import re
from functools import cache
from pathlib import Path

import pytest

from portero.decide.policy.dialect import THREATS
from portero.decide.policy.policy import Policy
from portero.decide.policy.rule import Example
from portero.observe.stores.api_tables import load_api
from portero.observe.stores.policy_loader import load_policy
from portero.tools.proof.prove import CHECKS, RuleProof
from portero.tools.proof.rule_examples import Examples, RequestRules, list_rules
from tests.paths import SCHEMAS

# The site of the examples: it lists something under each key whose list ships empty.
EXAMPLE_SITE = SCHEMAS / "example-site"
FILES = sorted(file for branch in ("rules", "host") for file in (SCHEMAS / branch).glob("*/*.json"))
MOST_LINES = 120
OPERATIONS = load_api()[0].operations

SOURCE = re.compile(
    r"G([1-9]|1[0-9]|2[0-3])|CIS [0-9]+(\.[0-9]+)*|PSS (baseline|restricted)|OWASP [0-9]+[a-z]?|NIST [0-9A-Za-z .-]+"
    r"|CVE-[0-9]{4}-[0-9]+|Portero"
)


@cache
def policy() -> Policy:
    return load_policy([SCHEMAS, EXAMPLE_SITE], OPERATIONS)


@cache
def tried() -> dict[Path, RuleProof]:
    return {
        Path(rule.file): RuleProof.of(rule_kind, rule)
        for rule_kind, rule in list_rules([SCHEMAS], OPERATIONS, load_api()[1])
    }


@cache
def examples() -> Examples:
    rule_kind = next(iter(tried().values())).rule_kind
    assert isinstance(rule_kind, RequestRules)
    return rule_kind.examples


def test_the_built_in_policy_loads_without_a_fault() -> None:
    assert set(policy().rules) == {file.stem for file in FILES if file.parts[-3] == "rules"}


@pytest.mark.parametrize(
    "file", [file for file in FILES if '"coveredBy"' in file.read_text()], ids=lambda file: file.stem
)
def test_an_example_that_nobody_types_is_covered_by_a_test_that_names_its_rule(file: Path) -> None:
    """This module proves examples, where nothing at a dockerd does."""
    rule = json.loads(file.read_text())
    named = {
        example["coveredBy"]
        for kind in ("allows", "denies")
        for example in rule[kind].values()
        if "coveredBy" in example
    }

    this = Path(__file__).relative_to(SCHEMAS.parent).as_posix()
    assert [test for test in named - {this} if file.stem not in (SCHEMAS.parent / test).read_text()] == []


def test_what_can_happen_later_than_the_request_does_not_count_at_use() -> None:
    counting = {id for id, rule in policy().rules.items() if rule.at_use}

    assert {"no-privileged", "no-sensitive-paths", "no-bind-volumes", "protected-paths", "existing-volume"} <= counting
    # At the users' door the caller's own may be mounted: others may not enter that container.
    assert "no-user-sockets" in counting
    assert not {"memory-limit", "no-swappable-sources", "no-volumes-from", "network-subnets"} & counting


def test_every_rule_file_is_tried_with_both_engines() -> None:
    assert set(tried()) == set(FILES)
    assert {tuple(engine.name for engine in trial.rule_kind.engines) for trial in tried().values()} == {
        ("rust", "reference")
    }


def test_sources_and_threats_are_those_that_the_coverage_page_knows() -> None:
    written = {path.stem: json.loads(path.read_text()) for path in FILES}

    assert [(id, of) for id, rule in written.items() for of in rule["sources"] if not SOURCE.fullmatch(of)] == []
    assert [(id, of) for id, rule in written.items() for of in rule["threats"] if of not in THREATS] == []


@pytest.mark.parametrize("check", CHECKS)
def test_a_rule_is_proved_by_its_examples(check: str) -> None:
    assert [(path.stem, fault) for path, trial in tried().items() for fault in CHECKS[check](trial)] == []


def test_a_rule_file_is_short() -> None:
    assert [path.stem for path in FILES if len(path.read_text().splitlines()) > MOST_LINES] == []


def test_the_base_request_of_an_operation_breaks_no_rule() -> None:
    requests = {operation.id: examples().make_document(Example("", operation.id, {})) for operation in OPERATIONS}

    # A rule that fails at `operation`, or at what all builds are, refuses it outright: there is nothing that a request
    # could satisfy.
    violated = [
        (operation, id, failures)
        for operation, request in requests.items()
        for id in policy().by_operation[operation]
        if (failures := policy().checks[id].failures(request))
        and failures != (("operation",),)
        and failures[0][1] not in ("buildkit", "deviceAccess")
    ]

    assert violated == []
