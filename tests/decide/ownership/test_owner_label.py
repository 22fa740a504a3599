"""Where the owner's label stands in what is made, and what is written where it does not."""

import json
from collections import Counter
from typing import Any

import pytest

from portero.decide.ownership.json_text import Place, read_text, write_text
from portero.decide.ownership.owner_label import (
    find_config,
    has_tasks,
    identify_mount,
    list_bound,
    list_volumes,
    read_label,
    read_mount_labels,
    write_label,
    write_mount_label,
)


def place(value: Any) -> Place:
    return read_text(json.dumps(value).encode())


def test_a_label_is_read_and_written_once() -> None:
    for labels, said in (({"owner": "x"}, "x"), ({}, None), (None, None), ({"Owner": "x"}, None)):
        top = place({"Labels": labels})
        assert read_label(top, "owner") == said
        written = json.loads(write_text(top, write_label(top, "owner", "y")))
        assert written == {"Labels": {**(labels or {}), "owner": said or "y"}}
    assert read_label(None, "owner") is None


def test_volumes_are_mounts_of_their_type() -> None:
    mounts = [{"Type": "bind"}, {"Type": "volume", "Source": "a"}, {"Type": "tmpfs"}, {"type": "volume"}, {}]

    (named, unnamed) = list_volumes(place({"Mounts": mounts}))
    assert (named.value("Source"), unnamed.value("Source")) == ("a", None)
    tasks = {"TaskTemplate": {"ContainerSpec": {"Mounts": mounts}}}
    assert len(list_volumes(find_config("ServiceUpdate", place(tasks)))) == 2
    assert len(list_volumes(find_config("ContainerCreate", place({"HostConfig": {"Mounts": mounts}})))) == 2
    assert list_volumes(find_config("NetworkCreate", place(tasks))) == []
    for options, written in ((None, {}), ({"NoCopy": True}, {"NoCopy": True}), ({"Labels": {"a": "b"}}, {})):
        mount = place({"VolumeOptions": options})
        shown = json.loads(write_text(mount, write_mount_label(mount, "owner", "x")))["VolumeOptions"]
        assert shown["Labels"]["owner"] == "x"
        assert written.items() <= shown.items()


def test_binds_name_volumes() -> None:
    binds = ["/a:/b", "data:/b", "data:/b:ro", "./a:/b", "~/a:/b", "data", "x:/b", "..:/b", "{{x}}:/y"]

    assert [*list_bound(place({"Binds": binds}))] == ["data", "data"]
    assert [*list_bound(place({"Binds": binds, "VolumeDriver": "local"}))] == ["data", "data"]
    assert [*list_bound(place({"Binds": binds, "VolumeDriver": "x"}))] == []
    assert [*list_bound(place({"Binds": 1}))] == []


def test_a_service_keeps_the_label_of_the_same_mount() -> None:
    mounts = [{"Type": "volume", "Source": "a", "Target": "/x", "VolumeOptions": {"Labels": {"owner": "y"}}}]
    spec = place({"TaskTemplate": {"ContainerSpec": {"Mounts": mounts, "Labels": {"owner": "z"}}}})
    former = find_config("ServiceUpdate", spec)

    same, other = place({"Source": "a", "Target": "/x"}), place({"Source": "a", "Target": "/y"})
    labels = read_mount_labels(former, "owner")
    assert labels.get(identify_mount(same)) == "y"
    assert labels.get(identify_mount(other)) is None
    assert has_tasks("ServiceUpdate")
    assert read_label(former, "owner") == "z"
    assert not has_tasks("ContainerCreate")
    assert find_config("VolumeCreate", spec) is None


def test_each_mount_of_a_service_is_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each was read again for each other one."""
    read = Counter[str]()
    read_child = Place.child

    def count(self: Place, name: str, *key: Any) -> Place | None:
        read[name] += 1
        return read_child(self, name, *key)

    monkeypatch.setattr(Place, "child", count)
    for number in (40, 80):
        read.clear()
        read_mount_labels(place({"Mounts": [{"Type": "volume", "Source": f"v{n}"} for n in range(number)]}), "owner")
        assert read == {"VolumeOptions": number}
