"""`portero init`: a site folder that loads, from questions or from a recording."""

import errno
import json
import os
from pathlib import Path

import pytest

from tests.failing import fail_with
from tests.tools.cli.running import fault_of, portero
from tests.tools.suggest.refused import recorded


def test_answers_become_site_values(tmp_path: Path) -> None:
    answers = ["/srv/data /srv/more", "", "docker.io", "80 443", "4g", "2.5", ""]

    result = portero("init", "site", tmp_path / "site", text="\n".join(answers) + "\n")

    assert result.exit_code == 0, result.output
    assert json.loads((tmp_path / "site/policy/site.json").read_text()) == {
        "$schema": "site.schema.json",
        "bind-sources-writable": ["/srv/data", "/srv/more"],
        "registries": ["docker.io"],
        "ports-privileged": [80, 443],
        "memory-max": "4g",
        "cpus-max": 2.5,
    }
    assert (tmp_path / "site/environment").read_text().splitlines()[1:] == [
        f"PORTERO_POLICY={tmp_path}/site/policy",
        "PORTERO_PROFILE=hardened",
        "# audit: nothing is denied, only logged. enforce: when the log is quiet.",
        "PORTERO_MODE=audit",
    ]


def test_the_folder_loads_as_it_is(tmp_path: Path) -> None:
    portero("init", "site", tmp_path / "site", text="\n" * 7)

    assert portero("explain", "--schemas", tmp_path / "site/policy").exit_code == 0


def test_a_recording_gives_values_and_drafts(tmp_path: Path) -> None:
    requests = [
        recorded("postgres", Memory=4 << 30, MemorySwap=4 << 30),
        recorded("netops/probe", PidMode="host"),
        recorded("other.example.com/probe", PidMode="host"),
    ]

    (tmp_path / "recording.jsonl").write_bytes(b"".join(requests))

    result = portero("init", "site", tmp_path / "site", "--host-root", "none", "--from", tmp_path / "recording.jsonl")

    assert result.exit_code == 0, result.output
    assert json.loads((tmp_path / "site/policy/site.json").read_text())["memory-max"] == "4g"
    assert sorted(file.name for file in (tmp_path / "site/drafts").iterdir()) == ["probe-1.json", "probe.json"]
    assert "3 requests read" in (tmp_path / "site/README.md").read_text()
    assert list((tmp_path / "site/policy/exceptions").iterdir()) == []


@pytest.mark.parametrize("content", ["", "{}\n", "no log\n"])
def test_a_log_without_requests_makes_no_folder(content: str, tmp_path: Path) -> None:
    (tmp_path / "log").write_text(content)

    done = portero("init", "site", tmp_path / "site", "--from", tmp_path / "log")

    assert (done.exit_code, (tmp_path / "site").exists()) == (2, False)
    assert "log: no decisions or recorded requests found; name a log or a recording" in done.stderr


def test_what_is_there_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "environment").write_text("mine")

    assert fault_of(portero("init", "site", tmp_path, text="\n" * 7)).splitlines()[-1] == (
        f"portero: {tmp_path}/environment: is there already; name another folder, or remove it"
    )
    assert (tmp_path / "environment").read_text() == "mine"


def test_nothing_is_asked_before_the_folder_is_found_closed(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "README.md").write_text("mine")

    for folder in ("/proc/none/site", tmp_path / "file" / "site", tmp_path / "site"):
        # Without an answer to any question.
        fault = fault_of(portero("init", folder, text=""))
        assert "Host folders" not in fault
        assert "name another folder" in fault
    assert os.listdir(tmp_path / "site") == ["README.md"]


@pytest.mark.parametrize(
    ("answers", "fault"),
    [
        ("data\n" + "\n" * 6, "bind-sources-writable[0]: write an absolute path"),
        ("\n" * 3 + "http\n", "ports-privileged: http: write a number"),
    ],
)
def test_an_answer_that_site_json_does_not_take_is_told(tmp_path: Path, answers: str, fault: str) -> None:
    assert fault in fault_of(portero("init", "site", tmp_path, text=answers))


def test_a_folder_that_cannot_be_read_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "log.jsonl").write_bytes(recorded("postgres"))
    look, refuse, folder = os.lstat, fail_with(errno.EACCES), f"{tmp_path}/site"
    monkeypatch.setattr(os, "lstat", lambda path: (refuse if str(path).startswith(folder) else look)(path))

    fault = fault_of(portero("init", "site", tmp_path / "site", "--from", tmp_path / "log.jsonl"))

    assert fault.endswith(f"portero: {tmp_path}/site: Permission denied; name another folder, where you may write\n")


def test_without_a_terminal_it_says_how_to_answer_nothing(tmp_path: Path) -> None:
    assert fault_of(portero("init", "site", tmp_path / "site")).endswith(
        "portero: no answer comes: init site --yes keeps the built-in values\n"
    )
    assert portero("init", "site", "--yes", tmp_path / "site").exit_code == 0
    assert json.loads((tmp_path / "site/policy/site.json").read_text()) == {"$schema": "site.schema.json"}
