"""The lines for a terminal: verdict, number and title of each item, and what explains it."""

import re

import pytest

from portero.compliance import html_and_text
from portero.compliance.benchmark import NAMES
from portero.compliance.host_evidence import HostEvidence, HostFact
from portero.compliance.html_and_text import render_page
from tests.report.decisions import line, violation

from .conftest import MakeResult
from .test_rule_effect import EXCEPTION


def test_an_item_has_its_verdict_and_what_explains_it(make_result: MakeResult) -> None:
    shown = [*html_and_text.list_lines(make_result(profile="hardened"))]

    assert shown[0] == "CIS Docker Benchmark, 1.6.0 and 1.7.0, which number alike"
    assert "enforced        5.5     No container is privileged" in shown
    place = shown.index("reported        5.7     No SSH server runs in a container")
    why = "no-sshd reported: the rule only reports; deny under actions in site.json enforces it"
    assert shown[place + 1].strip() == why
    assert shown[-1].endswith("not decidable")


def test_a_reason_that_counts_for_many_items_in_a_row_stands_once(make_result: MakeResult) -> None:
    shown = "\n".join(html_and_text.list_lines(make_result()))

    assert shown.count("Portero does not read the rules of auditd.") == 1


def test_what_was_refused_is_shown_of_enforced_items_too(make_result: MakeResult) -> None:
    result = make_result(log=line(violation()) * 1200, profile="hardened")

    assert next(told.strip() for told in html_and_text.list_lines(result) if "no-privileged enforced" in told) == (
        "no-privileged enforced: refuses 2 of its 2 bad examples; "
        "refused in 1,200 decisions, the last 2026-11-24 16:00 (d-0123456789ab)"
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
