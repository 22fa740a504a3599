"""The picture of the architecture is drawn from its text, whole and readable."""

from xml.etree import ElementTree

import pytest

from .architecture import GROUPS, groups, svg

SVG = "{http://www.w3.org/2000/svg}"


def test_the_picture_names_every_group() -> None:
    drawn = ElementTree.fromstring(svg(GROUPS))

    assert {group.name for group in GROUPS} <= {text.text for text in drawn.iter(f"{SVG}text")}


def test_a_line_that_is_no_group_is_an_error() -> None:
    with pytest.raises(ValueError, match=r"^architecture\.txt: not a level and not a group: 'reading'$"):
        groups("level 1\nreading\n")
