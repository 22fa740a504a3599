"""Names of accounts for messages."""

import pytest

from portero.host.accounts import AccountNames
from portero.host.owners import Writer

FILES = {
    "/etc/passwd": "root:x:0:0::/root:/bin/sh\nalicia:x:1000:1000::/home/alicia:/bin/sh\nother:x:1000:1::/:\nbad\n",
    "/etc/group": "root:x:0:\nstaff:x:50:\nshort:x:52\nodd\x1b:x:53:\nbad:x\n",
}


@pytest.mark.parametrize(
    ("writer", "expected"),
    [
        (Writer("user", 1000), "user alicia (1000)"),
        (Writer("user", 1001), "user 1001"),
        (Writer("group", 50), "members of group staff (50)"),
        (Writer("group", 51), "members of group 51"),
        (Writer("group", 52), "members of group short (52)"),
        (Writer("group", 53), "members of group 53"),
        (Writer("everybody"), "any user"),
    ],
)
def test_an_account_is_shown_by_name_and_number(writer: Writer, expected: str) -> None:
    assert AccountNames(FILES.__getitem__).describe(writer) == expected


def test_without_the_files_numbers_are_shown() -> None:
    def fail(path: str) -> str:
        raise FileNotFoundError(path)

    assert AccountNames(fail).describe(Writer("user", 1000)) == "user 1000"
