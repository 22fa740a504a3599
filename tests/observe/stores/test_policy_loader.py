"""What is read of policy folders, and what of them cannot be."""

import os
from pathlib import Path

import pytest

from portero.decide.policy import folder
from portero.decide.values.errors import LoadError
from portero.observe.stores import policy_loader
from tests.decide.policy.test_folder import RULE, write


def test_rules_host_rules_exceptions_and_site_values_are_read(tmp_path: Path) -> None:
    write(tmp_path, "site.json", RULE, "host/daemon/live-restore.json", "exceptions/installer.json")
    found: list[str] = []

    content = policy_loader.read_folder(tmp_path, found)

    assert found == []
    assert set(content.rules) == {tmp_path / RULE}
    assert set(content.host) == {tmp_path / "host/daemon/live-restore.json"}
    assert set(content.exceptions) == {tmp_path / "exceptions/installer.json"}
    assert content.documents["site.json"]["name"] == "site.json"


def test_keys_are_data_of_the_policy_and_no_documents(tmp_path: Path) -> None:
    write(tmp_path, "site.json", "keys/README.md")
    (tmp_path / "keys/login.example.com.jwks").write_bytes(b"not read here")
    found: list[str] = []

    content = policy_loader.read_folder(tmp_path, found)

    assert found == []
    assert content.keys == {"login.example.com.jwks": b"not read here"}
    assert content.data["keys/login.example.com.jwks"] == b"not read here"
    # The last policy is kept as the bytes that were read.
    assert folder.parse_folder(tmp_path, content.data, found).keys == content.keys
    assert tmp_path / "keys" in folder.list_parts(tmp_path)


def test_what_has_no_part_in_the_policy_is_not_read(tmp_path: Path) -> None:
    write(tmp_path, "site.json", ".git/config.json", "notes.json")
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "README.md").write_text("Our rules.")

    assert read_faults(tmp_path) == []
    assert set(policy_loader.read_folder(tmp_path, []).data) == {"site.json"}


def test_a_file_that_cannot_be_read_is_a_fault_and_nothing_counts(tmp_path: Path) -> None:
    write(tmp_path, "site.json")
    (tmp_path / RULE).mkdir(parents=True)
    found: list[str] = []

    content = policy_loader.read_folder(tmp_path, found)

    assert [fault.startswith(f"{tmp_path / RULE}: ") for fault in found] == [True]
    assert content == folder.make_empty(tmp_path)


def test_files_that_were_read_before_make_the_same_folder(tmp_path: Path) -> None:
    names = ["site.json", RULE, "exceptions/installer.json", "rules/README.md", "notes.json"]
    write(tmp_path, *names)

    again = folder.parse_folder(tmp_path, {name: (tmp_path / name).read_bytes() for name in names}, [])

    assert again == policy_loader.read_folder(tmp_path, [])


def test_a_policy_without_a_folder_is_refused() -> None:
    with pytest.raises(LoadError, match="no policy folder is given: name at least the built-in one"):
        policy_loader.load_policy([], ())


def read_faults(path: Path) -> list[str]:
    found: list[str] = []
    policy_loader.read_folder(path, found)
    return found


def test_a_file_that_cannot_be_read_is_a_fault(tmp_path: Path) -> None:
    site = tmp_path / "site.json"
    for make, why in (
        (site.mkdir, "(is not a regular file): replace or remove it"),
        (lambda: os.mkfifo(site), "(is not a regular file): replace or remove it"),
        (lambda: site.symlink_to("/dev/zero"), "(is not a regular file): replace or remove it"),
        (lambda: site.write_bytes(b" " * (2 << 20)), "(has more than 1048576 bytes): make it smaller"),
        (lambda: site.symlink_to("nowhere"), "(No such file or directory): replace or remove it"),
    ):
        make()
        assert read_faults(tmp_path) == [f"{site}: cannot be read {why}"]
        site.rmdir() if site.is_dir() else site.unlink()


def test_a_folder_of_rules_that_leads_nowhere_is_a_fault(tmp_path: Path) -> None:
    (tmp_path / "rules").symlink_to("nowhere")

    assert read_faults(tmp_path) == [
        f"{tmp_path}/rules: cannot be read (No such file or directory): replace or remove it"
    ]
