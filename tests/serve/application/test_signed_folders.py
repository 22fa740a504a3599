"""The signed folders of these settings: what they are signed as, and nothing while one of them does not verify."""

from pathlib import Path

import pytest

from portero.decide.identity import key_pairs
from portero.decide.values.errors import LoadError
from portero.serve.application.signed_folders import make_signed_reader, read_manifests
from portero.serve.settings.settings import Settings
from portero.serve.signing import signature, tree

KEY = key_pairs.make_key()


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    (tmp_path / "key.pub").write_bytes(key_pairs.encode_public(KEY.public_key()))
    made = tmp_path / "policy"
    made.mkdir()
    (made / "site.json").write_text("{}")
    text = signature.sign(tree.read_tree(made), 3, "2026-11-24T15:00:00Z", KEY, "web")
    (made / signature.NAME).write_bytes(text)
    return made


def settings(policy: Path, **options: str) -> Settings:
    above = policy.parent
    chosen = {
        "schemas": str(policy),
        "trusted_keys": str(above / "key.pub"),
        "host_groups": "web",
        "state": str(above / "state.json"),
    }
    return Settings.read({}, chosen | options)


def test_the_manifests_of_folders_that_verify(policy: Path) -> None:
    manifests = read_manifests(settings(policy))

    assert manifests is not None
    assert [(path, manifest.version, manifest.group) for path, manifest in manifests.items()] == [(policy, 3, "web")]


def test_none_while_a_folder_does_not_verify(policy: Path) -> None:
    (policy / "site.json").write_text("{ }")

    assert read_manifests(settings(policy)) is None


@pytest.mark.parametrize("options", [{"host_groups": "db"}, {"host_groups": ""}, {"trusted_keys": "/nowhere.pub"}])
def test_none_when_the_folder_is_not_for_this_host_or_no_key_is_there(policy: Path, options: dict[str, str]) -> None:
    assert read_manifests(settings(policy, **options)) is None


def test_trusted_keys_without_a_group_are_a_fault(policy: Path) -> None:
    with pytest.raises(LoadError, match="PORTERO_HOST_GROUPS: is empty"):
        make_signed_reader(settings(policy, host_groups=""))
