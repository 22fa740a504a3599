"""The lines for a terminal: verdict, number and title of each item, and what explains it."""

import json
import re
from xml.etree import ElementTree

import pytest

from portero.tools.report import compliance_formats
from portero.tools.report.benchmark_items import NAMES
from portero.tools.report.compliance_evidence import HostEvidence, HostFact
from portero.tools.report.compliance_formats import render_page
from portero.tools.report.output_formats import write_junit
from tests.tools.report.decisions import line, violation

from .conftest import MakeResult
from .test_rule_effect import EXCEPTION


def test_an_item_has_its_verdict_and_what_explains_it(make_result: MakeResult) -> None:
    shown = [*compliance_formats.list_lines(make_result(profile="hardened"))]

    assert shown[0] == "CIS Docker Benchmark, 1.6.0 and 1.7.0, which number alike"
    assert "enforced        5.5     No container is privileged" in shown
    place = shown.index("reported        5.7     No SSH server runs in a container")
    why = "no-sshd reported: the rule only reports; deny under actions in site.json enforces it"
    assert shown[place + 1].strip() == why
    assert shown[-1].endswith("not decidable")


def test_a_reason_that_counts_for_many_items_in_a_row_stands_once(make_result: MakeResult) -> None:
    assert (
        "\n".join(compliance_formats.list_lines(make_result())).count("Portero does not read the rules of auditd.") == 1
    )


def test_what_was_refused_is_shown_of_enforced_items_too(make_result: MakeResult) -> None:
    result = make_result(log=line(violation()) * 1200, profile="hardened")

    assert next(told.strip() for told in compliance_formats.list_lines(result) if "no-privileged enforced" in told) == (
        "no-privileged enforced: denies 2 of its 2 bad examples; "
        "denied in 1,200 decisions, the last 2026-11-24 16:00 (d-0123456789ab)"
    )


EVIL = "<script>alert(1)</script>"


def test_the_page_stands_alone_and_escapes_every_text(make_result: MakeResult) -> None:
    log = line(violation(at=EVIL), user=EVIL, operation=EVIL, id=EVIL)
    host = HostEvidence(EVIL, EVIL, {"live-restore": HostFact("violated", (EVIL,))})
    shown = render_page(
        make_result(log=log, host=host, files={"exceptions/x.json": EXCEPTION | {"reason": EVIL, "owner": EVIL}})
    )

    assert shown.startswith("<!doctype html>")
    assert "&lt;script&gt;alert(1)" in shown
    assert "<script" not in shown
    assert not re.search(r"""src=|url\(|@import|https?:|href="[^#]""", shown)


@pytest.mark.parametrize("name", NAMES)
def test_every_item_is_there_once_and_every_link_leads_to_one(make_result: MakeResult, name: str) -> None:
    result = make_result(name)
    shown = render_page(result)
    targets = re.findall(r' id="([^"]+)"', shown)

    assert len(targets) == len({*targets})
    assert {f"item-{each.item.id}" for each in result.items} <= {*targets}
    assert {*re.findall(r'href="#([^"]+)"', shown)} <= {*targets}


def test_nothing_has_to_be_opened_to_be_read(make_result: MakeResult) -> None:
    shown = render_page(make_result())

    assert "<details" not in shown
    assert "@media print" in shown
    assert "Portero does not read the rules of auditd." in shown


def test_words_are_explained_and_rules_outside_are_listed(make_result: MakeResult) -> None:
    shown = render_page(make_result())

    assert "<dt>weakened</dt>" in shown
    assert "no-network-plugins" in shown.split('id="outside"')[1]


def test_the_document_has_every_item_with_its_rules_and_evidence(make_result: MakeResult) -> None:
    result = make_result(log=line(violation(), user="\x1b[2J"), profile="hardened")
    document = json.loads(json.dumps(compliance_formats.describe(result)))
    item = next(each for each in document["items"] if each["id"] == "5.5")

    assert (document["benchmark"], document["profile"], document["clean"]) == ("cis", "hardened", False)
    assert document["log"]["decisions"] == 1
    assert sum(document["summary"].values()) == len(document["items"])
    assert (item["verdict"], item["dockerBench"]) == ("enforced", ["check_5_5"])
    (rule,) = item["rules"]
    assert rule["badExamples"] == {"refused": 2, "tried": 2}
    assert rule["log"]["refused"]["decisions"] == 1
    (example,) = rule["log"]["refused"]["examples"]
    assert example == {
        "id": "d-0123456789ab",
        "time": "2026-11-24T16:00:00Z",
        "user": "\N{REPLACEMENT CHARACTER}[2J",
        "operation": "ContainerCreate",
        "at": "HostConfig.Privileged",
    }


def test_reasons_remarks_and_risks_are_there_where_an_item_has_them(make_result: MakeResult) -> None:
    items = {
        each["id"]: each
        for each in json.loads(json.dumps(compliance_formats.describe(make_result("nist-800-190"))))["items"]
    }

    assert items["4.1.2"]["risk"] == "3.1.2"
    assert "remark" in items["4.1.2"]
    assert items["4.1.1"]["why"].startswith("Docker shows a plugin neither")
    assert "why" not in items["4.1.2"]


def test_a_report_without_log_and_host_says_so(make_result: MakeResult) -> None:
    document = compliance_formats.describe(make_result())

    assert (document["log"], document["host"]) == (None, None)


def test_junit_fails_what_is_not_met_and_skips_what_cannot_be_decided(make_result: MakeResult) -> None:
    result = make_result(profile="hardened")
    suite = ElementTree.fromstring(write_junit(compliance_formats.list_cases(result))).find("testsuite")
    assert suite is not None
    counts = {name: int(suite.get(name, "")) for name in ("tests", "failures", "errors", "skipped")}
    cases = {case.get("name"): case for case in suite}

    assert counts == {
        "tests": len(result.items),
        "failures": len(result.open_items),
        "errors": 0,
        "skipped": result.counts["not decidable"],
    }
    assert [*cases["5.5 No container is privileged"]] == []
    (failure,) = cases["5.7 No SSH server runs in a container"]
    assert (failure.tag, failure.get("type"), failure.get("message")) == ("failure", "reported", "no-sshd")
    (skipped,) = cases["1.1.3 auditd watches dockerd"]
    assert skipped.tag == "skipped"
    assert (skipped.get("message") or "").startswith("not decidable: Portero does not read")
