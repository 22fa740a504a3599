"""Of each host path a list tells who mounts it, also with others that are added, and whatever changes."""

from random import Random
from typing import Any

import pytest

from portero.decide.interfaces.container_list import ContainerList
from portero.decide.values.refusals import Refused
from portero.observe.lookups.container_index import ContainerIndex


def mounting(id: str, *sources: str, writable: bool = False) -> dict[str, Any]:
    return {"Id": id, "Mounts": [{"Type": "bind", "Source": source, "RW": writable} for source in sources]}


def test_who_mounts_a_path_is_known_of_those_that_were_added_too() -> None:
    listed = ContainerList.of([mounting("a", "/x", "/x"), mounting("b", "/x", writable=True)])
    assert ContainerList.of(listed) is listed

    more = listed.add([mounting("c", "/x", "/y")])

    assert {path: [*ids] for path, ids in listed.by_path.items()} == {("/x", False): ["a"], ("/x", True): ["b"]}
    assert more.by_path == {("/x", False): ("a", "c"), ("/x", True): ["b"], ("/y", False): ("c",)}
    assert [one["Id"] for one in more] == ["a", "b", "c"]
    assert (len(more), more[2]["Id"], listed.add([])) == (3, "c", listed)


def test_what_has_no_id_is_not_lost() -> None:
    nameless = [{"Mounts": mounting("", source)["Mounts"]} for source in ("/x", "/y")]
    assert len(ContainerList.of(nameless).by_path) == 2


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
