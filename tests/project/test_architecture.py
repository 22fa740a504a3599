"""The picture of the architecture is drawn from its text, whole and readable."""

from xml.etree import ElementTree

import pytest

from .architecture import ROOMS, rooms, svg

SVG = "{http://www.w3.org/2000/svg}"


def test_the_picture_names_every_room() -> None:
    drawn = ElementTree.fromstring(svg(ROOMS))

    assert {room.name for room in ROOMS} <= {text.text for text in drawn.iter(f"{SVG}text")}


def test_a_line_that_is_no_room_is_an_error() -> None:
    with pytest.raises(ValueError, match=r"^architecture\.txt: not a ring and not a room: 'reading'$"):
        rooms("ring decide (nothing): about\nreading\n")
