"""The words of a rule for a denial: what is asked, allowed or missing, and values in reasons."""

import json
from collections.abc import Sequence
from typing import Any

import pytest

from portero.decide.engine import InstancePath
from portero.decide.policy.at import find_failure
from portero.decide.policy.wording import fill_reason, fill_site_wording, fill_wording, find_site_faults, read_wording
from portero.decide.values.denial_parts import Wording
from portero.decide.values.json_fields import JSON
from portero.observe.stores.api_tables import load_api
from portero.observe.stores.policy_loader import load_policy
from portero.tools.proof.rule_examples import Examples
from tests.paths import SCHEMAS

ROUTES, SHAPES = load_api()
POLICY = load_policy([SCHEMAS, SCHEMAS / "example-site"], ROUTES.operations)
BASE = json.loads((SCHEMAS / "base-requests.json").read_text())
EXAMPLES = Examples(BASE, {operation.id: operation for operation in ROUTES.operations}, SHAPES)
LIMIT = fill_site_wording(
    read_wording(
        "memory-limit",
        {
            "entry": "limits",
            "part": ["no limit on", "memory"],
            "requested": "{value:size}",
            "allowed": "at most {memory-max}",
        },
    ),
    {"memory-max": "1g"},
)
REQUEST = {"facts": {"mounts": [{"swappableBy": [{"who": "user alicia (1000)", "path": "/home/{x}"}]}]}}
SWAPPABLE = ("facts", "mounts", 0, "swappableBy", 0)


def fill_at(words: Wording, document: JSON, paths: Sequence[InstancePath]) -> Wording:
    return fill_wording(words, [find_failure(document, path) for path in paths])


def of_memory(value: Any) -> Any:
    return {"facts": {"limits": {"memory": {"value": value, "at": "HostConfig.Memory"}}}}


PATH = ("facts", "limits", "memory", "value")


@pytest.mark.parametrize(
    ("fact", "asked"),
    [
        ({"target": "/run", "source": "v"}, "0 for /run"),
        ({"target": "", "source": "v"}, "0 for v"),
        ({"target": None, "source": None}, "0 for "),
        ({"source": "v"}, "0 for v"),
    ],
)
def test_a_value_stands_in_for_one_that_is_empty(fact: Any, asked: str) -> None:
    words = read_wording("tmpfs-size", {"requested": "{count} for {target|source}", "allowed": "less"})

    assert (
        fill_at(
            words, {"facts": {"mount": {"at": "HostConfig", "count": 0, **fact}}}, [("facts", "mount", "count")]
        ).requested
        == asked
    )


@pytest.mark.parametrize(
    ("value", "asked", "allowed", "part"),
    [
        pytest.param(4 << 30, "4g", "at most 1g", None, id="too much"),
        pytest.param(None, "", "", ("no limit on", "memory"), id="what is missing has other words"),
        pytest.param(-1, "unlimited", "at most 1g", None, id="no limit at all"),
    ],
)
def test_a_limit_has_what_is_asked_and_what_the_site_allows(value: Any, asked: str, allowed: str, part: Any) -> None:
    found = fill_at(LIMIT, of_memory(value), [PATH])

    assert (found.entry, found.requested, found.allowed, found.part) == ("limits", asked, allowed, part)


def test_several_values_are_named_and_the_rest_counted() -> None:
    template = read_wording("privileged-ports", {"requested": "{hostPort}"})
    ports = [{"hostPort": port, "at": "HostConfig.PortBindings[*]"} for port in (80, 443, 22, 25, 53, 67)]

    found = fill_at(template, {"facts": {"ports": ports}}, [("facts", "ports", n, "hostPort") for n in range(6)])

    assert found.requested == "80, 443, 22, 25 and 2 more"


def test_control_characters_and_long_values_are_cut() -> None:
    template = read_wording("mounts", {"requested": "{source}"})
    request: Any = {"facts": {"mounts": [{"source": "/\x1b[31m" + "x" * 500, "at": "X"}]}}

    asked = fill_at(template, request, [("facts", "mounts", 0)]).requested

    assert "\x1b" not in asked
    assert len(asked) < 100


def test_a_site_value_that_does_not_exist_is_a_fault() -> None:
    assert list(find_site_faults({"allowed": "at most {memory-maximum}"}, {"memory-max"})) == [
        "denial: '{memory-maximum}' is not in site.json: did you mean 'memory-max'?"
    ]


def test_the_words_of_every_rule_fit_its_own_examples() -> None:
    """No name of a fact is misspelt: a name that the fact does not have would stand there as it is."""
    for rule, example in [(one, example) for one in POLICY.rules.values() for example in one.denies]:
        document: Any = EXAMPLES.make_document(example)
        failures = POLICY.checks[rule.id].failures(document)
        found = fill_at(fill_site_wording(rule.wording, POLICY.site), document, failures)
        assert failures, rule.id
        assert "{" not in f"{found.requested} {found.allowed} {found.part} {found.text}"
        assert found.requested not in ("value", "source", "name", "path", "hostPort", "driver", "profile", "reference")


@pytest.mark.parametrize(
    ("reason", "path", "expected"),
    [
        ("{who} can replace {path}.", SWAPPABLE, "user alicia (1000) can replace /home/{x}."),
        ("{none} and {who}", SWAPPABLE, "none and user alicia (1000)"),
        ("plain", SWAPPABLE, "plain"),
        ("{who} can", ("facts", "mounts"), "who can"),
    ],
)
def test_names_are_filled_from_the_failed_fact_alone(reason: str, path: Any, expected: str) -> None:
    assert fill_reason(reason, REQUEST, path) == expected


def test_what_docker_adds_is_not_called_asked() -> None:
    swap = POLICY.rules["no-swap"].wording
    fact = {"value": 64 << 20, "at": "HostConfig.MemorySwap"}
    path = [("facts", "limits", "swap", "value")]

    asked, added = (fill_at(swap, {"facts": {"limits": {"swap": fact | more}}}, path) for more in ({}, {"added": True}))

    assert (asked.requested, asked.allowed) == ("64m of swap", "none")
    assert (added.requested, added.allowed, added.part) == ("", "", None)
    assert added.text.startswith("Docker adds as much swap as memory (64m)")


@pytest.mark.parametrize(("paths", "whole"), [(["/"], True), (["/srv", "/"], True), (["/run/docker.sock"], False)])
def test_the_root_of_the_host_is_called_the_whole_host(paths: list[str], whole: bool) -> None:
    mount = {"at": "HostConfig.Binds[0]", "source": paths[0], "paths": paths, "holds": ["/run/docker.sock"]}
    wording = POLICY.rules["no-daemon-sockets"].wording
    words = fill_at(wording, {"facts": {"mounts": [mount]}}, [("facts", "mounts", 0, "holds")])

    assert words.text.startswith("this is the whole host") is whole
