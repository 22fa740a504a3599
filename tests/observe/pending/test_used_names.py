"""Counts of names say the same as each use beside each other one; which go together: test_under_way.py."""

import random

from portero.decide.interfaces.pending_requests import ANY, BUILT, MADE, NameUse, can_be_made
from portero.observe.pending.used_names import UsedNames

NAMES = ("web", "db", "happy_curie", "kind_bell7", ANY, MADE, BUILT)


def clash(earlier: NameUse, later: NameUse) -> bool:
    if earlier.is_copy == later.is_copy:
        return False
    given, copied = (later, earlier) if earlier.is_copy else (earlier, later)
    makes = given.name == BUILT or (given.name == MADE and given is later)
    return (makes and can_be_made(copied.name)) or given.name == copied.name or ANY in (given.name, copied.name)


def choose(chance: random.Random) -> NameUse:
    is_copy = chance.random() < 0.5
    return NameUse(chance.choice(NAMES[:5] if is_copy else NAMES), is_copy=is_copy)


def test_counts_say_what_each_of_them_says() -> None:
    chance = random.Random(7)
    for _ in range(500):
        uses = [choose(chance) for _ in range(chance.randint(0, 4))]
        later, gone = choose(chance), NameUse("web", is_copy=True)
        names = UsedNames([*uses, gone])
        names.change(gone, -1)

        assert names.clash_with(later) == any(clash(use, later) for use in uses)
