"""Long lists of objects are read piece by piece; what is no such list is an error wherever it breaks."""

import io
import json
from typing import Any

import pytest

from portero.observe.dockerd.object_lists import Wanted, read_list

OBJECTS: list[Any] = [
    {"Id": "é" * 40_000, "Labels": {"a": "]}"}, "Spec": {"Name": "s", "Env": ["x"]}},
    {"Mounts": [{"Type": "bind", "Mode": ""}, "x"]},
    {"Id": None},
]
WANTED: Wanted = {"Id": None, "Spec": {"Name": None}, "Mounts": {"Type": None}}


class Dribble(io.BytesIO):
    """Gives three bytes at a time, in the middle of a letter too."""

    def read(self, amount: int | None = -1, /) -> bytes:
        return super().read(min(3, amount or 3))


@pytest.mark.parametrize("source", [io.BytesIO, Dribble])
@pytest.mark.parametrize("indent", [None, 1])
def test_each_object_has_the_wanted_fields(source: type[io.BytesIO], indent: int | None) -> None:
    listed = [OBJECTS[0] | {"Id": "é"}, *OBJECTS[1:]] if source is Dribble else OBJECTS
    data = json.dumps(listed, ensure_ascii=False, indent=indent).encode()

    assert read_list(source(b" " + data + b"\n"), WANTED) == [
        {"Id": listed[0]["Id"], "Spec": {"Name": "s"}},
        {"Mounts": [{"Type": "bind"}, "x"]},
        {"Id": None},
    ]
    assert read_list(source(b" [ ] "), WANTED) == []


@pytest.mark.parametrize(
    "data",
    [
        *("", "{}", "null", "[", "[{}", "[{},", "[{},]", "[1]", "[{} {}]", "[{]", "[]x", "[{}]]", "[\xff]"),
        '[{"a": ' * 9000,
    ],
)
def test_what_is_no_list_of_objects_is_an_error(data: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        read_list(io.BytesIO(data.encode("latin-1")), WANTED)


def test_an_object_that_is_too_long_is_an_error() -> None:
    with pytest.raises(ValueError, match=r"too long|Unterminated"):
        read_list(io.BytesIO(json.dumps([{"Id": "x" * (17 << 20)}]).encode()), WANTED)
