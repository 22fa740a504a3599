"""Which rules count when an existing object is used."""

from portero.judging.at_use import _NOT_AT_USE, counts_at_use
from tests.policy.test_builtin_rules import policy


def test_rules_of_baseline_for_the_safety_of_the_host_count() -> None:
    counting = {id for id, rule in policy().rules.items() if counts_at_use(rule)}

    assert {"no-privileged", "no-sensitive-paths", "no-bind-volumes", "protected-paths", "existing-volume"} <= counting
    assert not {"memory-limit", "no-swappable-sources", "no-volumes-from", "unseen-rollback"} & counting


def test_each_rule_that_does_not_count_is_there() -> None:
    assert policy().rules.keys() >= _NOT_AT_USE
