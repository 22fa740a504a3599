"""The texts of a rule or a refusal code, as the policy that is read now has them."""

from portero.application.loading import judge_of
from portero.refusals import CODES
from portero.report.log_page import find_texts
from portero.settings.settings import Settings

POLICY = judge_of(Settings.read({}, {"host_root": "none"})).policy


def test_a_rule_has_its_own_texts() -> None:
    rule = POLICY.rules["no-privileged"]

    texts = find_texts("no-privileged", POLICY)

    assert texts is not None
    assert (texts.title, texts.reason, texts.remedy, texts.sources) == (
        rule.title,
        rule.reason,
        rule.remedy,
        rule.sources,
    )


def test_a_code_has_those_of_the_list() -> None:
    texts = find_texts("envelope-empty", POLICY)

    assert texts is not None
    assert (texts.title, texts.remedy) == (CODES["envelope-empty"].title, {"docker": CODES["envelope-empty"].remedy})


def test_a_rule_that_is_gone_has_none() -> None:
    assert find_texts("no-such-rule", POLICY) is None
