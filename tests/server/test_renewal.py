"""Workers make way some time after a new policy, one generation after the other."""

from portero.server.renewal import AFTER, Renewal

BEFORE = {101: 1, 102: 2}


def renewal(policies: int = 1, last: int = 2, now: float = 1000.0) -> Renewal:
    made = Renewal()
    made.note(0, last, 0.0)
    made.note(policies, last, now)
    return made


def test_without_another_policy_no_worker_makes_way() -> None:
    assert renewal(policies=0).begin(BEFORE, 1e9) is False


def test_workers_of_an_earlier_policy_make_way_once_when_it_is_time() -> None:
    made = renewal(now=1000.0)

    assert made.begin(BEFORE, 1000.0 + AFTER - 0.1) is False
    assert made.begin(BEFORE, 1000.0 + AFTER) is True
    assert made.retiring == {101, 102}
    assert made.begin({103: 3, 104: 4}, 1e9) is False


def test_a_worker_that_was_made_since_stays() -> None:
    made = renewal(last=2)

    assert made.begin({102: 2, 103: 3}, 1e9) is True
    assert made.retiring == {102}


def test_where_all_were_made_since_none_makes_way() -> None:
    assert renewal(last=2).begin({103: 3, 104: 4}, 1e9) is False


def test_each_policy_puts_it_off() -> None:
    made = renewal(policies=1, now=1000.0)
    made.note(2, 2, 1020.0)

    assert made.begin(BEFORE, 1000.0 + AFTER) is False
    assert made.begin(BEFORE, 1020.0 + AFTER) is True


def test_the_next_ones_wait_until_those_that_make_way_have_ended() -> None:
    made = renewal(policies=1)
    made.begin(BEFORE, 2000.0)
    made.note(2, 4, 3000.0)

    assert made.begin({102: 2, 103: 3, 104: 4}, 4000.0) is False
    assert made.retiring == {102}
    assert made.begin({103: 3, 104: 4}, 5000.0) is True
    assert made.retiring == {103, 104}


def test_those_that_are_asked_to_make_way_do_so_beside_the_others() -> None:
    made = renewal()
    made.begin(BEFORE, 1e9)
    made.retire({102: 2, 103: 3})

    assert made.retiring == {101, 102, 103}
