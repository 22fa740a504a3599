"""The words of a rule for a denial: what is asked, allowed or missing, and values in reasons."""

import json
from typing import Any

import pytest

from portero.policy.loader import load
from portero.policy.rule import Rule
from portero.policy.wording import WordingTemplate, faults, fill_reason
from portero.proof.rule_examples import Examples
from portero.reading.routes import Routes
from portero.reading.shapes import Shapes
from tests.paths import SCHEMAS

ROUTES = Routes.load(json.loads((SCHEMAS / "operations.json").read_text()))
POLICY = load([SCHEMAS, SCHEMAS / "example-site"], ROUTES.operations)
EXAMPLES = Examples(
    json.loads((SCHEMAS / "base-requests.json").read_text()),
    {operation.id: operation for operation in ROUTES.operations},
    Shapes.load(SCHEMAS / "api"),
)
LIMIT = WordingTemplate.of(
    "memory-limit",
    {"entry": "limits", "part": ["no limit on", "memory"], "asked": "{value:size}", "allowed": "at most {memory-max}"},
).with_site({"memory-max": "1g"})
REQUEST = {"facts": {"mounts": [{"swappableBy": [{"who": "user alicia (1000)", "path": "/home/{x}"}]}]}}


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
    words = WordingTemplate.of("tmpfs-size", {"asked": "{count} for {target|source}", "allowed": "less"})

    assert words.fill({"mount": {"at": "HostConfig", "count": 0, **fact}}, [("mount", "count")]).asked == asked


def test_too_much_has_what_is_asked_and_what_the_site_allows() -> None:
    found = LIMIT.fill(of_memory(4 << 30), [PATH])

    assert (found.entry, found.asked, found.allowed, found.part) == ("limits", "4g", "at most 1g", None)


def test_what_is_missing_has_other_words() -> None:
    found = LIMIT.fill(of_memory(None), [PATH])

    assert (found.asked, found.allowed, found.part) == ("", "", ("no limit on", "memory"))


def test_no_limit_at_all_is_called_unlimited() -> None:
    assert LIMIT.fill(of_memory(-1), [PATH]).asked == "unlimited"


def test_several_values_are_named_and_the_rest_counted() -> None:
    template = WordingTemplate.of("privileged-ports", {"asked": "{hostPort}"})
    request: Any = {
        "facts": {
            "ports": [{"hostPort": port, "at": "HostConfig.PortBindings[*]"} for port in (80, 443, 22, 25, 53, 67)]
        }
    }

    found = template.fill(request, [("facts", "ports", n, "hostPort") for n in range(6)])

    assert found.asked == "80, 443, 22, 25 and 2 more"


def test_control_characters_and_long_values_are_cut() -> None:
    template = WordingTemplate.of("mounts", {"asked": "{source}"})
    request: Any = {"facts": {"mounts": [{"source": "/\x1b[31m" + "x" * 500, "at": "X"}]}}

    asked = template.fill(request, [("facts", "mounts", 0)]).asked

    assert "\x1b" not in asked
    assert len(asked) < 100


def test_a_site_value_that_does_not_exist_is_a_fault() -> None:
    assert list(faults({"allowed": "at most {memory-maximum}"}, {"memory-max"})) == [
        "denial: '{memory-maximum}' is not in site.json: did you mean 'memory-max'?"
    ]


@pytest.mark.parametrize("rule", POLICY.rules.values(), ids=lambda rule: rule.id)
def test_the_words_of_every_rule_fit_its_own_examples(rule: Rule) -> None:
    """No name of a fact is misspelt: a name that the fact does not have would stand there as it is."""
    template = rule.wording.with_site(POLICY.site)
    for example in rule.denies:
        document: Any = EXAMPLES.document(example)
        failures = POLICY.checks[rule.id].failures(document)
        found = template.fill(document, failures)
        assert failures
        assert "{" not in f"{found.asked} {found.allowed} {found.part} {found.text}"
        assert found.asked not in ("value", "source", "name", "path", "hostPort", "driver", "profile", "reference")


@pytest.mark.parametrize(
    ("reason", "expected"),
    [
        ("{who} can replace {path}.", "user alicia (1000) can replace /home/{x}."),
        ("{none} and {who}", "none and user alicia (1000)"),
        ("plain", "plain"),
    ],
)
def test_names_are_filled_from_the_failed_fact(reason: str, expected: str) -> None:
    assert fill_reason(reason, REQUEST, ("facts", "mounts", 0, "swappableBy", 0)) == expected


def test_elsewhere_the_names_stay() -> None:
    assert fill_reason("{who} can", {"facts": {"x": "y"}}, ("facts", "x")) == "who can"


def test_what_docker_adds_is_not_called_asked() -> None:
    swap = POLICY.rules["no-swap"].wording
    fact = {"value": 64 << 20, "at": "HostConfig.MemorySwap"}
    path = [("facts", "limits", "swap", "value")]

    asked, added = (swap.fill({"facts": {"limits": {"swap": fact | more}}}, path) for more in ({}, {"added": True}))

    assert (asked.asked, asked.allowed) == ("64m of swap", "none")
    assert (added.asked, added.allowed, added.part) == ("", "", None)
    assert added.text.startswith("Docker adds as much swap as memory (64m)")


@pytest.mark.parametrize(("paths", "whole"), [(["/"], True), (["/srv", "/"], True), (["/run/docker.sock"], False)])
def test_the_root_of_the_host_is_called_the_whole_host(paths: list[str], whole: bool) -> None:
    mount = {"at": "HostConfig.Binds[0]", "source": paths[0], "paths": paths, "holds": ["/run/docker.sock"]}
    words = POLICY.rules["no-daemon-sockets"].wording.fill(
        {"facts": {"mounts": [mount]}}, [("facts", "mounts", 0, "holds")]
    )

    assert words.text.startswith("this is the whole host") is whole
