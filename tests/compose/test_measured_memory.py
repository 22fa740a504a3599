"""A limit from what containers use: twice as much, in steps, and none where nothing runs or the site must decide."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import cast

import pytest

from portero.compose.measured_memory import Measured, measure_memory
from portero.values.json_types import JSON
from tests.unix_server import Handler, serving

MIB = 1 << 20


@pytest.mark.parametrize(
    ("stats", "state", "expected"),
    [
        ({"usage": 40 * MIB, "stats": {"inactive_file": 10 * MIB}}, "running", ("64m", "30 MiB")),
        (
            {"usage": 40 * MIB, "stats": {"total_inactive_file": 1}, "max_usage": 100 * MIB},
            "running",
            ("256m", "100 MiB"),
        ),
        ({"usage": 600 * MIB}, "running", None),
        ({"usage": 600 * MIB}, "exited", None),
        ({}, "running", None),
        ({"usage": 40 * MIB, "stats": []}, "running", None),
        ({"usage": 40 * MIB}, 5, None),
    ],
)
def test_the_limit_has_room(
    tmp_path: Path, stats: dict[str, object], state: object, expected: tuple[str, str] | None
) -> None:
    class Daemon(Handler):
        def respond(self) -> None:
            self.reply(json.dumps({"memory_stats": stats}).encode())

    container = cast(Mapping[str, JSON], {"Id": "x", "Names": ["/web"], "State": state})
    with serving(tmp_path / "d.sock", Daemon):
        found = measure_memory([container], [str(tmp_path / "d.sock")], 1024 * MIB)

    assert found == (
        None if expected is None else Measured(expected[0], f"twice the {expected[1]} that web uses (docker stats)")
    )


@pytest.mark.parametrize("status", [200, 403, None])
def test_a_container_that_does_not_answer_leaves_the_limit_to_the_site(tmp_path: Path, status: int | None) -> None:
    class Daemon(Handler):
        def respond(self) -> None:
            if "/a/" in self.path:
                self.reply(json.dumps({"memory_stats": {"usage": 40 * MIB}}).encode())
            elif status is not None:
                self.reply(b"{}", status)

    running: list[dict[str, JSON]] = [{"Id": name, "Names": [f"/{name}"], "State": "running"} for name in "ab"]
    with serving(tmp_path / "d.sock", Daemon):
        assert measure_memory(running[:1], [str(tmp_path / "d.sock")], 1024 * MIB) is not None
        assert measure_memory(running, [str(tmp_path / "d.sock")], 1024 * MIB) is None
