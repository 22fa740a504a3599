"""Signed folders for the policy loader: what it is handed are the bytes that were verified."""

import errno
import os
import shutil
from collections.abc import Mapping
from pathlib import Path

import pytest

from portero.decide.identity import key_pairs
from portero.decide.policy import folder
from portero.decide.values.errors import LoadError
from portero.observe.process import package_files
from portero.observe.stores import policy_loader
from portero.serve.signing import signature, tree
from portero.serve.signing.manifest import Manifest
from portero.serve.signing.signature import PublicKey
from portero.serve.signing.signed_reader import SignedReader, read_keys
from portero.serve.signing.versions import Seen

KEY = key_pairs.make_key()
TRUSTED: dict[str, PublicKey] = {signature.identify_key(KEY.public_key()): KEY.public_key()}
SHIPPED = [package_files.schemas(), package_files.schemas() / "example-site"]


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    made = tmp_path / "policy"
    made.mkdir()
    (made / "site.json").write_text('{"actions": {}}')
    sign(made)
    return made


def sign(path: Path, version: int = 1) -> None:
    (path / signature.NAME).write_bytes(
        signature.sign(tree.read_tree(path), version, "2026-11-24T15:00:00Z", KEY, "web")
    )


def read(path: Path, **seen: Seen) -> tuple[folder.Folder, list[str]]:
    found: list[str] = []
    return SignedReader(TRUSTED, ["web"], package_files.schemas(), seen).read(path, found), found


def test_a_signed_folder_is_read_and_its_manifest_kept(policy: Path) -> None:
    reader, found = SignedReader(TRUSTED, ["web"], package_files.schemas(), {}), list[str]()

    content = reader.read(policy, found)

    assert found == []
    assert content == policy_loader.read_folder(policy, found)
    assert reader.manifests[policy].version == 1


def test_the_built_in_folder_belongs_to_the_package_and_needs_no_signature() -> None:
    content, found = read(package_files.schemas())

    assert found == []
    assert content.rules


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.name)
def test_files_that_were_read_before_make_the_same_folder(path: Path) -> None:
    found: list[str] = []

    assert folder.parse_folder(path, tree.read_tree(path), found) == policy_loader.read_folder(path, found)
    assert found == []


@pytest.mark.parametrize(
    "name",
    ["rules/flat.json", "rules/images/deep/x.json", "rules/images/UPPER.json", "rules", "exceptions/a/b.json", "odd"],
)
def test_a_misnamed_file_is_the_same_fault_either_way(tmp_path: Path, name: str) -> None:
    (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / name).write_text("{}")
    (tmp_path / "exceptions").mkdir(exist_ok=True)
    (tmp_path / "exceptions" / "README.md").write_text("# words")
    from_disk: list[str] = []
    from_memory: list[str] = []

    policy_loader.read_folder(tmp_path, from_disk)
    folder.parse_folder(tmp_path, tree.read_tree(tmp_path), from_memory)

    assert [fault.split(":")[0] for fault in from_memory] == [fault.split(":")[0] for fault in from_disk]
    assert from_memory


@pytest.mark.parametrize(
    ("change", "name"),
    [
        (lambda path: (path / "site.json").write_text("{}"), "site.json"),
        (lambda path: (path / "rules").mkdir() or (path / "rules" / "x").write_text(""), "rules/x"),
        (lambda path: (path / "README.md").write_text("words"), "README.md"),
        (lambda path: (path / "site.json").unlink(), "site.json"),
        (lambda path: (path / "signature.json").unlink(), "signature.json"),
        (lambda path: (path / "exceptions").symlink_to("/etc"), "exceptions"),
        (
            lambda path: (path / "site.json").rename(path.parent / "x") and (path / "site.json").symlink_to("../x"),
            "site.json",
        ),
    ],
    ids=["content", "added", "added-document", "removed", "unsigned", "link", "replaced-by-a-link"],
)
def test_a_folder_that_is_not_exactly_as_signed_is_not_loaded(policy: Path, change: object, name: str) -> None:
    assert callable(change)
    change(policy)

    content, found = read(policy)

    assert (content.data, content.rules) == ({}, {})
    assert [fault.split(":")[0] for fault in found] == [str(policy / name)]


def test_a_folder_that_is_missing_is_named(tmp_path: Path) -> None:
    _, found = read(tmp_path / "missing" / "policy")

    assert found == [f"{tmp_path}/missing/policy: is not there: name a folder with rules/ or site.json"]


def test_what_this_process_has_in_force_counts_where_the_memory_on_the_disk_is_lost(policy: Path) -> None:
    found: list[str] = []
    running = {"web": Seen(2, "x")}
    SignedReader(TRUSTED, ["web"], package_files.schemas(), {}, running=running).read(policy, found)

    assert "is version 1, and version 2 was in force before" in found[0]


def test_a_folder_that_cannot_be_read_is_told_with_its_cure(policy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path, inside: Path | None) -> Mapping[str, bytes]:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path / "rules"))

    monkeypatch.setattr(tree, "read_tree", refuse)

    assert read(policy)[1] == [f"{policy}/rules: cannot be read (Permission denied): fix its permissions"]


def test_a_folder_that_the_same_key_signed_for_other_hosts_is_a_fault(policy: Path) -> None:
    (policy / signature.NAME).write_bytes(signature.sign(tree.read_tree(policy), 1, "2026-11-24T15:00:00Z", KEY, "db"))

    _, found = read(policy)

    assert found == [
        f"{policy}/signature.json: is signed for db, this host takes web (PORTERO_HOST_GROUPS): "
        f"sign it with `portero bundle sign {policy} --key KEY --for web`"
    ]


def test_two_folders_for_one_group_are_a_fault(policy: Path) -> None:
    twin, found = policy.parent / "twin", list[str]()
    shutil.copytree(policy, twin)
    reader = SignedReader(TRUSTED, ["web"], package_files.schemas(), {})

    reader.read(policy, found)
    reader.read(twin, found)

    assert found == [f"{twin}/signature.json: is signed for web, as {policy} is: sign one of the two for another group"]


def test_an_older_version_is_a_fault(policy: Path) -> None:
    _, found = read(policy, web=Seen(2, "x"))

    (fault,) = found
    assert fault.startswith(f"{policy}/signature.json: is version 1, and version 2 was in force before: ")


def test_what_changes_after_it_was_verified_is_not_loaded(policy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    genuine = signature.verify

    def and_then_somebody_writes(files: dict[str, bytes], trusted: dict[str, PublicKey]) -> Manifest:
        manifest = genuine(files, trusted)
        (policy / "site.json").write_text('{"actions": {"no-privileged": "off"}}')
        return manifest

    monkeypatch.setattr(signature, "verify", and_then_somebody_writes)

    content, found = read(policy)

    assert found == []
    assert content.documents["site.json"] == {"actions": {}}


def test_trusted_keys_are_read_and_every_one_that_cannot_be_is_named(tmp_path: Path) -> None:
    (tmp_path / "alice.pub").write_bytes(key_pairs.encode_public(KEY.public_key()))
    (tmp_path / "bob.pub").write_text("bob")

    assert read_keys([tmp_path / "alice.pub"]).keys() == TRUSTED.keys()
    with pytest.raises(LoadError) as broken:
        read_keys([tmp_path / name for name in ("alice.pub", "bob.pub", "carol.pub")])
    assert [os.path.basename(fault.split(":")[0]) for fault in broken.value.faults] == ["bob.pub", "carol.pub"]
    assert "not a public key in PEM" in broken.value.faults[0]
