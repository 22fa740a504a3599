"""What a denial tells together: violations with one cause, worst first, concrete."""

from dataclasses import replace
from typing import Any

import pytest

from portero.decide.decision import Violation
from portero.decide.judging import denial_entries
from portero.decide.values.denial_parts import Wording


def violation(rule: str, at: str = "X", level: str = "baseline", *, escapes: bool = False, **wording: Any) -> Violation:
    words = Wording(**{"entry": rule, **wording})
    remedy = {"docker": "drop it", "compose": "remove it"}
    return Violation(rule, level, at, "deny", "It harms.", remedy, escapes=escapes, wording=words)


def told(
    *violations: Violation, dialect: str = "docker", solved: frozenset[str] = frozenset()
) -> list[tuple[str, str]]:
    return [(entry.name, entry.text) for entry in denial_entries.merge_violations(violations, dialect, solved)]


def lacking(rule: str, what: str, order: int) -> Violation:
    return violation(rule, f"HostConfig.{what}", entry="limits", order=order, part=("no limit on", what))


def test_missing_limits_are_one_entry_in_the_order_of_the_rule_files() -> None:
    limits = lacking("cpu-limit", "CPU", 2), lacking("memory-limit", "memory", 1), lacking("no-swap", "memory", 3)

    assert told(*limits, solved=frozenset({"cpu-limit", "memory-limit", "no-swap"})) == [
        ("limits", "no limit on memory, CPU.")
    ]


def test_each_missing_limit_that_nothing_solves_has_its_remedy() -> None:
    limits = [
        replace(lacking("cpu-limit", "CPU", 2), remedy={"docker": "--cpus 1"}),
        replace(lacking("memory-limit", "memory", 1), remedy={"docker": "-m 1g"}),
        replace(lacking("no-swap", "memory", 3), remedy={"docker": "-m 1g"}),
        replace(lacking("pids-limit", "processes", 4), remedy={"docker": "set the number"}),
    ]

    assert told(*limits) == [("limits", "no limit on memory, CPU, processes. -m 1g. --cpus 1. Set the number.")]
    # A command, and a key of a compose file, are typed as they stand.
    typed = [replace(limits[0], remedy={"docker": each}) for each in ("docker update web", "mem_limit: 512m")]
    assert [told(one)[0][1] for one in typed] == [
        "no limit on CPU. docker update web.",
        "no limit on CPU. mem_limit: 512m.",
    ]
    assert told(*limits, solved=frozenset({"memory-limit", "no-swap", "pids-limit"})) == [
        ("limits", "no limit on memory, CPU, processes. --cpus 1.")
    ]


def test_too_much_is_told_with_what_is_asked_and_what_is_allowed() -> None:
    too_much = violation("memory-limit", "HostConfig.Memory", entry="limits", requested="4g", allowed="at most 1g")

    assert told(too_much, solved=frozenset({"memory-limit"})) == [
        ("memory-limit", "HostConfig.Memory: 4g asked, at most 1g here.")
    ]
    assert told(lacking("cpu-limit", "CPU", 2), too_much)[0][1].startswith(
        "no limit on CPU; HostConfig.Memory: 4g asked, at most 1g here."
    )


def test_of_one_cause_at_one_place_the_worst_is_told_alone() -> None:
    mounts = [
        violation(
            "bind-sources-listed", "Binds[0]", "hardened", escapes=True, cause="mount", requested="/run/docker.sock"
        ),
        violation("docker-data", "Binds[0]", cause="mount", requested="/run/docker.sock"),
        violation("no-daemon-sockets", "Binds[0]", escapes=True, cause="mount", requested="/run/docker.sock"),
        violation("docker-data", "Binds[1]", cause="mount", requested="/var/lib/docker"),
    ]

    assert told(*mounts, solved=frozenset({"docker-data", "no-daemon-sockets"})) == [
        ("no-daemon-sockets", "Binds[0] (/run/docker.sock): It harms."),
        ("docker-data", "Binds[1] (/var/lib/docker): It harms."),
    ]


def test_the_worst_level_comes_first_and_an_escape_before_others() -> None:
    found = [violation("a", level="restricted"), violation("b", level="hardened"), violation("c")]
    found += [violation("d", escapes=True), violation("e", level="always")]

    assert [name for name, _ in told(*found)] == ["e", "d", "c", "b", "a"]


def test_a_short_remedy_is_always_told_and_the_long_one_where_nothing_else_helps() -> None:
    short = violation("no-privileged", text="it takes over", cure={"docker": "Drop it.", "compose": "Take it out."})

    assert told(short, solved=frozenset({"no-privileged"})) == [("no-privileged", "X: it takes over. Drop it.")]
    assert told(short, dialect="compose") == [("no-privileged", "X: it takes over. Take it out.")]
    assert told(violation("other")) == [("other", "X: It harms. Drop it.")]
    assert told(violation("other"), solved=frozenset({"other"})) == [("other", "X: It harms.")]
    assert told(lacking("cpu-limit", "CPU", 1)) == [("cpu-limit", "no limit on CPU. Drop it.")]


@pytest.mark.parametrize(
    ("at", "place"), [("operation", ""), ("path.id", ""), ("?container", ""), ("?x", "?x"), ("path.idx", "path.idx")]
)
def test_the_whole_request_and_its_object_are_no_place_to_name(at: str, place: str) -> None:
    violation = Violation("a", "baseline", at, "deny", "why", {})

    assert denial_entries.write_place(violation) == place
