"""Values of flags as the docker command reads them."""

from typing import Any

import pytest

from portero.decide.flags import parse_values
from tests.cases import cases

LINES = cases(__file__, "values.jsonl")


@pytest.mark.parametrize("line", LINES, ids=lambda line: f"{line['reader']} {line['text']}")
def test_a_value_is_read_as_docker_reads_it(line: dict[str, Any]) -> None:
    assert getattr(parse_values, line["reader"])(line["text"]) == line["value"]
