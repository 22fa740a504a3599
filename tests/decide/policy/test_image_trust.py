"""Site values about images, keys and lists become one value, or faults with a cure."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from portero.decide.images.trust import DigestList, ImageTrust, TrustEntry
from portero.decide.values.errors import LoadError
from portero.observe.process import package_files
from portero.observe.stores.api_tables import load_api
from portero.observe.stores.policy_loader import load_policy
from tests.cases import cases
from tests.decide.images.signed import new_key, public_pem

DIGEST = f"sha256:{'a' * 64}"
TEAM = public_pem(new_key())
ENTRY = {"images": "registry.example.com/team/*", "keys": "team.pem"}


def trust(folder: Path, site: Any, lists: Any = None) -> ImageTrust:
    for name, content in {"site.json": site, **(lists or {})}.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(json.dumps(content))
    (folder / "keys").mkdir(exist_ok=True)
    (folder / "keys/team.pem").write_bytes(TEAM)
    return load_policy([package_files.schemas(), folder], load_api()[0].operations).images


def find_fault(folder: Path, site: Any, lists: Any) -> str:
    with pytest.raises(LoadError, match="image-") as raised:
        trust(folder, site, lists)
    (line,) = raised.value.faults
    return line


def test_entries_keys_and_lists_are_read(tmp_path: Path) -> None:
    every = {"images": "*", "keys": ["team.pem"], "annotations": {"env": "prod"}, "repository": "signed"}
    lists = {
        "image-lists/ours.json": {"expires": "2027-01-31", "digests": {DIGEST: "built here"}},
        "image-lists/scan.json": {"digests": {DIGEST: "CVE"}},
    }
    digests = {"allowed": ["ours.json"], "denied": ["scan.json"]}
    read = trust(tmp_path, {"image-trust": [ENTRY, every], "image-digests": digests}, lists)

    assert read.entries == [
        TrustEntry("registry.example.com/team/*", ("team.pem",)),
        TrustEntry("*", ("team.pem",), {"env": "prod"}, True),
    ]
    assert len(read.keys["team.pem"]) == 1
    assert read.allowed == [DigestList("ours.json", {DIGEST: "built here"}, date(2027, 1, 31))]
    assert read.denied == [DigestList("scan.json", {DIGEST: "CVE"})]


def test_a_site_without_them_asks_nothing(tmp_path: Path) -> None:
    assert not trust(tmp_path, {}).asks


@pytest.mark.parametrize(("site", "fault"), cases(__file__, "image-trust-faults.jsonl"))
def test_a_fault_has_its_cure(tmp_path: Path, site: Any, fault: str) -> None:
    line = find_fault(tmp_path, site, {"image-lists/scan.json": {"digests": {}}})
    assert line.startswith(f"{tmp_path}/site.json: image-")
    assert fault in line


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        ({"digests": {"sha256:ab": "x"}}, "write sha256: and 64 hexadecimal digits"),
        ({"digests": {}, "expires": "tomorrow"}, "write a date: 2027-01-31"),
        ({"digests": {}, "expires": "2027-02-31"}, "expires: is no date: write 2027-01-31"),
        ({}, "'digests' is missing"),
    ],
)
def test_a_list_is_checked_though_no_value_names_it(tmp_path: Path, content: Any, fault: str) -> None:
    line = find_fault(tmp_path, {}, {"image-lists/scan.json": content})
    assert line.startswith(f"{tmp_path}/image-lists/scan.json: ")
    assert fault in line


def test_a_misnamed_list_is_a_fault(tmp_path: Path) -> None:
    line = find_fault(tmp_path, {}, {"image-lists/Scan.JSON": {"digests": {}}})
    assert "call it image-lists/<name>.json" in line
