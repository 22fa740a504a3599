"""Each command spells a flag in its own way, and what it lacks is not made up."""

import json
from pathlib import Path
from typing import Any

import pytest

from portero.decide.flags.docker import FLAGS, find_spelling, list_spellings

LINES = [json.loads(line) for line in Path(__file__).with_name("spellings.jsonl").read_text().splitlines()]


@pytest.mark.parametrize(
    "line", [line for line in LINES if "typed" in line], ids=lambda line: " ".join(line["typed"][0])
)
def test_a_flag_is_written_as_its_command_takes_it(line: dict[str, Any]) -> None:
    spelt = find_spelling(line["operation"], line["flag"])

    assert spelt is not None
    assert [[*words] for words in spelt.write(line["value"])] == line["typed"]


@pytest.mark.parametrize("line", [line for line in LINES if "typed" not in line], ids=lambda line: line["flag"])
def test_a_command_without_the_flag_has_no_spelling(line: dict[str, Any]) -> None:
    assert find_spelling(line["operation"], line["flag"]) is None


def test_every_flag_is_spelt_by_some_command() -> None:
    assert all(list_spellings(flag) for flag in FLAGS)
    assert list_spellings("--nonsense") == []
