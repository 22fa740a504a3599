"""The most specific entry counts."""

import pytest

from portero.decide.images.trust import ImageTrust, TrustEntry

ENTRIES = [
    TrustEntry(images, ())
    for images in ("*", "r.example/*", "r.example/team/*", "r.example/team/app", "r.example/team/app*")
]


@pytest.mark.parametrize(
    ("repository", "images"),
    [
        ("docker.io/library/nginx", "*"),
        ("r.example.evil/x", "*"),
        ("r.example/x", "r.example/*"),
        ("r.example/teams/x", "r.example/*"),
        ("r.example/team/x/y", "r.example/team/*"),
        ("r.example/team/app", "r.example/team/app"),
    ],
)
def test_the_most_specific_entry_counts(repository: str, images: str) -> None:
    for entries in (ENTRIES, ENTRIES[::-1]):
        found = ImageTrust(entries).find_entry(repository)
        assert found is not None
        assert found.images == images


def test_without_an_entry_nothing_is_asked() -> None:
    assert ImageTrust(ENTRIES[1:]).find_entry("docker.io/library/nginx") is None
    assert not ImageTrust().asks
    assert ImageTrust(ENTRIES).asks
