"""A limit from what containers use: twice as much, in steps, and none where nothing runs or the site must decide."""

import json
from pathlib import Path

import pytest

from portero.compose.measured_memory import Measured, measure_memory
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
    ],
)
def test_the_limit_has_room(
    tmp_path: Path, stats: dict[str, object], state: str, expected: tuple[str, str] | None
) -> None:
    class Daemon(Handler):
        def respond(self) -> None:
            self.reply(json.dumps({"memory_stats": stats}).encode())

    with serving(tmp_path / "d.sock", Daemon):
        found = measure_memory([{"Id": "x", "Names": ["/web"], "State": state}], [str(tmp_path / "d.sock")], 1024 * MIB)

    assert found == (
        None if expected is None else Measured(expected[0], f"twice the {expected[1]} that web uses (docker stats)")
    )
