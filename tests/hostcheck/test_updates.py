"""Updates that wait: what apt tells, and kernels that are installed and do not run."""

import os
import time
from collections.abc import Sequence
from typing import Any

import pytest

from portero.files.chroot import Files
from portero.hostcheck import updates
from portero.hostcheck.updates import run_command
from tests.hostcheck.host_tree import Host

POLICY = """docker.io:
  Installed: 26.1.5+dfsg1-9
  Candidate: 26.1.5+dfsg1-9+deb13u1
  Version table:
containerd:
  Installed: 1.7.24
  Candidate: 1.7.24
runc:
  Installed: (none)
  Candidate: 1.1.15
"""


class Recent(Files):
    """A host whose files are below a folder, and that is this system to apt."""

    def outside(self, path: str) -> str:
        return "/" if path == "/" else super().outside(path)


def packages(host: Host, answer: str = POLICY, age: float = 3600) -> Any:
    host.write("/var/lib/apt/lists/archive_Packages", "")
    for path in ("/var/lib/apt/lists/archive_Packages", "/var/lib/apt/lists"):
        os.utime(host.at(path), (time.time() - age,) * 2)

    def ask(command: Sequence[str]) -> str:
        assert [*command][:3] == ["apt-cache", "policy", "docker.io"]
        return answer

    facts: Any = updates.facts(Recent(str(host.root)), ask)
    return facts["packages"]["value"]


def test_packages_with_a_newer_version_are_named(host: Host) -> None:
    assert packages(host) == ["docker.io 26.1.5+dfsg1-9 -> 26.1.5+dfsg1-9+deb13u1"]


@pytest.mark.parametrize(("answer", "age"), [(POLICY, 8 * 86400), ("", 3600), ("N: Unable to locate", 3600)])
def test_old_lists_and_packages_that_apt_does_not_have_are_unknown(host: Host, answer: str, age: float) -> None:
    assert packages(host, answer, age) == "unknown"


def test_of_another_root_apt_is_not_asked(host: Host) -> None:
    facts: Any = updates.facts(host.files, lambda command: pytest.fail("asked"))

    assert facts["packages"]["value"] == "unknown"


def test_a_program_that_is_missing_or_fails_is_unknown(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(updates, "_POLICY", "false policy")
    host.write("/var/lib/apt/lists/archive_Packages", "")

    facts: Any = updates.facts(Recent(str(host.root)))

    assert facts["packages"]["value"] == "unknown"


@pytest.mark.parametrize(
    ("running", "installed", "newer"),
    [
        ("6.12.41+deb13-amd64", ["6.12.41+deb13-amd64"], []),
        ("6.12.41+deb13-amd64", ["6.12.41+deb13-amd64", "6.12.48+deb13-amd64"], ["6.12.48+deb13-amd64"]),
        ("6.12.48+deb13-amd64", ["6.12.41+deb13-amd64", "6.12.48+deb13-amd64"], []),
        ("6.8.0-45-generic", ["6.8.0-45-generic", "6.8.0-100-generic"], ["6.8.0-100-generic"]),
        ("6.8.0-45-generic", ["6.8.0-45-generic", "6.11.0-1-oem"], []),
        ("5.15.0", ["5.15.0", "5.15.1"], ["5.15.1"]),
        ("5.15.0", ["5.15.1"], "unknown"),
        ("5.15.0", [], "unknown"),
    ],
)
@pytest.mark.parametrize("form", ["/boot/vmlinuz-{}", "/lib/modules/{}/modules.dep"])
def test_a_newer_kernel_that_does_not_run_is_named(
    host: Host, form: str, running: str, installed: list[str], newer: Any
) -> None:
    host.write("/proc/sys/kernel/osrelease", f"{running}\n")
    for name in installed:
        host.write(form.format(name), "")

    facts: Any = updates.facts(host.files)

    assert facts["kernels"]["value"] == newer


def test_what_a_program_prints_is_returned() -> None:
    assert run_command(["/bin/echo", "in force"]) == "in force\n"


def test_a_program_that_fails_is_named() -> None:
    with pytest.raises(OSError, match=r"^/bin/false failed$"):
        run_command(["/bin/false"])


def test_a_program_that_is_missing_is_an_error_of_the_host() -> None:
    with pytest.raises(FileNotFoundError):
        run_command(["/nowhere/program"])


def test_a_program_that_does_not_end_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(updates, "_TIMEOUT_SECONDS", 0.2)

    with pytest.raises(OSError, match=r"^/bin/sleep failed$"):
        run_command(["/bin/sleep", "60"])
