"""The digest of a policy: another one for every other policy, and the same one for the same files."""

from collections.abc import Mapping
from pathlib import Path

from portero.policy.digest import digest_of
from portero.policy.folder import Folder


def folder(files: Mapping[str, bytes], path: str = "/policy") -> Folder:
    return Folder(Path(path), files, {}, {}, {}, {})


def test_the_same_files_have_the_same_digest_in_any_order_and_wherever_they_are() -> None:
    first = folder({"site.json": b"{}", "rules/a/b.json": b"[]"})
    second = folder({"rules/a/b.json": b"[]", "site.json": b"{}"}, "/elsewhere")

    assert digest_of([first]) == digest_of([second])
    assert len(digest_of([first])) == 64


def test_a_changed_byte_a_new_name_and_another_order_of_folders_change_the_digest() -> None:
    base, site = folder({"site.json": b"{}"}), folder({"site.json": b'{"actions": {}}'})

    digests = {
        digest_of([base, site]),
        digest_of([site, base]),
        digest_of([base]),
        digest_of([base, folder({"site.json": b"{ }"})]),
        digest_of([base, folder({"sites.json": b'{"actions": {}}'})]),
    }
    assert len(digests) == 5


def test_one_file_cannot_pass_for_two() -> None:
    one = folder({"a": b"1b\n1\n2"})
    two = folder({"a": b"1", "b": b"2"})

    assert digest_of([one]) != digest_of([two])
