"""Which bundles a host takes: rightly signed, for its group, not older than what was in force."""

import pytest

from portero.bundles import archive
from portero.bundles.checked import BundleRefused
from portero.signing.versions import Seen

from .signed import OTHER_KEY, bundle, files, trust


def test_a_bundle_that_is_right_in_every_way() -> None:
    found, manifest = trust().check(bundle(3))

    assert found == files(3)
    assert (manifest.group, manifest.version) == ("web", 3)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (bundle(key=OTHER_KEY), "which is not trusted"),
        (archive.pack({"site.json": b"{}"}), r"signature.json in the bundle is missing"),
        (archive.pack({**files(), "site.json": b"{ }"}), "site.json in the bundle was changed after it was signed"),
        (archive.pack({**files(), "rules/x/y.json": b"{}"}), "is not covered by the signature"),
        (bundle(group="db"), "signed for db, this host takes web"),
        (b"{}", "the bundle is not compressed"),
    ],
)
def test_what_is_not_is_refused(data: bytes, words: str) -> None:
    with pytest.raises(BundleRefused, match=words):
        trust().check(data)


def test_a_version_that_was_left_behind_is_refused() -> None:
    with pytest.raises(BundleRefused, match="is version 3, and version 4 was in force before"):
        trust({"web": Seen(4, "x")}).check(bundle(3))
