"""Flags of docker build set parameters of the query."""

from typing import Any

from portero.decide.flags import format_values, parse_values
from portero.decide.flags.build_flags import BuildCpus, BuildUlimits, SetQuery
from portero.decide.flags.edits import NONE, NOTHING, Change, Violated

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
