"""Errors that list faults."""

from portero.values.errors import Faults, FileFaults


def test_each_fault_is_a_line() -> None:
    error = Faults(fault for fault in ("first", "second"))

    assert error.faults == ("first", "second")
    assert str(error) == "first\nsecond"


def test_faults_of_files_name_the_file() -> None:
    error = FileFaults([("site.json", "is missing")])

    assert error.faults == (("site.json", "is missing"),)
    assert str(error) == "site.json: is missing"
