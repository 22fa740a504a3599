"""Sequences are the same for one seed, differ between seeds, and hold every kind of step."""

from .generate import FEWEST, KINDS, MOST, sequence
from .steps import Step, shell_line


def _sequence(seed: int, number: int, *, host_users: bool = True) -> list[Step]:
    return sequence(seed, number, device="/dev/loop0", host_users=host_users)


def test_a_seed_and_a_number_give_the_same_sequence() -> None:
    assert _sequence(1, 7) == _sequence(1, 7)
    assert _sequence(1, 7) != _sequence(2, 7)
    assert _sequence(1, 7) != _sequence(1, 8)


def test_a_sequence_has_three_to_twelve_steps_by_two_users() -> None:
    made = [_sequence(1, number) for number in range(300)]

    assert {len(steps) for steps in made} == set(range(FEWEST, MOST + 1))
    assert {step.user for steps in made for step in steps} == {"alicia", "bruno"}


def test_every_kind_of_step_turns_up() -> None:
    assert {step.kind for number in range(300) for step in _sequence(1, number)} == set(KINDS)


def test_host_users_swap_folders_only_where_asked() -> None:
    assert all(step.kind != "swap" for number in range(300) for step in _sequence(1, number, host_users=False))


def test_every_step_is_one_shell_line() -> None:
    lines = [shell_line(step) for number in range(300) for step in _sequence(1, number)]

    assert all("\n" not in line and "{" not in line.split(" sh -c ")[0] for line in lines)


def test_the_device_of_the_host_stands_in_the_body() -> None:
    devices = [
        device["PathOnHost"]
        for number in range(400)
        for step in _sequence(1, number)
        for device in step.body().get("HostConfig", {}).get("Devices") or ()
    ]

    assert set(devices) == {"/dev/loop0"}
