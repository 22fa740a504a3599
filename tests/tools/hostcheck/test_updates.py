"""Updates that wait: what apt tells, and kernels that are installed and do not run."""

import gzip
import json
import os
import time
from collections.abc import Sequence
from typing import Any

import pytest

from portero.observe.dockerd.api import EngineApi
from portero.tools.hostcheck import updates
from portero.tools.hostcheck.updates import collect_facts, run_command
from tests.e2e.corpus import load
from tests.e2e.corpus_faults import known_differences
from tests.paths import SCHEMAS
from tests.tools.hostcheck.answering_dockerd import Dockerd
from tests.tools.hostcheck.host_tree import Host, ThisSystem

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


def packages(host: Host, answer: str = POLICY, age: float = 3600) -> Any:
    host.write("/var/lib/apt/lists/archive_Packages", "")
    for path in ("/var/lib/apt/lists/archive_Packages", "/var/lib/apt/lists"):
        os.utime(host.at(path), (time.time() - age,) * 2)

    def ask(command: Sequence[str]) -> str:
        assert [*command][:3] == ["apt-cache", "policy", "docker.io"]
        return answer

    facts: Any = collect_facts(ThisSystem(str(host.root)), None, ask)
    return facts["packages"]["value"]


def test_packages_with_a_newer_version_are_named(host: Host) -> None:
    assert packages(host) == ["docker.io 26.1.5+dfsg1-9 -> 26.1.5+dfsg1-9+deb13u1"]


@pytest.mark.parametrize(("answer", "age"), [(POLICY, 8 * 86400), ("", 3600), ("N: Unable to locate", 3600)])
def test_old_lists_and_packages_that_apt_does_not_have_are_unknown(host: Host, answer: str, age: float) -> None:
    assert packages(host, answer, age) == "unknown"


def test_of_another_root_apt_is_not_asked(host: Host) -> None:
    facts: Any = collect_facts(host.files, None, lambda command: pytest.fail("asked"))

    assert facts["packages"]["value"] == "unknown"


def test_a_program_that_is_missing_or_fails_is_unknown(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(updates, "_POLICY", "false policy")
    host.write("/var/lib/apt/lists/archive_Packages", "")

    facts: Any = collect_facts(ThisSystem(str(host.root)), None)

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

    facts: Any = collect_facts(host.files, None)

    assert facts["kernels"]["value"] == newer


def test_what_a_program_prints_is_returned_and_one_that_is_missing_is_an_error_of_the_host() -> None:
    assert run_command(["/bin/echo", "in force"]) == "in force\n"
    with pytest.raises(FileNotFoundError):
        run_command(["/nowhere/program"])


@pytest.mark.parametrize("command", [["/bin/false"], ["/bin/sleep", "60"]], ids=["fails", "does not end"])
def test_a_program_that_fails_or_does_not_end_is_named(command: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(updates, "_TIMEOUT_SECONDS", 0.2)

    with pytest.raises(OSError, match=rf"^{command[0]} failed$"):
        run_command(command)


FIXED = {"Engine": "99.0.0", "containerd": "v99.0.0", "runc": "99.0.0"}


def holes(host: Host, dockerd: Dockerd, **versions: str) -> Any:
    """The names of what is found, or that nothing is known."""
    components = [{"Name": name, "Version": version} for name, version in (FIXED | versions).items()]
    dockerd.says("GET /version", 200, {"Components": components})
    facts: Any = collect_facts(host.files, EngineApi(dockerd.address))
    found = facts["holes"]["value"]
    return found if found == "unknown" else [line.split()[0] for line in found]


@pytest.mark.parametrize(
    ("version", "has"),
    [
        ("1.1.11", True),
        ("1.1.12", True),  # no 1.1 is fixed by its maker
        ("1.1.15+ds1", True),
        ("1.2.7", True),
        ("1.2.8", False),
        ("1.3.2", True),
        ("1.3.6+ds1", False),
        ("1.4.0", False),
        ("1.5.0", False),
    ],
)
def test_a_version_has_a_hole_until_its_branch_is_mended(host: Host, dockerd: Dockerd, version: str, has: bool) -> None:
    assert ("CVE-2025-31133" in holes(host, dockerd, runc=version)) is has


def test_each_part_is_told_with_its_version(host: Host, dockerd: Dockerd) -> None:
    holes(host, dockerd, runc="1.1.11")
    facts: Any = collect_facts(host.files, EngineApi(dockerd.address))

    assert "CVE-2024-21626 in runc 1.1.11: a working directory leads to a folder of the host" in facts["holes"]["value"]


def changelog(host: Host, text: str) -> None:
    path = host.at("/usr/share/doc/runc/changelog.Debian.gz")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(text.encode()))


PATCHED = "runc (1.1.15+ds1-2+deb13u1) trixie-security\n\n  * Fixes (CVE-2025-31133,\n    CVE-\n    2025-52565).\n"


def test_what_the_packages_changelog_names_is_patched_in_that_version_alone(host: Host, dockerd: Dockerd) -> None:
    before = holes(host, dockerd, runc="1.1.15+ds1")
    changelog(host, PATCHED)

    assert {*before} - {*holes(host, dockerd, runc="1.1.15+ds1")} == {"CVE-2025-31133", "CVE-2025-52565"}
    assert "CVE-2025-31133" in holes(host, dockerd, runc="1.1.14")


@pytest.mark.parametrize("versions", [{"runc": "N/A"}, {"Engine": ""}])
def test_a_version_that_cannot_be_read_leaves_holes_unknown(host: Host, dockerd: Dockerd, versions: Any) -> None:
    assert holes(host, dockerd, **versions) == "unknown"


@pytest.mark.parametrize("content", [b"no gzip", gzip.compress(b"x" * 99, mtime=0)[:-9], b"", None])
def test_a_broken_changelog_is_no_empty_one(host: Host, dockerd: Dockerd, content: bytes | None) -> None:
    path = "/usr/share/doc/runc/changelog.Debian.gz"
    if content is None:
        host.unreadable(path)
    else:
        changelog(host, "")
        host.at(path).write_bytes(content)

    assert holes(host, dockerd) == ([] if content == b"" else "unknown")


def test_where_dockerd_does_not_answer_nothing_is_known(host: Host) -> None:
    facts: Any = collect_facts(host.files, None)

    assert facts["holes"] == {"value": "unknown", "at": "GET /version"}


def test_what_is_called_harmless_is_refused_by_that_rule() -> None:
    cases = {case.id: case for name in ("bypass", "more") for case in load(f"{name}.jsonl")}
    harmless = [one["harmless"] for one in json.loads((SCHEMAS / "engine-holes.json").read_text()) if "harmless" in one]

    assert len(harmless) >= 4
    for each in harmless:
        # Of an engine with the hole tests/corpus/engines.json knows the answer.
        engines = [known_differences(version).get(each["case"], {}) for version in ("20.10", "28.5")]
        answers = [cases[each["case"]].line, *engines]
        assert each["rule"] in [answer.get("rule") for answer in answers]
        assert cases[each["case"]].expect == "deny"
