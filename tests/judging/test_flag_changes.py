"""Changes collected as flags: each once, in order, and what one adds another can replace."""

from portero.flags.edits import Change
from portero.judging.flag_changes import FlagChanges


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
