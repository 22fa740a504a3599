"""JUnit and SARIF of a host: what fails is what the profile enforces, and SARIF has the structure of its standard."""

import json
from collections.abc import Callable
from typing import Any
from xml.etree import ElementTree

import pytest
from jsonschema import Draft202012Validator

from portero.report import host_formats, junit
from portero.report.host_result import HostResult
from tests.paths import ROOT
from tests.report.test_sarif import OFFICIAL

from .conftest import finding

SARIF = Draft202012Validator(json.loads((ROOT / "tests" / "report" / "sarif.json").read_text()))


def run(result: HostResult) -> dict[str, Any]:
    log: dict[str, Any] = json.loads(json.dumps(host_formats.log(result)))
    SARIF.validate(log)
    OFFICIAL.validate(log)
    (found,) = log["runs"]
    return dict(found)


def test_a_case_fails_where_the_profile_enforces_its_rule(make: Callable[..., HostResult]) -> None:
    found = make(finding("first", "/a"), finding("first", "/b"), finding("second", "/c", action="audit"))

    suite = ElementTree.fromstring(junit.of(host_formats.cases(found)))[0]

    assert (suite.get("tests"), suite.get("failures")) == ("3", "1")
    failed, reported, held = suite
    assert (failed.get("classname"), failed.get("name")) == ("kernel", "first")
    assert (failed[0].get("type"), failed[0].text) == ("violated", "/a (is 0), /b (is 0): It matters. -> change it")
    assert (reported.get("name"), len(reported)) == ("second", 0)
    assert (held.get("name"), len(held)) == ("third", 0)


@pytest.mark.parametrize(
    ("at", "uri"),
    [
        ("/proc/sys/kernel/kptr_restrict", "proc/sys/kernel/kptr_restrict"),
        ("/etc/docker/daemon.json builder.gc", "etc/docker/daemon.json"),
        ("/boot, /lib/modules", "boot"),
        ("/odd%name", "odd%25name"),
        ("GET /info PidsLimit", "host"),
        ("dockerd --icc", "host"),
    ],
)
def test_a_result_names_the_file_that_was_read_if_it_was_one(
    make: Callable[..., HostResult], at: str, uri: str
) -> None:
    (result,) = run(make(finding("second", at)))["results"]

    (location,) = result["locations"]
    assert location["physicalLocation"]["artifactLocation"]["uri"] == uri
    assert location["logicalLocations"] == [{"fullyQualifiedName": at}]


def test_an_error_is_what_the_profile_enforces_and_the_index_leads_to_its_rule(
    make: Callable[..., HostResult],
) -> None:
    found = run(make(finding("second", "/a"), finding("third", "/b", "unknown", "audit", "")))

    ids = [rule["id"] for rule in found["tool"]["driver"]["rules"]]
    assert ids == ["first", "second", "third"]
    assert [(ids[one["ruleIndex"]], one["level"]) for one in found["results"]] == [
        ("second", "error"),
        ("third", "note"),
    ]
    assert [one["message"]["text"] for one in found["results"]] == [
        "/a is 0: It matters. -> change it",
        "/b is unknown: It matters. -> change it",
    ]


def test_each_place_has_a_fingerprint_of_its_own(make: Callable[..., HostResult]) -> None:
    results = run(make(finding("second", "/a"), finding("second", "/b")))["results"]

    assert len({one["partialFingerprints"]["portero/v1"] for one in results}) == 2
