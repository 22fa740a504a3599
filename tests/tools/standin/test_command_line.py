"""A docker or docker-compose command as it was typed: its options, and where its subcommand is."""

from typing import Any

import pytest

from portero.tools.standin.command_line import NotTried, parse_command, split_words
from tests.cases import cases

LINES = cases(__file__, "command-lines.jsonl")


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


@pytest.mark.parametrize(
    ("words", "pieces"),
    [
        (["-dit", "web"], [("-d", ""), ("-i", ""), ("-t", ""), "web"]),
        (["-dp80:80", "-m=1g", "-v", "/a:/b"], [("-d", ""), ("-p", "80:80"), ("-m", "1g"), ("-v", "/a:/b")]),
        (["--name=web", "--memory", "1g", "-d"], [("--name", "web"), ("--memory", "1g"), ("-d", "")]),
        (["web", "-d", "--", "-p"], ["web", ("-d", ""), "--", "-p"]),
        (["-", "-m"], ["-", ("-m", "")]),
    ],
    ids=["letters", "short", "long", "end-of-options", "no-value"],
)
def test_options_are_told_from_other_words(words: list[str], pieces: list[str | tuple[str, str]]) -> None:
    split = split_words(words, lambda name: name not in ("-d", "-i", "-t"), stops=False)

    assert [one if isinstance(one, str) else (one.name, one.value) for one in split] == pieces


def test_behind_the_first_other_word_nothing_is_an_option() -> None:
    assert [*split_words(["web", "-d"], lambda name: True, stops=True)] == ["web", "-d"]
