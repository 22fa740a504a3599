"""Findings are counted and shown by rule, not by place."""

import re
from collections.abc import Callable
from xml.etree import ElementTree

import pytest

from portero.tools.report import host_result
from portero.tools.report.host_result import HostResult, render_page
from portero.tools.report.output_formats import write_junit
from tests.tools.report.test_sarif import read_run

from .conftest import finding


def test_places_of_one_rule_are_one_entry_sorted(make: Callable[..., HostResult]) -> None:
    (only,) = make(finding("first", "/b"), finding("first", "/a")).violated

    assert only.places == ["/a (is 0)", "/b (is 0)"]


def test_what_is_unknown_stands_apart_and_has_no_value(make: Callable[..., HostResult]) -> None:
    violated, unknown = make(finding("first", "/a"), finding("first", "/b", "unknown", value='"unknown"')).violated

    assert (violated.status, violated.places) == ("violated", ["/a (is 0)"])
    assert (unknown.status, unknown.places) == ("unknown", ["/b"])


def test_counts_are_of_rules_and_keep_apart_what_is_enforced(make: Callable[..., HostResult]) -> None:
    found = make(finding("first", "/a"), finding("first", "/b"), finding("second", "/c", action="audit"))

    assert found.summary == ("profile hardened: 1 violated, 0 unknown, 1 only reported, 1 passed, 0 not applicable")


@pytest.mark.parametrize(
    ("installed", "version", "words"),
    [
        (True, "26.1.5", "dockerd 26.1.5"),
        (True, "unknown", "dockerd of unknown version"),
        (False, "unknown", "without Docker"),
    ],
)
def test_the_engine_is_named_as_far_as_it_is_known(
    make: Callable[..., HostResult], installed: bool, version: str, words: str
) -> None:
    found = make(version=version)
    found.document["daemon"]["installed"]["value"] = installed

    assert found.engine == words


def test_brackets_stand_around_what_is_only_reported(make: Callable[..., HostResult]) -> None:
    unknown = finding("second", "GET /info X", "unknown", "audit", "")
    shown = [*host_result.list_lines(make(finding("first", "/a"), unknown, warnings=("alicia may use Docker",)))]

    assert shown[:-1] == [
        "alicia may use Docker",
        *("violated   first: /a (is 0)", "           It matters.", "           -> change it"),
        *("(unknown)  second: GET /info X", "           It matters.", "           -> change it"),
    ]
    assert shown[-1].startswith("profile hardened: 1 violated, ")


def test_a_case_fails_where_the_profile_enforces_its_rule(make: Callable[..., HostResult]) -> None:
    found = make(finding("first", "/a"), finding("first", "/b"), finding("second", "/c", action="audit"))

    suite = ElementTree.fromstring(write_junit(host_result.list_cases(found)))[0]

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
def test_a_result_names_the_file_that_was_read_if_any(make: Callable[..., HostResult], at: str, uri: str) -> None:
    (result,) = read_run(host_result.make_sarif(make(finding("second", at))))["results"]

    (location,) = result["locations"]
    assert location["physicalLocation"]["artifactLocation"]["uri"] == uri
    assert location["logicalLocations"] == [{"fullyQualifiedName": at}]


def test_an_error_is_what_the_profile_enforces_and_the_index_leads_to_its_rule(make: Callable[..., HostResult]) -> None:
    found = make(finding("second", "/a"), finding("third", "/b", "unknown", "audit", ""))
    sarif = read_run(host_result.make_sarif(found))

    ids = [rule["id"] for rule in sarif["tool"]["driver"]["rules"]]
    assert ids == ["first", "second", "third"]
    assert [(ids[one["ruleIndex"]], one["level"], one["message"]["text"]) for one in sarif["results"]] == [
        ("second", "warning", "/a is 0: It matters. -> change it"),
        ("third", "note", "/b is unknown: It matters. -> change it"),
    ]


def test_each_place_has_a_fingerprint_of_its_own(make: Callable[..., HostResult]) -> None:
    found = make(finding("second", "/a"), finding("second", "/b"))
    results = read_run(host_result.make_sarif(found))["results"]

    assert len({one["partialFingerprints"]["portero/v1"] for one in results}) == 2


EVIL = "<script>alert(1)</script>"


def test_the_page_stands_alone_and_escapes_every_text(make: Callable[..., HostResult]) -> None:
    shown = render_page(make(finding("first", EVIL, value=EVIL), warnings=(EVIL,), version=EVIL))

    assert shown.startswith("<!doctype html>")
    assert "<script" not in shown
    assert not re.search(r"""(src|href)=|url\(|@import|https?:""", shown)
    assert "prefers-color-scheme: dark" in shown


def test_what_is_enforced_reported_and_fine_has_its_section(make: Callable[..., HostResult]) -> None:
    shown = render_page(make(finding("first", "/a"), finding("second", "/b", "unknown", "audit", "")))

    to_do, rest = shown.split("Only reported</h2>")
    reported, fine = rest.split("Passed</h2>")
    assert "/a (is 0)" in to_do
    assert "/b" in reported
    assert "third holds" in fine


def test_a_host_on_which_all_holds_says_so(make: Callable[..., HostResult]) -> None:
    assert "Every rule that the profile enforces holds." in render_page(make())
