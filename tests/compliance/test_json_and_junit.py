"""JSON holds everything; JUnit fails what is not met and skips what cannot be decided."""

import json
from xml.etree import ElementTree

from portero.compliance import json_and_junit
from portero.report import junit
from tests.report.decisions import line, violation

from .conftest import MakeResult


def test_the_document_has_every_item_with_its_rules_and_evidence(make_result: MakeResult) -> None:
    result = make_result(log=line(violation(), user="\x1b[2J"), profile="hardened")
    document = json.loads(json.dumps(json_and_junit.describe(result)))
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
        for each in json.loads(json.dumps(json_and_junit.describe(make_result("nist-800-190"))))["items"]
    }

    assert items["4.1.2"]["risk"] == "3.1.2"
    assert "remark" in items["4.1.2"]
    assert items["4.1.1"]["why"].startswith("Docker shows a plugin neither")
    assert "why" not in items["4.1.2"]


def test_a_report_without_log_and_host_says_so(make_result: MakeResult) -> None:
    document = json_and_junit.describe(make_result())

    assert (document["log"], document["host"]) == (None, None)


def test_junit_fails_what_is_not_met_and_skips_what_cannot_be_decided(make_result: MakeResult) -> None:
    result = make_result(profile="hardened")
    suite = ElementTree.fromstring(junit.write_cases(json_and_junit.list_cases(result))).find("testsuite")
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
