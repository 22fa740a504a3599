"""Each command spells a flag in its own way, and what it lacks is not made up."""

from typing import Any

import pytest

from portero.decide.flags import format_values, parse_values
from portero.decide.flags.docker import FLAGS, BuildCpus, BuildUlimits, SetQuery, find_spelling, list_spellings
from portero.decide.flags.edits import NONE, NOTHING, Change, Violated
from tests.cases import cases

MEMORY = SetQuery("memory", parse_values.size, format_values.size)


def document(**query: str) -> dict[str, Any]:
    return {"query": {name: [value] for name, value in query.items()}}


def test_a_parameter_is_set_and_what_it_was_is_told() -> None:
    changed = document(memory="4294967296", version="1")

    assert MEMORY.add(changed, "1g", NONE) == Change(("1g",), ("4g",))
    assert changed["query"] == {"memory": ["1073741824"], "version": ["1"]}
    assert MEMORY.add(changed, "1g", NONE) == NOTHING
    assert MEMORY.add(document(memory="0"), "1g", NONE) == Change(("1g",))


def test_a_parameter_is_cleared_only_where_a_rule_is_violated() -> None:
    changed = document(cgroupparent="/x")
    parent = SetQuery("cgroupparent", str)

    assert parent.drop(changed, Violated(["?memory"])) == NOTHING
    assert parent.drop(changed, Violated(["?cgroupparent"])) == Change(removed=("/x",))
    assert changed["query"] == {"cgroupparent": [""]}


def test_cpus_are_a_period_and_a_quota() -> None:
    changed = document(cpuquota="900000")

    assert BuildCpus().add(changed, "0.5", NONE) == Change(("0.5",), others=(("--cpu-quota", "900000"),))
    assert changed["query"] == {"cpuquota": ["50000"], "cpuperiod": ["100000"]}
    assert BuildCpus().add(changed, "0.5", NONE) == NOTHING
    assert BuildCpus().drop(changed, NONE) == NOTHING


def test_a_ulimit_replaces_the_one_of_its_name() -> None:
    changed = document(ulimits='[{"Name": "nofile", "Soft": 9, "Hard": 9}, {"Name": "nproc", "Soft": 1, "Hard": 1}]')

    assert BuildUlimits().add(changed, "nofile=1:2", NONE) == Change(("nofile=1:2",), ("nofile=9:9",))
    assert changed["query"]["ulimits"] == [
        '[{"Name": "nproc", "Soft": 1, "Hard": 1}, {"Name": "nofile", "Soft": 1, "Hard": 2}]'
    ]
    assert BuildUlimits().add(changed, "nofile=1:2", NONE) == NOTHING
    assert BuildUlimits().add(document(ulimits="null"), "nofile=1:2", NONE) == Change(("nofile=1:2",))
    assert BuildUlimits().drop(changed, NONE) == NOTHING


LINES = cases(__file__, "spellings.jsonl")


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


@pytest.mark.parametrize(
    ("operation", "flag", "value", "body"),
    [
        ("ContainerCreate", "--log-driver", "syslog", {"HostConfig": {"LogConfig": {"Type": "syslog"}}}),
        ("ServiceCreate", "--log-driver", "syslog", {"TaskTemplate": {"LogDriver": {"Name": "syslog"}}}),
        ("ServiceCreate", "--network", "app", {"TaskTemplate": {"Networks": [{"Target": "app"}]}}),
        ("ContainerCreate", "--cap-drop", "ALL", {"HostConfig": {"CapDrop": ["ALL"]}}),
    ],
)
def test_a_flag_sets_what_its_command_sends(operation: str, flag: str, value: str, body: dict[str, Any]) -> None:
    changed: dict[str, Any] = {"body": {}}
    spelt = find_spelling(operation, flag)

    assert spelt is not None
    assert spelt.edit.add(changed, value, NONE) == Change((value,))
    assert changed["body"] == body


def test_every_flag_is_spelt_by_some_command() -> None:
    assert all(list_spellings(flag) for flag in FLAGS)
    assert list_spellings("--nonsense") == []
