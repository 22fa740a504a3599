"""Each decision that an exception had a part in counts once for that exception."""

from portero.decision import Decision, Subject, Violation
from portero.exception_use import ExceptionUse


def decision(*exceptions: str | None) -> Decision:
    violations = tuple(
        Violation("a", "baseline", "", "audit" if one is None else "waived", "Reason.", {"docker": "x"}, exception=one)
        for one in exceptions
    )
    return Decision("d-0", 0.0, Subject(), violations, "", "baseline", "enforce")


def test_an_exception_that_was_never_used_is_not_there() -> None:
    use = ExceptionUse()

    use.count(decision(None))

    assert use.counts() == {}


def test_a_decision_counts_once_however_many_violations_are_waived_in_it() -> None:
    use = ExceptionUse()

    use.count(decision("a", "a", "b", None))
    use.count(decision("a"))

    assert use.counts() == {"a": 2, "b": 1}


def test_what_was_counted_before_stays_as_it_was_told() -> None:
    use = ExceptionUse()
    use.count(decision("a"))
    told = use.counts()

    use.count(decision("a"))

    assert (told, use.counts()) == ({"a": 1}, {"a": 2})
