"""Text is read as Go's strconv reads it."""

import time

import pytest

from portero.decide.values.go_values import parse_go_bool, parse_go_int64, parse_go_port, parse_size
from tests.cases import cases


@pytest.mark.parametrize("text", ["1", "t", "T", "TRUE", "true", "True"])
def test_go_s_words_for_true(text: str) -> None:
    assert parse_go_bool(text) is True


@pytest.mark.parametrize("text", ["0", "f", "F", "FALSE", "false", "False"])
def test_go_s_words_for_false(text: str) -> None:
    assert parse_go_bool(text) is False


@pytest.mark.parametrize("text", ["", "yes", "tRUE", " true"])
def test_other_words_are_neither(text: str) -> None:
    assert parse_go_bool(text) is None


@pytest.mark.parametrize(("text", "value"), cases(__file__, "integers.jsonl"))
def test_an_integer_has_decimal_digits_and_fits(text: str, value: int | None) -> None:
    assert parse_go_int64(text) == value


def test_a_long_text_is_read_in_no_time() -> None:
    start = time.process_time()

    assert parse_go_int64("0" * 1_000_000 + "x") is None
    assert time.process_time() - start < 1


@pytest.mark.parametrize(
    ("text", "value"), [("80", 80), ("65535", 65535), ("65536", None), ("+80", None), ("-0", None)]
)
def test_a_port_has_no_sign_and_sixteen_bits(text: str, value: int | None) -> None:
    assert parse_go_port(text) == value


@pytest.mark.parametrize(
    ("size", "expected"), [("512m", 512 << 20), ("10g", 10 << 30), ("1k", 1024), ("7b", 7), ("4096", 4096), (64, 64)]
)
def test_units_count_in_steps_of_1024(size: str | int, expected: int) -> None:
    assert parse_size(size) == expected


@pytest.mark.parametrize("size", ["m", "1.5g", "12q"])
def test_what_is_no_size_is_an_error(size: str) -> None:
    with pytest.raises(ValueError, match="invalid literal"):
        parse_size(size)
