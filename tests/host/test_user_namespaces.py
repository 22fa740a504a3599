"""When userns-remap leaves root as root."""

import pytest

from portero.host.user_namespaces import SUBUID as FILE
from portero.host.user_namespaces import remaps_root

SUBUID = "dockremap:231072:65536\nzero:0:65536\nalicia:100000:65536\nalicia:000:1\nbroken\n"


@pytest.mark.parametrize(
    ("value", "remaps"),
    [
        ("", False),
        ("root", False),
        ("root:root", False),
        ("0:0", False),
        ("zero", False),
        ("alicia", False),
        ("0", False),
        ("dockremap", True),
        ("1000:1000", False),
        ("default", True),
        ("dockremap:dockremap", True),
        ("unlisted", True),
    ],
)
def test_a_remap_counts_only_where_root_becomes_another_user(value: str, remaps: bool) -> None:
    assert remaps_root(value, SUBUID) is remaps


def test_a_number_counts_where_no_range_begins_at_root() -> None:
    assert remaps_root("1000", "alicia:100000:65536\n")


def test_the_file_is_that_of_the_host() -> None:
    assert FILE == "/etc/subuid"


@pytest.mark.parametrize("line", ["dockremap:0:65536", "other:0:65536"])
def test_the_user_of_the_default_is_dockremap(line: str) -> None:
    assert remaps_root("default", line) is (line != "dockremap:0:65536")
    assert remaps_root("dockremap", line) is (line != "dockremap:0:65536")
    assert remaps_root("default", line + ":x") is True
