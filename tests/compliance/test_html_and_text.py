"""The lines for a terminal: verdict, number and title of each item, and what explains it."""

from portero.compliance import html_and_text
from tests.report.decisions import line, violation

from .conftest import MakeResult


def test_an_item_has_its_verdict_and_what_explains_it(make_result: MakeResult) -> None:
    shown = [*html_and_text.lines(make_result(profile="hardened"))]

    assert shown[0] == "CIS Docker Benchmark, 1.6.0 and 1.7.0, which number alike"
    assert "enforced        5.5     No container is privileged" in shown
    place = shown.index("reported        5.7     No SSH server runs in a container")
    why = "no-sshd reported: the rule only reports; deny under actions in site.json enforces it"
    assert shown[place + 1].strip() == why
    assert shown[-1].endswith("not decidable")


def test_a_reason_that_counts_for_many_items_in_a_row_stands_once(make_result: MakeResult) -> None:
    shown = "\n".join(html_and_text.lines(make_result()))

    assert shown.count("Portero does not read the rules of auditd.") == 1


def test_what_was_refused_is_shown_of_enforced_items_too(make_result: MakeResult) -> None:
    result = make_result(log=line(violation()) * 1200, profile="hardened")

    assert next(told.strip() for told in html_and_text.lines(result) if "no-privileged enforced" in told) == (
        "no-privileged enforced: refuses 2 of its 2 bad examples; "
        "refused in 1,200 decisions, the last 2026-11-24 16:00 (d-0123456789ab)"
    )
