"""Bodies as large as they may be: bounded lists, a bounded line of the log, and work that grows with the body."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from portero.decide.decision import MAX_PLACES, Decision
from portero.decide.judging import denial
from portero.decide.judging.judge import Judge
from portero.decide.policy.at import follow
from portero.decide.reading.body_decoder import LONG, MAX_ENTRIES, MAX_LONG
from portero.decide.reading.shapes import ListOf, MapOf, Scalar, Shape, Struct
from tests.decide.judging.requests import envelope
from tests.judges import make_judge

MOST_BYTES_OF_A_LINE = 64 * 1024
NOW = 1_800_000_000.0
# These miss an entry in a list, at the list.
SEEKING = {"block-io-limited", "drop-all-capabilities", "open-files-limit"}


@pytest.fixture(scope="module")
def judge() -> Judge:
    return make_judge(profile="hardened")


def post(judge: Judge, operation: str, body: object) -> bytes:
    asked = next(known for known in judge.routes.operations if known.id == operation)
    return envelope(asked.method, "/v1.45" + re.sub(r"\{[^}]*\}", "abc", asked.path), body)


def decide(judge: Judge, operation: str, body: object) -> Decision:
    return judge.decide(post(judge, operation, body), "d-7f3a00000000", NOW)


def lists(shape: Shape, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], ListOf | MapOf]]:
    """Every list and map of a body that is not within another one."""
    if isinstance(shape, ListOf | MapOf):
        yield path, shape
    elif shape == Scalar("strslice"):
        yield path, ListOf(Scalar("string"))
    elif isinstance(shape, Struct):
        for field in shape.fields.values():
            yield from lists(field.shape, (*path, field.name))


def entry(shape: Shape, number: int, padding: str) -> Any:
    if isinstance(shape, Scalar):
        return {"string": f"/srv/v{number}{padding}", "bool": True}.get(shape.kind, number % 200)
    if isinstance(shape, ListOf):
        return [entry(shape.items, number, padding)]
    return {f"k{number}": entry(shape.items, number, padding)} if isinstance(shape, MapOf) else {}


def filled(path: tuple[str, ...], shape: ListOf | MapOf, size: int, padding: str = "") -> Any:
    many = [entry(shape.items, number, padding) for number in range(size)]
    value: Any = many if isinstance(shape, ListOf) else {f"{n}/tcp": each for n, each in enumerate(many)}
    for name in reversed(path):
        value = {name: value}
    return value


def bound(path: tuple[str, ...]) -> int:
    return MAX_LONG if LONG.intersection(path[-1:]) else MAX_ENTRIES


def test_a_list_or_map_beyond_its_bound_is_refused_at_its_place(judge: Judge) -> None:
    for operation, shape in judge.shapes.by_operation.items():
        for path, many in lists(shape):
            decision = decide(judge, operation, filled(path, many, bound(path) + 1))

            found = [(violation.rule, violation.at) for violation in decision.violations]
            assert found in ([("body-too-many", ".".join(path))], [("body-wrong-type", ".".join(path))]), path


def test_every_list_and_map_of_a_thousand_entries_makes_a_bounded_line_and_no_internal_error(judge: Judge) -> None:
    for operation, shape in judge.shapes.by_operation.items():
        for path, many in lists(shape):
            decision = decide(judge, operation, filled(path, many, 1000))

            assert decision.fault is None, path
            assert len(json.dumps(decision.line(0))) < MOST_BYTES_OF_A_LINE, path


def test_violations_beyond_the_first_places_of_a_rule_are_counted(judge: Judge) -> None:
    decision = decide(judge, "ContainerCreate", {"HostConfig": {"CapAdd": [f"X{n}" for n in range(100)]}})

    added = [violation for violation in decision.violations if violation.at.startswith("HostConfig.CapAdd[")]
    assert [violation.at for violation in added] == [f"HostConfig.CapAdd[{n}]" for n in (0, 10, 11, 12, 13)]
    assert [violation.more for violation in added] == [0] * (MAX_PLACES - 1) + [100 - MAX_PLACES]
    logged: Any = decision.line(0)["violations"]
    assert logged[decision.violations.index(added[-1])]["more"] == 100 - MAX_PLACES
    assert f"HostConfig.CapAdd[11] (X11) and {100 - 3} more: " in " ".join(denial.write_denial(decision).split())


@pytest.mark.parametrize("operation", ["ContainerCreate", "ServiceCreate", "ServiceUpdate"])
def test_a_rule_that_only_reports_fails_at_a_small_value_of_a_body_of_a_megabyte(judge: Judge, operation: str) -> None:
    """It fails at most creates that are allowed, so that each of them would wait for a copy of its labels."""
    for path, many in lists(judge.shapes.by_operation[operation]):
        document = judge.document(post(judge, operation, filled(path, many, 1000, " " * 1000)), NOW)

        for violation in judge.policy.check(document, "hardened", ("audit",)):
            sizes = [len(json.dumps(follow(document, at))) for at in violation.paths]
            assert violation.rule in SEEKING or max(sizes) <= 1024, (path, violation.rule)


def test_what_is_not_set_has_the_place_of_its_field_also_where_all_around_it_is_not_there(judge: Judge) -> None:
    container = decide(judge, "ContainerCreate", {"Image": "busybox"}).violations
    service = decide(judge, "ServiceCreate", {"TaskTemplate": {"ContainerSpec": {"Image": "busybox"}}}).violations

    assert {
        ("init-process", "HostConfig.Init"),
        ("owner-label", "Labels"),
        ("writable-layer-size", "HostConfig.StorageOpt"),
    } <= {(one.rule, one.at) for one in container}
    assert {("init-process", "TaskTemplate.ContainerSpec.Init"), ("owner-label", "Labels")} <= {
        (one.rule, one.at) for one in service
    }


@pytest.mark.parametrize("image", ["x" * 1_000_000, "busybox"])
def test_a_long_text_is_cut_in_the_log(judge: Judge, image: str) -> None:
    line = decide(judge, "ContainerCreate", {"Image": image}).line(0)

    assert len(json.dumps(line)) < MOST_BYTES_OF_A_LINE
    assert line["image"] == (image if len(image) < 1000 else image[:1024] + "...")


def test_an_exception_for_some_places_does_not_hide_the_denials_that_are_only_counted(judge: Judge) -> None:
    """The bound comes after exceptions: what is only counted is denied all the same."""
    decision = decide(judge, "ContainerCreate", {"HostConfig": {"CapAdd": [*(["CHOWN"] * 50), *(["SYS_ADMIN"] * 50)]}})

    assert not decision.allowed
    assert any(violation.more for violation in decision.denials)
