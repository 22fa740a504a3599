"""Examples are made into requests by the built-in folder's base requests."""

from portero.decide.policy.rule import Example
from portero.tools.proof.rule_examples import load_examples
from tests.judges import make_judge


def test_an_example_differs_from_the_base_request_only_where_it_says() -> None:
    judge = make_judge()
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
