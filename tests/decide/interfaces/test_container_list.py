"""Of each host path a list tells who mounts it, also with others that are added, and whatever changes."""

from typing import Any

from portero.decide.interfaces.container_list import ContainerList


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
