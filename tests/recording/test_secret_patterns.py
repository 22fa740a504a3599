"""Secrets inside texts: they go, the words around them stay, and no text takes long."""

import json
import time
from pathlib import Path

import pytest

from portero.facts.secret_names import looks_secret
from portero.recording.secret_patterns import mask_text, mask_value

LINES = [json.loads(line) for line in Path(__file__).with_name("secrets.jsonl").read_text().splitlines()]


@pytest.mark.parametrize("line", LINES, ids=lambda line: line["text"][:20])
def test_a_secret_is_masked_and_the_rest_stays(line: dict[str, str]) -> None:
    assert mask_text(line["text"]) == line["masked"]


@pytest.mark.parametrize("at", ["token=x", "https://u:p@h", "ENV TOKEN x", "Bearer x", 'password: "x"'])
def test_a_masked_text_is_masked_already(at: str) -> None:
    assert mask_text(mask_text(at)) == mask_text(at)


@pytest.mark.parametrize(
    ("name", "value"), [("DB_PASSWORD", "x"), ("DATABASE_URL", "postgres://u:p@h/x"), ("URL", "http://u:p:q@@h")]
)
def test_what_takes_the_place_of_a_secret_still_looks_like_one(name: str, value: str) -> None:
    assert looks_secret(name, value)
    assert looks_secret(name, mask_value(name, value))
    assert value not in mask_value(name, value)


@pytest.mark.parametrize(
    "piece",
    [
        *(
            "a",
            "a ",
            "a=",
            "a:",
            'a="',
            "a='",
            "url=",
            "token=yes ",
            "://a:",
            ":d",
            "eyJ",
            "eyJaaaaaaaa.",
            "ENV ",
            "\n",
        ),
        *("ENV\n", "bearer ", " \t", "-----BEGIN PRIVATE KEY", "xoxa-"),
    ],
)
def test_no_text_takes_more_than_its_length(piece: str) -> None:
    def seconds(length: int) -> float:
        said = (piece * length)[:length]
        began = time.process_time()
        mask_text(said)
        return time.process_time() - began

    # Were it quadratic, it would be minutes.
    assert seconds(1 << 20) < 5
