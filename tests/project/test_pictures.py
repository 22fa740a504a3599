"""The pictures of the pages are whole and readable."""

from xml.etree import ElementTree

import pytest

from .architecture import ROOMS, pictures, svg

SVG = "{http://www.w3.org/2000/svg}"
PICTURES = [*pictures.PICTURES.values()]


@pytest.mark.parametrize("picture", PICTURES, ids=lambda picture: picture.title)
def test_a_picture_names_its_boxes_and_draws_an_arrow_for_each_pair(picture: pictures.Picture) -> None:
    drawn = ElementTree.fromstring(pictures.svg(picture))

    assert {*picture.boxes} <= {text.text for text in drawn.iter(f"{SVG}text")}
    assert sum(path.get("stroke") is not None for path in drawn.iter(f"{SVG}path")) == len(picture.arrows)


@pytest.mark.parametrize("drawing", [svg(ROOMS), *map(pictures.svg, PICTURES)], ids=range(1 + len(PICTURES)))
def test_the_text_of_a_box_stays_inside_it(drawing: str) -> None:
    drawn = ElementTree.fromstring(drawing)
    boxes = [box for box in drawn.iter(f"{SVG}rect") if box.get("rx")]
    lines = [float(text.get("y", "0")) for text in drawn.iter(f"{SVG}text") if text.get("font-size") == "11"]

    for box in boxes:
        bottom = float(box.get("y", "0")) + float(box.get("height", "0"))
        assert [y for y in lines if bottom - 3 < y < bottom + 12] == []
