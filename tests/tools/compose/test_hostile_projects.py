"""Compose projects of strangers (hostile.json): nothing runs, nothing is dialled, nothing else is read or printed."""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.paths import ROOT

HOSTILE: dict[str, Any] = json.loads((Path(__file__).parent / "hostile.json").read_text())
# One of each kind is typed as `portero try` too.
TRIED = (
    *("include over ssh with a command in .env", "include by a variable of .env"),
    *("extends of a file above the project", "a provider", "an env_file that is a link out of the folder"),
    *("a docker configuration of the project", "a compose file that is a FIFO"),
)
SECRET = "the-secret-of-the-host"
# These use up what Compose is given, 10 s: they are given less.
ENDLESS = ("an .env that is a FIFO", "an alias bomb")
HURRIED = "from portero.tools.compose import run; run.SECONDS = 2.0; from portero.tools.cli import main; main()"
pytestmark = pytest.mark.skipif(shutil.which("docker-compose") is None, reason="needs docker-compose")


@pytest.fixture(scope="module")
def listener() -> Iterator[socket.socket]:
    """A listener on the host's loopback, which must never be dialled."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0)
        yield server


def lay_out(project: dict[str, Any], folder: Path, marker: Path, port: int) -> None:
    """The project's folder, and beside it what it must not read."""
    folder.mkdir()
    (folder.parent / "secret").write_text(f"{SECRET} = not an env file\n")
    (folder.parent / "outside.yaml").write_text(f"services: {{b: {{image: {SECRET}}}}}\n")
    for name, text in project["files"].items():
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        head, repeated, rest = text.partition("REPEAT")
        if repeated:
            text = head + rest[0] * int(rest[1:]) + "\n"
        path.write_text(text.replace("PORT", str(port)).replace("MARKER", str(marker)))
        path.chmod(0o755)
    for name, target in project.get("links", {}).items():
        (folder / name).symlink_to(target)
    for name in project.get("fifos", []):
        os.mkfifo(folder / name)


@pytest.mark.parametrize(
    ("command", "name"), [*(("check", name) for name in HOSTILE), *(("try", name) for name in TRIED)]
)
def test_a_hostile_project_is_refused_and_nothing_of_it_happens(
    command: str, name: str, tmp_path: Path, listener: socket.socket
) -> None:
    marker, folder, port = tmp_path / "marker", tmp_path / "project", listener.getsockname()[1]
    lay_out(HOSTILE[name], folder, marker, port)
    words = {"check": ["check", "compose.yaml"], "try": ["try", "--timeout", "10", "--", "docker-compose", "up", "-d"]}
    start = ["-c", HURRIED] if name in ENDLESS else ["-m", "portero"]
    before = time.monotonic()

    ended = subprocess.run(
        [sys.executable, *start, *words[command]],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT / "plugin"), "CI_TOKEN": SECRET},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=200,
    )

    printed = ended.stdout + ended.stderr
    assert ended.returncode == 2, printed
    if command == "check":
        assert HOSTILE[name]["error"].replace("PORT", str(port)) in ended.stderr
    assert "Traceback" not in printed
    assert SECRET not in printed
    assert "root:" not in printed
    assert printed.replace("\n", "").isprintable()
    assert not marker.exists()
    with pytest.raises(BlockingIOError):
        listener.accept()
    assert time.monotonic() - before < 100, "the limit is 10 seconds; this is the guard against none"
