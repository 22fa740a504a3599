"""Errors that list faults."""

import os
from pathlib import Path

import pytest

from portero.decide.values.errors import Faults, FileFaults, raise_error


def test_each_fault_is_a_line() -> None:
    error = Faults(fault for fault in ("first", "second"))

    assert error.faults == ("first", "second")
    assert str(error) == "first\nsecond"


def test_faults_of_files_name_the_file() -> None:
    error = FileFaults([("site.json", "is missing")])

    assert error.faults == (("site.json", "is missing"),)
    assert str(error) == "site.json: is missing"


def test_a_walk_ends_at_what_it_cannot_read(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        list(os.walk(tmp_path / "none", onerror=raise_error))
