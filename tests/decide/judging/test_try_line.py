"""The try: line is made of changes, each once and in order; what one adds another can replace."""

import shlex
from collections.abc import Mapping, Sequence

import pytest

from portero.decide.flags.edits import Change
from portero.decide.judging import try_line
from portero.decide.judging.try_line import Composed, FlagChanges
from portero.decide.values.denial_parts import Proposed


def propose(
    changes: Mapping[str, Change], composed: Composed, still: Sequence[str] = (), operation: str = "ContainerCreate"
) -> Proposed:
    """What a user of Compose is proposed after these changes."""
    noted = FlagChanges(operation)
    for flag, change in changes.items():
        noted.note(flag, change)
    proposed = try_line.propose(noted, still, composed)
    assert proposed is not None
    return proposed


def test_what_replaces_is_told_apart_from_what_goes() -> None:
    changes = FlagChanges("ContainerCreate")

    changes.note("--memory", Change(("1g",), ("4g",)))
    changes.note("--privileged", Change(removed=("",)))
    changes.note("--cpus", Change(("1",), (), (("--cpu-quota", "9"),)))

    assert changes.write(changes.added) == (("-m", "1g"), ("--cpus", "1"))
    assert changes.write(changes.instead) == (("-m", "4g"), ("--cpu-quota", "9"))
    assert changes.write(changes.without) == (("--privileged",),)


def test_what_was_added_and_then_replaced_was_never_typed() -> None:
    changes = FlagChanges("ContainerCreate")

    changes.note("--tmpfs", Change(("/run:noexec",), ("/run",)))
    changes.note("--tmpfs", Change(("/run:noexec,size=1m",), ("/run:noexec",)))

    assert list(changes.added) == [("--tmpfs", "/run:noexec,size=1m")]
    assert list(changes.instead) == [("--tmpfs", "/run")]


def test_no_change_is_none() -> None:
    changes = FlagChanges("ContainerCreate")
    changes.note("--memory", Change())

    assert not changes


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
    assert try_line.write_line(proposed) == line


@pytest.mark.parametrize("value", ["/a b:/c", "a'b:/c", "$HOME:/c", "/a;rm:/c", "/plain:/c"])
def test_a_value_is_quoted_as_a_shell_reads_it(value: str) -> None:
    line = try_line.write_line(Proposed("docker run", add=(("-v", value),)))

    assert shlex.split(line) == ["docker", "run", "-v", value, "…"]


def test_a_compose_user_gets_no_line_where_compose_has_no_key() -> None:
    proposed = propose({"--publish-all": Change(removed=("",))}, Composed(), ("b", "a"))

    assert (proposed.without, proposed.line, proposed.still) == ((("-P",),), "", ("a", "b"))


@pytest.mark.parametrize(
    ("is_one_off", "line"),
    [
        (False, "service web in the compose file without volumes /etc:/host:rw, privileged"),
        (True, "service web in the compose file without volumes or docker compose run -v /etc:/host:rw, privileged"),
    ],
)
def test_an_option_of_compose_run_is_not_looked_for_in_the_file_alone(is_one_off: bool, line: str) -> None:
    changes = {"--volume": Change(removed=("/etc:/host:rw",)), "--privileged": Change(removed=("",))}

    assert propose(changes, Composed("web", is_one_off=is_one_off)).line == line


def test_who_deploys_a_stack_gets_the_keys_of_its_file() -> None:
    limits = {"--memory": "1g", "--cpus": "1", "--pids-limit": "200", "--ulimit": "nofile=1:2"}
    changes = {flag: Change((value,)) for flag, value in limits.items()}
    changes["--mount"] = Change(removed=("type=bind,source=/etc,target=/e",))

    assert propose(changes, Composed("web", is_stack=True), operation="ServiceCreate").line == (
        'service web in the compose file with {deploy: {resources: {limits: {memory: 1g, cpus: "1", pids: 200}}}, '
        "ulimits: {nofile: {soft: 1, hard: 2}}}  (without volumes type=bind,source=/etc,target=/e)"
    )


def test_where_a_service_can_have_limits_below_deploy_that_is_said() -> None:
    changes = {"--pids-limit": Change(("200",)), "--privileged": Change(removed=("",))}
    proposed = propose(changes, Composed("web", has_limits=True))

    assert proposed.line == (
        "service web in the compose file with {pids_limit: 200}  (without privileged); "
        "its limits below deploy.resources.limits, where it has those"
    )
    assert proposed.homes[1].startswith("service web in the compose file with {deploy: {resources: {limits: {pids: 200")


def test_a_line_beyond_all_measure_is_left_out() -> None:
    changes = FlagChanges("ContainerCreate")
    changes.note("--volume", Change(removed=tuple(f"/etc:/a-folder-{n}" for n in range(100))))

    assert try_line.propose(changes, ()) is None
