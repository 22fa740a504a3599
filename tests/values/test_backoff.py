"""What failed is due again after pauses that grow."""

from portero.values.backoff import Retry


def test_what_did_not_fail_is_never_due() -> None:
    retry = Retry()
    assert not retry.is_due(1e9)

    retry.fail(10.0)
    retry.succeed()

    assert not retry.is_due(1e9)


def test_pauses_double_from_a_second_to_a_minute() -> None:
    retry, pauses = Retry(), []
    for _ in range(9):
        retry.fail(100.0)
        pauses.append(next(after for after in range(1, 100) if retry.is_due(100.0 + after)))

    assert pauses == [1, 2, 4, 8, 16, 32, 60, 60, 60]


def test_pauses_begin_anew_after_it_went_well() -> None:
    retry = Retry()
    for _ in range(5):
        retry.fail(0.0)
    retry.succeed()
    retry.fail(100.0)

    assert (retry.is_due(100.9), retry.is_due(101.0)) == (False, True)
