"""What a program in the sandbox sees and may do; /usr is shown to it here, so that it can look."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from portero.sandbox import enter

AS_NOBODY = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]


def view_of(tmp_path: Path, script: str) -> enter.SandboxView:
    root, folder = tmp_path / "root", tmp_path / "project"
    for path in (root, folder):
        path.mkdir(exist_ok=True)
    return {
        "root": str(root),
        "shown": [str(folder)],
        "programs": [path for path in ("/usr", "/bin", "/lib", "/lib64") if os.path.exists(path)],
        "folder": str(folder),
        "limits": {"RLIMIT_CORE": 0},
        "command": ["/bin/sh", "-c", script],
        "environment": {"PATH": "/usr/bin:/bin"},
    }


def entered(command: Sequence[str], view: enter.SandboxView) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([*command, json.dumps(view)], capture_output=True, text=True, timeout=30)


def run(tmp_path: Path, script: str) -> "subprocess.CompletedProcess[str]":
    return entered([sys.executable, "-I", enter.__file__], view_of(tmp_path, script))


def test_the_root_folder_holds_what_is_shown_and_nothing_else(tmp_path: Path) -> None:
    ended = run(tmp_path, "ls -A /; ls -A /dev; ls -A $PWD/..")

    listed = ended.stdout.split()
    assert ended.returncode == 0, ended.stderr
    assert "etc" not in listed
    assert "proc" not in listed
    assert "project" in listed
    assert "null" in listed


def test_what_is_shown_cannot_be_written(tmp_path: Path) -> None:
    ended = run(tmp_path, "echo x > $PWD/x; echo x > /usr/x")

    assert ended.stderr.count("Read-only file system") == 2
    assert not (tmp_path / "project" / "x").exists()


def test_a_program_of_the_project_cannot_be_run(tmp_path: Path) -> None:
    (tmp_path / "project").mkdir()
    (tmp_path / "project" / "evil").write_text("#!/bin/sh\necho done\n")
    (tmp_path / "project" / "evil").chmod(0o755)

    ended = run(tmp_path, "./evil")

    assert ended.stdout == ""
    assert "Permission denied" in ended.stderr


def test_there_is_no_network_not_even_loopback(tmp_path: Path) -> None:
    connect = "import socket; socket.create_connection(('127.0.0.1', 1), 2)"

    ended = run(tmp_path, f'exec {shutil.which("python3", path="/usr/bin")} -c "{connect}"')

    assert "Network is unreachable" in ended.stderr


def test_no_capability_is_left(tmp_path: Path) -> None:
    ended = run(tmp_path, "mount -t tmpfs x /tmp; /usr/sbin/chroot / /bin/true")

    # What mount says to root, and to anybody else.
    assert "mount: /tmp: permission denied" in ended.stderr or "must be superuser to use mount" in ended.stderr
    assert "cannot change root directory" in ended.stderr


def test_the_status_of_the_program_is_passed_on(tmp_path: Path) -> None:
    assert run(tmp_path, "exit 7").returncode == 7


def test_what_cannot_be_set_up_is_reported_and_nothing_runs(tmp_path: Path) -> None:
    view = view_of(tmp_path, "echo ran")
    view["shown"] = ["/nonexistent/x"]

    ended = entered([sys.executable, "-I", enter.__file__], view)

    assert ended.returncode == enter.FAILED
    assert ended.stdout == ""
    assert ended.stderr.startswith(enter.MARK)


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to become another user")
def test_another_user_than_root_has_the_same_sandbox(tmp_path: Path) -> None:
    for path in (tmp_path, *tmp_path.parents):
        if path != Path("/"):
            path.chmod(path.stat().st_mode | 0o011)
    program = tmp_path / "enter.py"
    shutil.copy(enter.__file__, program)
    program.chmod(0o644)
    python = shutil.which("python3", path="/usr/bin")
    assert python is not None

    view = view_of(tmp_path, "ls -A /; touch x")
    for path in (view["root"], view["folder"]):
        os.chown(path, 65534, 65534)

    ended = entered([*AS_NOBODY, python, "-I", str(program)], view)

    assert "etc" not in ended.stdout.split()
    assert "Read-only file system" in ended.stderr
