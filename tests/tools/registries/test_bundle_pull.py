"""A host that pulls its bundle: the last good one stays, whatever comes."""

import errno
import os
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from portero.decide.values.errors import Faults
from portero.serve.settings.setting_values import CURRENT
from portero.serve.signing.versions import Seen
from portero.serve.status import bundle_state
from portero.serve.status.bundle_state import BundleState
from portero.tools.registries import bundle_archive
from portero.tools.registries.bundle_archive import Bundle
from portero.tools.registries.bundle_fetch import BundleSource
from portero.tools.registries.bundle_pull import is_whole, pull_bundle, put
from tests.failing import fail_with

from .signed import OTHER_KEY, answer_bundle, bundle, files, server, trust


class Served:
    """A server whose bundle can be changed; `sent`: how often it was sent whole."""

    def __init__(self) -> None:
        self.bundle, self.number, self.sent = bundle(1), 1, 0

    def put(self, new: Bundle) -> None:
        self.bundle, self.number = new, self.number + 1

    def __call__(self, handler: BaseHTTPRequestHandler) -> None:
        mark = f'"{self.number}"'
        self.sent += not handler.path.endswith(".sig") and handler.headers["If-None-Match"] != mark
        answer_bundle(handler, self.bundle, mark)


def pull(url: str, folder: Path, seen: dict[str, Seen] | None = None) -> BundleState:
    source = BundleSource(f"{url}/p", 20.0)
    told = pull_bundle(source, folder, lambda: trust(seen), lambda place: None)
    assert bundle_state.read_bundle_state(folder) == told
    return told


def version(folder: Path) -> str:
    return (folder / CURRENT).readlink().name.partition("-")[0]


def test_a_new_bundle_is_taken_and_an_unchanged_one_is_not_fetched_again(tmp_path: Path) -> None:
    served = Served()
    with server(served) as url:
        first = pull(url, tmp_path)
        again = pull(url, tmp_path)
        assert served.sent == 1
        served.put(bundle(2))
        second = pull(url, tmp_path)

    assert (first.version, first.group, version(tmp_path)) == (1, "web", "2")
    assert (again.version, again.fault) == (1, "")
    assert first.succeeded < again.succeeded
    assert (second.version, second.failures, second.fault) == (2, 0, "")


TWO = bundle(2)


@pytest.mark.parametrize(
    "bad",
    [
        *(bundle(2, key=OTHER_KEY), bundle(2, group="db"), Bundle(b"", TWO.signature)),
        *(Bundle(TWO.data[:-20], TWO.signature), Bundle(TWO.data, ""), Bundle(TWO.data, bundle(1).signature)),
    ],
    ids=["key", "group", "empty", "torn", "unsigned", "another's signature"],
)
def test_a_bad_bundle_changes_nothing_and_is_noted(tmp_path: Path, bad: Bundle) -> None:
    served = Served()
    with server(served) as url:
        good = pull(url, tmp_path)
        served.put(bad)
        pull(url, tmp_path)
        noted = pull(url, tmp_path)

    assert (version(tmp_path), noted.version, noted.refused, noted.failures) == ("1", 1, True, 2)
    assert noted.succeeded == good.succeeded
    assert noted.tried > good.tried


@pytest.mark.parametrize("bad", [Bundle(TWO.data, ""), bundle(2, key=OTHER_KEY)], ids=["unsigned", "untrusted"])
def test_nothing_unverified_is_unpacked(tmp_path: Path, bad: Bundle, monkeypatch: pytest.MonkeyPatch) -> None:
    served = Served()
    served.put(bad)
    monkeypatch.setattr(bundle_archive.zlib, "decompressobj", None)
    monkeypatch.setattr(bundle_archive.tarfile, "open", None)
    with server(served) as url:
        noted = pull(url, tmp_path)

    assert noted.refused
    assert "signature" in noted.fault or "is not trusted" in noted.fault
    assert [path.name for path in tmp_path.iterdir()] == ["state.json"]


def test_an_unchanged_bundle_is_refused_once_the_host_takes_another_group(tmp_path: Path) -> None:
    served = Served()
    with server(served) as url:
        pull(url, tmp_path)
        source = BundleSource(f"{url}/p", 20.0)
        noted = pull_bundle(source, tmp_path, lambda: replace(trust(), groups=("db",)), lambda place: None)

    assert (noted.refused, noted.fault) == (True, "the bundle is signed for web, this host takes db")
    # A start by the old settings has it still.
    assert version(tmp_path) == "1"


def test_a_tag_that_goes_back_is_refused(tmp_path: Path) -> None:
    with server(Served()) as url:
        noted = pull(url, tmp_path, {"web": Seen(2, "x")})

    assert "version 2 was in force before" in noted.fault
    assert not (tmp_path / CURRENT).exists()


def test_a_server_that_is_away_is_no_refusal(tmp_path: Path) -> None:
    noted = [pull("http://127.0.0.1:9", tmp_path) for _ in range(3)][-1]

    assert (noted.refused, noted.failures, noted.succeeded) == (False, 3, 0.0)
    assert "Connection refused" in noted.fault


@pytest.mark.parametrize(
    "harm", [Path.unlink, lambda current: (current / "site.json").write_text("{}")], ids=["removed", "damaged"]
)
def test_a_bundle_that_a_disk_lost_or_damaged_is_fetched_again(tmp_path: Path, harm: Callable[[Path], object]) -> None:
    with server(Served()) as url:
        pull(url, tmp_path)
        harm(tmp_path / CURRENT)
        pull(url, tmp_path)

    assert version(tmp_path) == "1"
    assert (tmp_path / CURRENT / "site.json").read_text() == '{"pids-max": 100}'


@pytest.mark.parametrize(
    ("work", "fault"),
    [(lambda: time.sleep(60), "could not be read and stored within 0.4 s"), (lambda: 1 // 0, "internal error (Zero")],
    ids=["no end", "our error"],
)
def test_what_a_server_sends_ends_a_pull_with_a_note(tmp_path: Path, work: Callable[[], object], fault: str) -> None:
    with server(Served()) as url:
        source = BundleSource(f"{url}/p", 0.2)
        told = pull_bundle(source, tmp_path, trust, lambda folder: work() and None)

    assert fault in told.fault
    assert (told.failures, version(tmp_path) if (tmp_path / CURRENT).exists() else "") == (1, "")


def test_a_note_that_cannot_be_read_counts_as_none_and_all_is_fetched_anew(tmp_path: Path) -> None:
    served = Served()
    with server(served) as url:
        pull(url, tmp_path)
        bundle_state.locate(tmp_path).write_text("x")
        assert pull(url, tmp_path).version == 1

    assert served.sent == 2


def test_a_note_that_cannot_be_written_is_a_fault(tmp_path: Path) -> None:
    bundle_state.locate(tmp_path).mkdir()
    with server(Served()) as url:
        told = pull_bundle(BundleSource(f"{url}/p", 20.0), tmp_path, trust, lambda place: None)
    away = pull_bundle(BundleSource("http://127.0.0.1:9/p", 20.0), tmp_path, trust, lambda place: None)

    assert (told.fault, told.refused) == (f"cannot write {tmp_path}/state.json: Is a directory", False)
    assert version(tmp_path) == "1"
    assert away.fault.startswith("127.0.0.1:9: not reached (Connection refused): ")


def put_version(folder: Path, version: int, pids: int = 100) -> None:
    put(folder, files(version, pids=pids), version, f"{pids:064d}", lambda place: None)


def test_a_new_version_takes_the_place_of_the_old_one(tmp_path: Path) -> None:
    put_version(tmp_path / "bundle", 1, 100)
    put_version(tmp_path / "bundle", 2, 200)

    current = tmp_path / "bundle" / CURRENT
    assert (current / "site.json").read_text() == '{"pids-max": 200}'
    assert os.readlink(current).startswith("versions/2-")
    assert (current / "site.json").stat().st_mode & 0o777 == 0o644
    put_version(tmp_path / "bundle", 2, 200)
    assert len(list((tmp_path / "bundle" / "versions").iterdir())) == 2


@pytest.mark.parametrize("is_full", [True, False], ids=["cannot be written in whole", "does not load"])
def test_what_cannot_be_used_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_full: bool) -> None:
    def refuse(place: Path) -> None:
        assert (place / "site.json").exists()
        raise Faults(["site.json: is no policy"])

    put_version(tmp_path, 1)
    if is_full:
        monkeypatch.setattr(os, "fsync", fail_with(errno.ENOSPC))

    with pytest.raises(OSError if is_full else Faults, match="No space left" if is_full else "is no policy"):
        put(tmp_path, files(2, pids=200), 2, "2" * 64, refuse)

    assert os.readlink(tmp_path / CURRENT).startswith("versions/1-")
    assert len(list((tmp_path / "versions").iterdir())) == 1


def test_only_the_newest_few_stay(tmp_path: Path) -> None:
    for version in range(1, 7):
        put_version(tmp_path, version, version)

    assert len(list((tmp_path / "versions").iterdir())) == 3
    assert (tmp_path / CURRENT / "site.json").exists()


def damage(file: Path) -> None:
    file.write_bytes(b"\0" * file.stat().st_size)


@pytest.mark.parametrize("harm", [damage, Path.unlink, lambda file: file.with_name("more.json").touch()])
def test_what_a_disk_has_damaged_is_written_anew(tmp_path: Path, harm: Callable[[Path], object]) -> None:
    put_version(tmp_path, 1)
    assert is_whole(tmp_path, trust())

    harm(tmp_path / CURRENT / "site.json")

    assert not is_whole(tmp_path, trust())
    put_version(tmp_path, 1)
    assert is_whole(tmp_path, trust())
    assert len(list((tmp_path / "versions").iterdir())) == 1


def test_nothing_there_and_what_somebody_else_signed_are_not_whole(tmp_path: Path) -> None:
    assert not is_whole(tmp_path, trust())
    (tmp_path / CURRENT).symlink_to(CURRENT)
    assert not is_whole(tmp_path, trust())
    put(tmp_path, files(1, key=OTHER_KEY), 1, "1" * 64, lambda place: None)

    assert not is_whole(tmp_path, trust())


def test_two_pulls_at_once_leave_a_whole_version(tmp_path: Path) -> None:
    def write() -> None:
        for version in range(1, 20):
            # One of two that write the same version at once can find its place taken; its next pull goes well.
            with suppress(OSError):
                put_version(tmp_path, version, version)

    pulls = [threading.Thread(target=write) for _ in range(2)]
    for pull in pulls:
        pull.start()
    for pull in pulls:
        pull.join()

    put_version(tmp_path, 20)
    assert is_whole(tmp_path, trust())
    assert os.readlink(tmp_path / CURRENT).startswith("versions/20-")
