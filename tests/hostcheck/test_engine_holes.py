"""Known holes: by the versions that run, and by what the changelogs of their packages name."""

import gzip
import json
from typing import Any

import pytest

from portero.dockerd.api import EngineApi
from portero.hostcheck.engine_holes import find_holes
from tests.e2e.corpus import load
from tests.e2e.corpus_faults import known_differences
from tests.hostcheck.answering_dockerd import Dockerd
from tests.hostcheck.host_tree import Host
from tests.paths import SCHEMAS

FIXED = {"Engine": "99.0.0", "containerd": "v99.0.0", "runc": "99.0.0"}


def holes(host: Host, dockerd: Dockerd, **versions: str) -> Any:
    """The names of what is found, or that nothing is known."""
    components = [{"Name": name, "Version": version} for name, version in (FIXED | versions).items()]
    dockerd.says("GET /version", 200, {"Components": components})
    found: Any = find_holes(host.files, EngineApi(dockerd.address))["value"]
    return found if isinstance(found, str) else [line.split()[0] for line in found]


@pytest.mark.parametrize(
    ("version", "has"),
    [
        ("1.1.11", True),
        ("1.1.12", True),  # no 1.1 is mended by its maker
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
    found: Any = find_holes(host.files, EngineApi(dockerd.address))["value"]

    assert "CVE-2024-21626 in runc 1.1.11: a working directory leads to a folder of the host" in found


def changelog(host: Host, text: str) -> None:
    path = host.at("/usr/share/doc/runc/changelog.Debian.gz")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(text.encode()))


PATCHED = "runc (1.1.15+ds1-2+deb13u1) trixie-security\n\n  * Fixes (CVE-2025-31133,\n    CVE-\n    2025-52565).\n"


def test_what_the_packages_changelog_names_is_patched(host: Host, dockerd: Dockerd) -> None:
    before = holes(host, dockerd, runc="1.1.15+ds1")
    changelog(host, PATCHED)

    assert {*before} - {*holes(host, dockerd, runc="1.1.15+ds1")} == {"CVE-2025-31133", "CVE-2025-52565"}


def test_the_changelog_of_another_version_than_runs_does_not_count(host: Host, dockerd: Dockerd) -> None:
    changelog(host, PATCHED)

    assert "CVE-2025-31133" in holes(host, dockerd, runc="1.1.14")


@pytest.mark.parametrize("versions", [{"runc": "N/A"}, {"Engine": ""}])
def test_a_version_that_cannot_be_read_is_no_version_without_holes(
    host: Host, dockerd: Dockerd, versions: dict[str, str]
) -> None:
    assert holes(host, dockerd, **versions) == "unknown"


def test_a_changelog_that_cannot_be_read_is_no_empty_one(host: Host, dockerd: Dockerd) -> None:
    host.unreadable("/usr/share/doc/runc/changelog.Debian.gz")
    assert holes(host, dockerd) == "unknown"


@pytest.mark.parametrize("content", [b"no gzip", gzip.compress(b"x" * 99, mtime=0)[:-9], b""])
def test_a_broken_changelog_is_no_empty_one(host: Host, dockerd: Dockerd, content: bytes) -> None:
    changelog(host, "")
    host.at("/usr/share/doc/runc/changelog.Debian.gz").write_bytes(content)

    assert holes(host, dockerd) == ([] if content == b"" else "unknown")


def test_where_dockerd_does_not_answer_nothing_is_known(host: Host) -> None:
    assert find_holes(host.files, None)["value"] == "unknown"


def test_what_is_called_harmless_is_refused_by_that_rule() -> None:
    cases = {case.id: case for name in ("bypass", "more") for case in load(f"{name}.jsonl")}
    harmless = [
        hole["harmless"] for hole in json.loads((SCHEMAS / "engine-holes.json").read_text()) if "harmless" in hole
    ]

    assert len(harmless) >= 4
    for each in harmless:
        # Of an engine with the hole tests/corpus/engines.json knows the answer.
        engines = [known_differences(version).get(each["case"], {}) for version in ("20.10", "28.5")]
        answers = [cases[each["case"]].line, *engines]
        assert each["rule"] in [answer.get("rule") for answer in answers]
        assert cases[each["case"]].expect == "deny"
