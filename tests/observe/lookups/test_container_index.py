"""A list that is followed change by change has what a whole one has."""

from random import Random

import pytest

from portero.decide.interfaces.existing import ContainerList
from portero.decide.values.refusals import Refused
from portero.observe.lookups.container_index import ContainerIndex
from tests.decide.interfaces.test_existing import mounting


def test_random_changes_leave_what_a_whole_list_has() -> None:
    chance, listed, there = Random(3), ContainerIndex(), dict[str, object]()
    for _ in range(400):
        id = str(chance.randrange(9))
        one = mounting(id, *chance.choices(["/a", "/b", "/c"], k=2), writable=chance.random() < 0.5)
        if chance.random() < 0.2:
            listed.remove(id)
            there.pop(id, None)
        else:
            there[id] = chance.choice((one, None))
            listed.note(id, there[id])  # type: ignore[arg-type]

        found, known = listed.list_all(), [one for one in there.values() if one is not None]
        whole = ContainerList.of(known)  # type: ignore[arg-type]
        assert found.by_id == whole.by_id
        assert {path: {*ids} for path, ids in found.by_path.items()} == {p: {*i} for p, i in whole.by_path.items()}
        assert {*listed.others} == {id for id, one in there.items() if one is None}


def test_the_list_is_the_same_while_nothing_changes() -> None:
    listed = ContainerIndex()
    listed.note("a", {**mounting("a", "/x"), "State": "running"})
    before = listed.list_all()

    listed.note("a", {**mounting("a", "/x"), "State": "running"})
    listed.note("b", None)
    assert listed.list_all() is before
    listed.note("a", {**mounting("a", "/x"), "State": "exited"})

    assert [*before] != [*listed.list_all()]
    assert (listed.find_state("a"), listed.find_state("b")) == ("exited", None)


def test_what_cannot_be_read_changes_nothing() -> None:
    listed = ContainerIndex()
    listed.note("a", mounting("a", "/x"))
    with pytest.raises(Refused):
        listed.note("a", {"Id": "a", "Mounts": "none"})
    assert ("/x", False) in listed.list_all().by_path
