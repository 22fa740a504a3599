"""The site's values become schemas that both engines read alike; what is not a good value is a fault with its cure."""

from collections.abc import Callable
from typing import Any

import pytest

from portero.decide.policy import site
from portero.decide.policy.json_files import compile_faults
from portero.tools.proof.rule_examples import ENGINES
from tests.cases import cases


def compiled(becomes: str, value: Any, name: str = "key") -> Callable[[Any], bool]:
    """Whether a candidate is accepted, by both engines alike."""
    schema = {"properties": {"key": {"becomes": becomes}}}
    resources = {"site": {"$defs": site.make_definitions({"key": value}, schema)}}
    checks = [engine.compile({"$ref": f"site#/$defs/{name}"}, resources) for engine in ENGINES]

    def accepts(candidate: Any) -> bool:
        verdicts = {check.failures(candidate) == () for check in checks}
        assert len(verdicts) == 1, "the engines differ"
        return verdicts.pop()

    return accepts


def image(registry: str, repository: str, **more: bool) -> dict[str, Any]:
    return {"registry": registry, "repository": repository, **more}


@pytest.mark.parametrize(("becomes", "value", "accepted", "refused"), cases(__file__, "site-values.jsonl"))
def test_a_value_accepts(becomes: str, value: Any, accepted: list[Any], refused: list[Any]) -> None:
    accepts = compiled(becomes, value)

    assert [one for one in accepted if not accepts(one)] == []
    assert [one for one in refused if accepts(one)] == []


@pytest.mark.parametrize(
    ("becomes", "value", "name", "accepted", "refused"),
    [
        ("exact-path-list", ["/srv/data"], "key-within", ["/srv/data", "/srv/data/x"], ["/srv"]),
        ("registry-list", ["docker.io"], "key-listed", [image("docker.io", "library/app", mayBeId=False)], []),
        ("registry-list", ["quay.io"], "key-listed", [], [image("docker.io", "library/app", mayBeId=False)]),
        ("registry-list", [], "key-listed", [], [image("docker.io", "library/app", mayBeId=False)]),
        (
            "label-list",
            ["owner", "org.example.owner"],
            "key-present",
            [{"a": None, "org.example.owner": ""}],
            [None, "owner", {}, {"Owner": ""}],
        ),
        ("label-list", [], "key-present", [], [{"owner": ""}]),
    ],
    ids=[
        "what lies within an exact list",
        "what is listed",
        "what is not",
        "an empty list lists nothing",
        "what has a label",
        "an empty list names none",
    ],
)
def test_a_list_has_a_second_name_for(
    becomes: str, value: Any, name: str, accepted: list[Any], refused: list[Any]
) -> None:
    accepts = compiled(becomes, value, name)

    assert [one for one in accepted if not accepts(one)] == []
    assert [one for one in refused if accepts(one)] == []
    assert site.list_names({"properties": {"key": {"becomes": becomes}}}) == {"key", name}


def test_a_list_of_thousands_accepts_its_first_and_last_entries_and_no_other() -> None:
    # More text than the engine compiles as one pattern.
    paths: Any = [f"/srv/customers/customer-{number}/data" for number in range(8_000)]

    for becomes in ("path-list", "protected-path-list"):
        listed = compiled(becomes, paths)
        assert all(map(listed, (paths[0], paths[-1], f"{paths[3_999]}/below")))
        assert not any(map(listed, ("/srv/customers/customer-8000/data", 7)))
    starred = compiled("pattern-list", [f"{path}-*" for path in paths])
    assert starred(f"{paths[-1]}-x")
    assert not starred(paths[-1])


def test_later_values_override_key_by_key_actions_rule_by_rule_and_lists_of_doors_by_name() -> None:
    first: dict[str, Any] = {"runtimes": ["runc"], "sysctls": ["a"], "actions": {"x": "off", "y": "audit"}}
    lists: dict[str, Any] = {"door-lists": {"x": ["Info"], "y": ["Info"]}}

    merged = site.merge_sites([first | lists, {"runtimes": []}, {"actions": {"y": "deny"}, "door-lists": {"y": []}}])

    assert merged == {
        "runtimes": [],
        "sysctls": ["a"],
        "actions": {"x": "off", "y": "deny"},
        "door-lists": {"x": ["Info"], "y": []},
    }


def test_the_shipped_values_are_good_and_complete(values: dict[str, Any], site_schema: dict[str, Any]) -> None:
    assert compile_faults(site_schema)(values) == []
    assert set(site.list_keys(site_schema)) <= set(values)


def test_every_key_is_described(site_schema: dict[str, Any]) -> None:
    undescribed = [
        key for key, about in site_schema["properties"].items() if key != "$schema" and not about.get("description")
    ]

    assert undescribed == []


@pytest.mark.parametrize(("value", "expected"), cases(__file__, "bad-site-values.jsonl"))
def test_a_bad_value_is_named_with_its_cure(value: dict[str, Any], expected: str, site_schema: dict[str, Any]) -> None:
    assert compile_faults(site_schema)(value) == [expected]
