"""Programs of root count by name, after links, and by the links on their ways; sensitive paths are left out."""

from pathlib import Path

import pytest

from portero.host.root_programs import read_root_programs
from tests.host.test_root_processes import running

UNIT = "ExecStart=/usr/bin/tool /srv/app/run /srv/app/data\nExecStop=/opt/none\nWorkingDirectory=/srv/w\n"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "root"
    for folder in ("usr/bin", "etc/systemd/system", "srv/v1", "srv/w", "etc/ld.so.conf.d", "opt/lib"):
        (root / folder).mkdir(parents=True)
    (root / "srv" / "app").symlink_to("v1")
    (root / "srv" / "v1" / "run").touch(0o755)
    (root / "srv" / "v1" / "data").touch(0o644)
    (root / "srv" / "w" / "x.sh").touch(0o644)
    (root / "usr" / "bin" / "tool").symlink_to("/opt/tool")
    (root / "etc" / "ld.so.conf.d" / "a.conf").write_text("/opt/lib\n/usr/lib\n")
    (root / "etc" / "systemd" / "system" / "a.service").write_text(UNIT + "ExecStartPre=/bin/sh x.sh y.sh\n")
    running(tmp_path / "proc", 7, "/opt/agent/run")
    return root


@pytest.mark.parametrize(
    ("path", "opened"),
    [
        ("/opt/agent", ("/opt/agent/run",)),
        ("/opt/tool", ("/opt/tool",)),
        ("/opt/none", ("/opt/none",)),
        ("/srv/app", ("/srv/app", "/srv/app/run")),
        ("/srv/v1/run", ("/srv/v1/run",)),
        ("/srv/v1/data", ()),
        ("/srv/w", ("/srv/w/x.sh",)),
        ("/srv/w/data", ()),
        ("/opt/lib/x", ("/opt/lib",)),
        ("/usr/bin", ("/usr/bin/tool",)),
        ("/usr/lib", ()),
    ],
)
def test_what_a_path_opens_of_them(root: Path, path: str, opened: tuple[str, ...]) -> None:
    programs = read_root_programs(str(root), root.parent / "proc")

    assert programs.list_opened(path) == opened
    assert programs.may_open(path) or not opened


def test_a_name_of_other_bytes_is_found_by_the_folders_above_it_and_can_be_told(tmp_path: Path) -> None:
    running(tmp_path, 7, "/opt/a\udc80/run")

    (opened,) = read_root_programs(str(tmp_path), tmp_path).list_opened("/opt")
    assert opened.isprintable()
    assert opened.startswith("/opt/a")
