"""Followers under settings: where from, and what is trusted."""

from pathlib import Path

import pytest

from portero.bundles import state
from portero.bundles.address import OciAddress
from portero.bundles.state import BundleState
from portero.service import following
from portero.service.settings import Settings
from portero.signing import signature
from portero.signing.versions import InvalidVersions

KEY = signature.new_key()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    (tmp_path / "key.pub").write_bytes(signature.public_text(KEY.public_key()))
    given = {
        "bundle": "oci://127.0.0.1:5000/p:prod",
        "bundle_folder": str(tmp_path / "bundle"),
        "trusted_keys": str(tmp_path / "key.pub"),
        "host_groups": "web",
        "state": str(tmp_path / "versions.json"),
    }
    return Settings.read({}, given)


def test_a_follower_goes_on_from_what_was_noted(settings: Settings) -> None:
    state.write(settings.bundle_folder, BundleState(mark="x", version=3))

    follower = following.make_follower(settings)

    assert follower.source.address == OciAddress("127.0.0.1:5000", "p", "prod")
    assert follower.state.version == 3


def test_a_note_that_cannot_be_read_counts_as_none(settings: Settings) -> None:
    settings.bundle_folder.mkdir()
    state.place(settings.bundle_folder).write_text("x")

    assert following.make_follower(settings).state == BundleState()


def test_what_was_in_force_is_read_and_an_unreadable_memory_is_an_error(settings: Settings) -> None:
    trust = following.make_trust(settings)
    assert (trust.groups, [*trust.keys], trust.seen) == (("web",), [signature.key_id(KEY.public_key())], {})

    settings.state.write_text("x")
    with pytest.raises(InvalidVersions):
        following.make_trust(settings)
