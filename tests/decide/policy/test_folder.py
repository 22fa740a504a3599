"""One policy folder: which files of it are read, and what is wrong with their names."""

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from portero.decide.policy import folder
from portero.decide.policy.folder import Folder, describe_leftover
from portero.observe.stores import policy_loader

RULE = "rules/images/team-registry.json"


def write(path: Path, *names: str) -> None:
    for name in names:
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_text(json.dumps({"dialect": 2, "name": name}))


def faults(path: Path) -> list[str]:
    found: list[str] = []
    policy_loader.read_folder(path, found)
    return found


@pytest.mark.parametrize("name", ["keys/own.key", "keys/a/b.pem", "keys/OWN.pem", "keys/own.pem.bak"])
def test_another_file_among_keys_is_a_fault(tmp_path: Path, name: str) -> None:
    write(tmp_path, "site.json", name)

    found = faults(tmp_path)

    assert len(found) == 1
    assert "keys/<name>.pem" in found[0]


def test_two_rules_of_one_id_are_a_fault(tmp_path: Path) -> None:
    write(tmp_path, RULE, "host/images/team-registry.json")

    (fault,) = faults(tmp_path)
    assert "team-registry.json" in fault


def test_a_file_that_is_no_json_is_a_fault_and_the_rest_is_read(tmp_path: Path) -> None:
    write(tmp_path, "site.json", RULE)
    (tmp_path / RULE).write_text("{")
    found: list[str] = []

    content = policy_loader.read_folder(tmp_path, found)

    assert [fault.startswith(f"{tmp_path / RULE}: ") for fault in found] == [True]
    assert set(content.documents) == {"site.json"}


def make_folder(files: Mapping[str, bytes], path: str = "/policy") -> Folder:
    return Folder(Path(path), files, {}, {}, {}, {})


def test_the_same_files_have_the_same_digest_in_any_order_and_wherever_they_are() -> None:
    first = make_folder({"site.json": b"{}", "rules/a/b.json": b"[]"})
    second = make_folder({"rules/a/b.json": b"[]", "site.json": b"{}"}, "/elsewhere")

    assert folder.hash_folders([first]) == folder.hash_folders([second])
    assert len(folder.hash_folders([first])) == 64


def test_a_changed_byte_a_new_name_and_another_order_of_folders_change_the_digest() -> None:
    base, site = make_folder({"site.json": b"{}"}), make_folder({"site.json": b'{"actions": {}}'})

    digests = {
        folder.hash_folders([base, site]),
        folder.hash_folders([site, base]),
        folder.hash_folders([base]),
        folder.hash_folders([base, make_folder({"site.json": b"{ }"})]),
        folder.hash_folders([base, make_folder({"sites.json": b'{"actions": {}}'})]),
    }
    assert len(digests) == 5


def test_one_file_cannot_pass_for_two() -> None:
    one = make_folder({"a": b"1b\n1\n2"})
    two = make_folder({"a": b"1", "b": b"2"})

    assert folder.hash_folders([one]) != folder.hash_folders([two])


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("site.json.dpkg-dist", "what dpkg left when a package changed site.json"),
        ("rules/team/a.json.dpkg-old", "what dpkg left when a package changed a.json"),
        ("site.json.ucf-new", "what dpkg left when a package changed site.json"),
        ("site.json.rpmnew", "what rpm left when a package changed site.json"),
        ("exceptions/x.json~", "a backup of x.json"),
        ("#site.json#", "a backup of site.json"),
        ("site.json.orig", "a backup of site.json"),
        (".site.json.swp", "the swap file of an editor in which site.json is open, or was when it ended"),
        ("rules/team/.#a.json", "the lock of an editor in which a.json is open, or was when it ended"),
    ],
)
def test_what_package_managers_and_editors_leave_is_named_as_that(name: str, what: str) -> None:
    assert describe_leftover(name) == what


@pytest.mark.parametrize("name", ["site.json", "README.md", "rules/a~b/c.json", "keys/a.dpkg.pem", "#", "~", ".swp"])
def test_any_other_file_is_no_leftover(name: str) -> None:
    assert describe_leftover(name) == ""
