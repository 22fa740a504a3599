"""The words of a command: where its subcommand stands, whether it needs a terminal, and what is not tried.

command-lines.jsonl: a line for each command. The subcommand comes after the global options, and its own options may
look like them; only run and exec ask for a terminal.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from portero.standin.subcommand import NotTried, parse_command

LINES = [json.loads(line) for line in Path(__file__).with_name("command-lines.jsonl").read_text().splitlines()]


@pytest.mark.parametrize("line", [line for line in LINES if "notTried" not in line], ids=lambda line: line["command"])
def test_a_command_is_read_as_docker_reads_it(line: dict[str, Any]) -> None:
    for given in (line["command"].split(), tuple(line["command"].split())):
        words = parse_command(given)

        assert (words.subcommand, words.is_compose) == (line["subcommand"], line["compose"])
        assert words.asks_for_terminal is line.get("terminal", words.asks_for_terminal)


@pytest.mark.parametrize("line", [line for line in LINES if "notTried" in line], ids=lambda line: line["command"])
def test_what_has_an_effect_beside_the_stand_in_is_not_tried(line: dict[str, Any]) -> None:
    with pytest.raises(NotTried, match=line["notTried"]):
        parse_command(line["command"].split())
