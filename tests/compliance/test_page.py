"""The page stands alone, escapes what logs and policies hold, and shows everything on paper and by keyboard."""

import re

import pytest

from portero.compliance.benchmark import NAMES
from portero.compliance.host_evidence import HostEvidence, HostFact
from portero.compliance.html_and_text import page
from tests.report.decisions import line, violation

from .conftest import MakeResult
from .test_rule_effect import EXCEPTION

EVIL = "<script>alert(1)</script>"


def test_the_page_stands_alone_and_escapes_every_text(make_result: MakeResult) -> None:
    log = line(violation(at=EVIL), user=EVIL, operation=EVIL, id=EVIL)
    host = HostEvidence(EVIL, EVIL, {"live-restore": HostFact("violated", (EVIL,))})
    shown = page(
        make_result(log=log, host=host, files={"exceptions/x.json": EXCEPTION | {"reason": EVIL, "owner": EVIL}})
    )

    assert shown.startswith("<!doctype html>")
    assert "&lt;script&gt;alert(1)" in shown
    assert "<script" not in shown
    assert not re.search(r"""src=|url\(|@import|https?:|href="[^#]""", shown)


@pytest.mark.parametrize("name", NAMES)
def test_every_item_is_there_once_and_every_link_leads_to_one(make_result: MakeResult, name: str) -> None:
    result = make_result(name)
    shown = page(result)
    targets = re.findall(r' id="([^"]+)"', shown)

    assert len(targets) == len({*targets})
    assert {f"item-{each.item.id}" for each in result.items} <= {*targets}
    assert {*re.findall(r'href="#([^"]+)"', shown)} <= {*targets}


def test_nothing_has_to_be_opened_to_be_read(make_result: MakeResult) -> None:
    shown = page(make_result())

    assert "<details" not in shown
    assert "@media print" in shown
    assert "Portero does not read the rules of auditd." in shown


def test_words_are_explained_and_rules_outside_are_listed(make_result: MakeResult) -> None:
    shown = page(make_result())

    assert "<dt>weakened</dt>" in shown
    assert "no-network-plugins" in shown.split('id="outside"')[1]
