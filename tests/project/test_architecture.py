"""The picture of the architecture is drawn from its text, whole and readable."""

from xml.etree import ElementTree

import pytest

from .architecture import GROUPS, groups, svg

SVG = "{http://www.w3.org/2000/svg}"


def test_the_picture_names_every_group() -> None:
    drawn = ElementTree.fromstring(svg(GROUPS))

    assert {group.name for group in GROUPS} <= {text.text for text in drawn.iter(f"{SVG}text")}


def test_the_text_of_a_box_stays_inside_it() -> None:
    drawn = ElementTree.fromstring(svg(GROUPS))
    boxes = [box for box in drawn.iter(f"{SVG}rect") if box.get("rx")]
    lines = [float(text.get("y", "0")) for text in drawn.iter(f"{SVG}text") if text.get("font-size") == "11"]

    for box in boxes:
        bottom = float(box.get("y", "0")) + float(box.get("height", "0"))
        assert [y for y in lines if bottom - 3 < y < bottom + 12] == []


def test_a_line_that_is_no_group_is_an_error() -> None:
    with pytest.raises(ValueError, match=r"^architecture\.txt: not a level and not a group: 'reading'$"):
        groups("level 1\nreading\n")
