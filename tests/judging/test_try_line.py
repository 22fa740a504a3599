"""The try: line: one grammar, quoted as a shell reads it."""

import shlex

import pytest

from portero.denial import Proposed
from portero.flags.edits import Change
from portero.judging import try_line
from portero.judging.flag_changes import FlagChanges


@pytest.mark.parametrize(
    ("proposed", "line"),
    [
        (Proposed("docker run", add=(("-m", "1g"),)), "docker run -m 1g …"),
        (Proposed("docker run", without=(("--privileged",),)), "docker run …  (without --privileged)"),
        (
            Proposed("docker run", (("-m", "1g"),), (("-m", "4g"),), (("-P",), ("--pid", "host"))),
            "docker run -m 1g …  (instead of -m 4g; without -P, --pid host)",
        ),
    ],
)
def test_the_line_has_one_grammar(proposed: Proposed, line: str) -> None:
    assert try_line.write(proposed) == line


@pytest.mark.parametrize("value", ["/a b:/c", "a'b:/c", "$HOME:/c", "/a;rm:/c", "/plain:/c"])
def test_a_value_is_quoted_as_a_shell_reads_it(value: str) -> None:
    line = try_line.write(Proposed("docker run", add=(("-v", value),)))

    assert shlex.split(line) == ["docker", "run", "-v", value, "…"]


def test_a_compose_user_gets_no_line_where_compose_has_no_key() -> None:
    changes = FlagChanges("ContainerCreate")
    changes.note("--publish-all", Change(removed=("",)))

    proposed = try_line.propose(changes, ("b", "a"), by_compose=True)

    assert proposed is not None
    assert (proposed.without, proposed.line, proposed.still) == ((("-P",),), "", ("a", "b"))


def test_a_line_beyond_all_measure_is_left_out() -> None:
    changes = FlagChanges("ContainerCreate")
    changes.note("--volume", Change(removed=tuple(f"/etc:/a-folder-{n}" for n in range(100))))

    assert try_line.propose(changes, ()) is None
