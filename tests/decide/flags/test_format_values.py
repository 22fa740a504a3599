"""Values of a request as they are typed; nothing that can be a secret."""

from typing import Any

import pytest

from portero.decide.flags import format_values
from tests.cases import cases

LINES = cases(__file__, "typed.jsonl")


@pytest.mark.parametrize("line", LINES, ids=lambda line: f"{line['writer']} {line['typed']}")
def test_a_value_is_typed_as_docker_takes_it(line: dict[str, Any]) -> None:
    assert getattr(format_values, line["writer"])(line["value"]) == line["typed"]


@pytest.mark.parametrize(("written", "shown"), cases(__file__, "secret-values.jsonl"))
def test_what_can_be_a_secret_is_left_out(written: str, shown: str) -> None:
    assert written == shown
    assert "s3cret" not in written
    assert format_values.is_whole(written) == ("..." not in shown)
