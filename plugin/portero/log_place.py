"""What PORTERO_LOG names beside a file."""

STANDARD_OUTPUT = "-"
JOURNAL = "journald"


def is_file(place: str) -> bool:
    """Whether it names a file."""
    return place not in (STANDARD_OUTPUT, JOURNAL)
