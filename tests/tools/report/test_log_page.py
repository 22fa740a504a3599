"""The page needs nothing but itself, holds every text escaped, and shows the sums and the texts of rules."""

import re
from html.parser import HTMLParser

import pytest

from portero.decide.values.refusals import CODES
from portero.tools.report import log_lines
from portero.tools.report.log_page import RuleTexts, find_texts, render_page
from portero.tools.report.log_tally import Tally
from tests.judges import make_judge
from tests.tools.report.decisions import SECONDS, line, violation

EVIL = "</title><script>alert(1)</script><img src=x onerror=alert(2)>\"'&lt;"
WORDS = RuleTexts("It is true", "There is a reason.", {"docker": "do that", "compose": "do this"}, ("CIS 5.5",))


def shown(*lines: bytes, unreadable: int = 0) -> str:
    made = Tally()
    for each in lines:
        made.add(log_lines.read_decision(each))
    made.unreadable = unreadable
    return render_page(made, lambda name: WORDS if name == "no-privileged" else None, ["decisions.jsonl"], SECONDS)


class Elements(HTMLParser):
    """Collects the start tags of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def plain(text: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", text))


def test_nothing_of_a_log_becomes_part_of_the_page() -> None:
    fields = dict.fromkeys(("id", "user", "operation", "apiVersion", "method", "path", "image", "policy"), EVIL)
    violated = [violation(EVIL, at=EVIL), violation(EVIL, action="waived", exception=EVIL)]
    text = shown(line(*violated, **fields))

    tags = {tag for tag, _ in Elements(text).found}
    assert tags.isdisjoint({"script", "img", "link", "iframe", "object", "form"})
    assert EVIL not in text
    assert "&lt;script&gt;alert(1)" in text


def test_the_page_names_no_other_resource_and_forbids_them_all() -> None:
    text = shown(line(violation()))

    elements = Elements(text).found
    links = [attributes["href"] for _, attributes in elements if "href" in attributes]
    assert all(link is not None and link.startswith("#") for link in links)
    assert {link[1:] for link in links if link} <= {attributes.get("id") for _, attributes in elements}
    assert not [attributes for _, attributes in elements if "src" in attributes]
    assert "url(" not in text
    assert "default-src 'none'" in text


def test_each_rule_stands_with_its_words_one_click_away() -> None:
    text = shown(line(violation(at="HostConfig.Privileged")))

    rule = text[text.index("<details>") : text.index("</details>")]
    assert "<summary" in rule
    for said in ("It is true.", "There is a reason.", "do that", "do this", "CIS 5.5", "HostConfig.Privileged"):
        assert said in rule
    assert "d-0123456789ab" in rule


def test_a_rule_that_is_gone_says_so() -> None:
    assert "The current policy has no such rule" in shown(line(violation("gone-rule")))


def test_numbers_and_bars_are_to_scale() -> None:
    refused, would = line(violation()), line(violation(action="audit"))
    text = shown(*[refused] * 3, would, line(violation("another-rule")), line())

    told = plain(text)
    assert " 4 denied 1 would be denied 1 allowed " in told
    assert " no-privileged 3 denied 1 would be " in told
    assert (
        '<rect class="refused" width="75.0" height="1"/><rect class="would" x="75.0" width="25.0" height="1"/>' in text
    )
    assert '<rect class="refused" width="25.0" height="1"/>' in text


def test_bars_of_a_plot_stand_on_each_other() -> None:
    text = shown(line(violation()), line(violation(action="audit")), line(), line())

    assert '<rect class="refused" x="0.08" y="75.0" width="0.84" height="25.0"/>' in text
    assert '<rect class="would" x="0.08" y="50.0" width="0.84" height="25.0"/>' in text
    assert '<rect class="allowed" x="0.08" y="0.0" width="0.84" height="50.0"/>' in text
    assert re.search(r"<title>2026-11-24 16:00: +1 denied\s+1 would be\s+2 allowed", text)


@pytest.mark.parametrize(("mode", "at"), [("audit", True), ("enforce", False)])
def test_mode_audit_is_shown(mode: str, at: bool) -> None:
    assert ("Nothing was enforced" in shown(line(mode=mode))) is at


def test_lines_that_do_not_count_are_reported() -> None:
    assert "1 line is not a decision and is not counted" in shown(line(), unreadable=1)
    assert "1,200 lines are not a decision and are not counted" in shown(line(), unreadable=1200)


def test_a_quiet_log_says_that_nothing_was_refused() -> None:
    told = plain(shown(line()))

    assert "No rule was violated." in told
    assert told.count("Nothing was denied, and nothing would be.") == 4


def test_names_beyond_the_first_are_counted() -> None:
    assert " 28 more " in plain(shown(*(line(violation(), user=f"user-{number}") for number in range(40))))


def test_the_audit_profile_has_a_section_of_its_own() -> None:
    stricter = violation("image-tag", "audit", level="restricted", profile="restricted")
    text = plain(shown(line(stricter, auditProfile="restricted"), line(violation(), auditProfile="restricted")))

    before, _, after = text.partition("Under the audit profile restricted")
    assert "of which 1 would be denied under restricted" in before
    assert "image-tag" not in before
    assert "image-tag" in after
    assert "Under the audit profile" not in shown(line(violation()))


def test_what_would_have_made_it_legal_is_on_the_page_as_text() -> None:
    made = Tally()
    made.add(log_lines.read_decision(line(violation())))

    text = render_page(made, lambda _: None, ["x"], SECONDS, [EVIL, *["{}"] * 400])

    assert "What would have made it legal" in plain(text)
    assert EVIL not in text
    assert text.count("\n{}") == 299
    assert "suggested" not in shown(line(violation())).partition("<body")[2]


POLICY = make_judge().policy


def test_a_rule_has_its_own_texts_a_code_those_of_the_list_and_a_rule_that_is_gone_none() -> None:
    rule, code = POLICY.rules["no-privileged"], CODES["envelope-empty"]

    assert find_texts(rule.id, POLICY) == RuleTexts(rule.title, rule.reason, rule.remedy, rule.sources)
    assert find_texts("envelope-empty", POLICY) == RuleTexts(code.title, code.reason, {"docker": code.remedy})
    assert find_texts("no-such-rule", POLICY) is None
