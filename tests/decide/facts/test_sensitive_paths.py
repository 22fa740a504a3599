"""What decides what root or a login runs: each entry has its source, and what lies around it counts."""

from pathlib import PurePosixPath

import pytest

from portero.decide.facts.sensitive_paths import DATA, SENSITIVE, list_sensitive
from tests.paths import PACKAGE

FACTS = PACKAGE / "decide" / "facts"


def read_rows(name: str) -> list[list[str]]:
    return [line.split("\t") for line in (FACTS / name).read_text().splitlines() if not line.startswith("#")]


def test_each_sensitive_path_has_a_source_and_no_folder_above_it_is_mounted_to_write() -> None:
    rows = read_rows("sensitive_paths.tsv")
    paths = [path for _, path, _ in rows]

    assert all(access in ("any", "home", "itself", "write", "new") and source for access, _, source in rows)
    assert len(paths) == len({*paths})
    above = {str(folder) for path in SENSITIVE for folder in PurePosixPath(path).parents} - {"/var/log", "/var/opt"}
    assert list_sensitive(sorted(above), writable=True) == sorted(above)


@pytest.mark.parametrize(
    ("path", "read", "write"),
    [
        *((path, True, True) for path in ("/", "/etc", "/etc/x", "/var/lib", "/var/lib/extensions/x", "/opt/cni/bin")),
        *((path, True, True) for path in ("/root", "/root/.ssh/config", "/root/bin", "/var/swap", "/swap/swapfile")),
        # Names that act by being there.
        *((path, True, True) for path in ("/system-update", "/.autorelabel", "/.dockerenv", "/forcefsck")),
        # Copies of the host under other names.
        *((path, True, True) for path in ("/.zfs/snapshot/a/etc", "/timeshift", "/var/lib/.zfs/snapshot/a")),
        *((path, True, True) for path in ("/var/cache/rsnapshot/daily.0", "/var/lib/apport/coredump")),
        *((path, False, True) for path in ("/opt", "/root/shop", "/root/shop/.env", "/root/bins")),
        *(
            (path, False, False)
            for path in ("/etcetera", "/opt/app", "/var/swapped", "/var/lib/grafana", "/var/lib/mysql", "/home/alicia")
        ),
    ],
)
def test_a_path_is_sensitive_at_and_in_an_entry(path: str, read: bool, write: bool) -> None:
    assert bool(list_sensitive([path], writable=False)) is read
    assert bool(list_sensitive(["/srv", path], writable=True)) is write


def test_a_file_in_the_home_of_root_is_sensitive() -> None:
    paths = ["/root/notes", "/root/shop/notes"]
    assert list_sensitive(paths, writable=False, is_file=True) == ["/root/notes"]


def test_each_entry_has_a_source_and_stands_once() -> None:
    rows = read_rows("login_entries.tsv")

    assert {access for access, _, _ in rows} == {"run", "mark", "data"}
    assert all(source for _, _, source in rows)
    assert len(rows) == len({(access, path) for access, path, _ in rows})
    assert ".ssh" not in DATA
