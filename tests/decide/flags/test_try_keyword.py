"""`try` of a rule: its flags and placeholders exist, and the site's values fit the flags."""

from typing import Any

import pytest

from portero.decide.flags.try_keyword import Proposal, find_faults, find_flag, find_value_faults

SITE = {
    **{"memory-max": "512m", "cpus-max": 0.5, "pids-max": 200, "networks": ["app", "other"], "none": [], "on": True},
    "devices": [{"path": "/dev/null", "permissions": "r"}],
}


def filled(**written: Any) -> Any:
    return Proposal.of(written).fill(SITE)


def test_the_sites_values_stand_where_their_keys_stood() -> None:
    proposal = filled(
        add=["--memory {memory-max}", "--cpus {cpus-max}", "--pids-limit {pids-max}", "--network {networks}", "--init"],
        drop=["--privileged"],
        change=["read-only"],
    )

    assert proposal == Proposal(
        (("--memory", "512m"), ("--cpus", "0.5"), ("--pids-limit", "200"), ("--network", "app"), ("--init", "")),
        ("--privileged",),
        ("read-only",),
    )


def test_the_value_of_another_flag_stays_until_the_request_is_known() -> None:
    assert filled(add=["--memory-swap {--memory}"]).add == (("--memory-swap", "{--memory}"),)
    assert (find_flag("{--memory}"), find_flag("{--nonsense}"), find_flag("1g")) == ("--memory", "", "")
    assert list(find_value_faults(Proposal.of({"add": ["--memory-swap {--memory}"]}), SITE)) == []


def test_an_empty_list_proposes_nothing() -> None:
    assert filled(add=["--network {none}"]) is None


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ({"add": ["--memry {memory-max}"]}, ["try: '--memry' cannot be proposed: did you mean '--memory'?"]),
        ({"drop": ["--privilegd"]}, ["try: '--privilegd' cannot be proposed: did you mean '--privileged'?"]),
        ({"add": ["--memory {memory-mx}"]}, ["try: '{memory-mx}' is not in site.json: did you mean 'memory-max'?"]),
        ({"add": ["--memory-swap {--memry}"]}, ["try: '{--memry}' is not in site.json"]),
        ({"add": ["--memory-swap {--memory}"]}, []),
        ({"add": ["--memory {memory-max}"], "drop": ["--privileged"]}, []),
    ],
)
def test_what_does_not_exist_is_named(written: Any, expected: list[str]) -> None:
    assert list(find_faults(written, SITE.keys())) == expected


@pytest.mark.parametrize(
    ("flag", "expected"),
    [
        ("--memory {memory-max}", []),
        ("--memory {none}", []),
        ("--memory {networks}", ["try: --memory does not take the value: write it as docker takes it"]),
        ("--read-only yes", ["try: --read-only does not take the value: write it as docker takes it"]),
        ("--memory {devices}", ["try: a placeholder stands for no text, number or list of them: name another key"]),
        ("--memory {on}", ["try: a placeholder stands for no text, number or list of them: name another key"]),
    ],
)
def test_a_value_that_the_flag_does_not_take_is_a_fault(flag: str, expected: list[str]) -> None:
    assert list(find_value_faults(Proposal.of({"add": [flag]}), SITE)) == expected
