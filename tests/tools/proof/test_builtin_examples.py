"""Examples are made into requests by the built-in folder's base requests."""

from portero.decide.policy.rule import Example
from portero.serve.application.loading import judge_of
from portero.serve.settings.settings import Settings
from portero.tools.proof.rule_examples import load_examples


def test_an_example_differs_from_the_base_request_only_where_it_says() -> None:
    judge = judge_of(Settings.read({}, {"host_root": "none"}))
    examples = load_examples(judge)
    plain, changed = (
        examples.make_document(Example("", "ContainerCreate", changes))
        for changes in ({}, {"body": {"HostConfig": {"Privileged": True}}})
    )

    assert plain["operation"] == changed["operation"] == "ContainerCreate"
    assert [one.rule for one in judge.find_violations(changed, 0, judge.enforcement) if one.action == "deny"] == [
        "no-privileged"
    ]
    assert [one.rule for one in judge.find_violations(plain, 0, judge.enforcement) if one.action == "deny"] == []
