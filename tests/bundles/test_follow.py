"""A host that follows its bundle: the last good one stays, whatever comes."""

from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from portero.bundles import state
from portero.bundles.address import WebAddress
from portero.bundles.fetch import BundleSource
from portero.bundles.follow import Follower
from portero.bundles.state import CURRENT, BundleState
from portero.signing.versions import Seen

from .signed import OTHER_KEY, answer, bundle, server, trust


class Served:
    """A server whose bundle can be changed."""

    def __init__(self) -> None:
        self.data, self.number = bundle(1), 1

    def put(self, data: bytes) -> None:
        self.data, self.number = data, self.number + 1

    def __call__(self, handler: BaseHTTPRequestHandler) -> None:
        mark = f'"{self.number}"'
        if handler.headers["If-None-Match"] == mark:
            answer(handler, 304)
        else:
            answer(handler, 200, self.data, ETag=mark)


def make(url: str, folder: Path, seen: dict[str, Seen] | None = None) -> Follower:
    return Follower(
        BundleSource(WebAddress(f"{url}/p"), 20.0), folder, 300, lambda: trust(seen), lambda place: None, BundleState()
    )


def version(folder: Path) -> str:
    return (folder / CURRENT).readlink().name.partition("-")[0]


def test_a_new_bundle_is_taken_and_an_unchanged_one_is_not_fetched_again(tmp_path: Path) -> None:
    served = Served()
    with server(served) as url:
        follower = make(url, tmp_path)
        assert follower.look()
        first = follower.state
        assert follower.look()
        served.put(bundle(2))
        assert follower.look()

    assert (first.version, first.group, version(tmp_path)) == (1, "web", "2")
    noted = state.read(tmp_path)
    assert noted is not None
    assert (noted.version, noted.failures, noted.fault) == (2, 0, "")


@pytest.mark.parametrize(
    "bad",
    [bundle(2, key=OTHER_KEY), bundle(2, group="db"), b"", bundle(2)[:-20]],
    ids=["key", "group", "empty", "torn"],
)
def test_a_bad_bundle_changes_nothing_and_is_noted(tmp_path: Path, bad: bytes) -> None:
    served = Served()
    with server(served) as url:
        follower = make(url, tmp_path)
        follower.look()
        good = follower.state.succeeded
        served.put(bad)
        assert not follower.look()
        assert not follower.look()

    noted = state.read(tmp_path)
    assert noted is not None
    assert (version(tmp_path), noted.version, noted.refused, noted.failures) == ("1", 1, True, 2)
    assert noted.succeeded == good


def test_a_tag_that_goes_back_is_refused(tmp_path: Path) -> None:
    served = Served()
    with server(served) as url:
        follower = make(url, tmp_path, {"web": Seen(2, "x")})
        assert not follower.look()

    assert "version 2 was in force before" in follower.state.fault
    assert not (tmp_path / CURRENT).exists()


def test_a_server_that_is_away_is_no_refusal_and_is_asked_less_often(tmp_path: Path) -> None:
    follower = make("http://127.0.0.1:9", tmp_path)
    pauses = []
    for _ in range(5):
        assert not follower.look()
        pauses.append(follower.pause())

    assert not follower.state.refused
    assert "Connection refused" in follower.state.fault
    assert 300 * 2 * 0.8 <= pauses[0] <= 300 * 2 * 1.2
    assert 300 * 8 * 0.8 <= pauses[-1] <= 300 * 8 * 1.2


def test_a_bundle_that_was_removed_from_the_disk_is_fetched_again(tmp_path: Path) -> None:
    with server(Served()) as url:
        follower = make(url, tmp_path)
        follower.look()
        (tmp_path / CURRENT).unlink()
        assert follower.look()

    assert version(tmp_path) == "1"


def test_a_bundle_that_the_disk_damaged_is_fetched_again(tmp_path: Path) -> None:
    with server(Served()) as url:
        follower = make(url, tmp_path)
        follower.look()
        (tmp_path / CURRENT / "site.json").write_text("{}")
        assert follower.look()

    assert (tmp_path / CURRENT / "site.json").read_text() == '{"pids-max": 100}'
