"""Values of settings that need a look of their own; the rest: test_settings.py."""

import json
import subprocess
from pathlib import Path

import pytest

from portero.serve.settings import setting_values as value
from portero.serve.settings.setting_values import OciAddress, is_this_machine, parse_address
from tests.paths import ROOT


def test_a_bundle_is_an_address_or_nothing() -> None:
    assert value.parse_bundle("") == ""
    assert value.parse_bundle("oci://registry.example.com/policy:prod") == "oci://registry.example.com/policy:prod"
    with pytest.raises(ValueError, match="write oci://"):
        value.parse_bundle("policy:prod")


def test_an_optional_path_is_absolute_or_nothing() -> None:
    assert value.parse_optional("") is None
    assert value.parse_optional("/etc/ca.pem") == Path("/etc/ca.pem")
    with pytest.raises(ValueError, match="write an absolute path"):
        value.parse_optional("ca.pem")


def test_servers_are_told_apart_as_they_are_asked() -> None:
    assert value.parse_servers("") == ()
    assert value.parse_servers("Auth.example.com:443,cdn.example.com:8443,[::1]:5000") == (
        *("auth.example.com", "cdn.example.com:8443"),
        "[::1]:5000",
    )
    for text in ("https://auth.example.com", "a b", "a,,b", "*"):
        with pytest.raises(ValueError, match="write names of servers"):
            value.parse_servers(text)


def test_a_tag_in_a_registry() -> None:
    address = parse_address("oci://registry.example.com:5000/team/policy:prod")

    assert address == OciAddress("registry.example.com:5000", "team/policy", "prod")
    assert address.url == "https://registry.example.com:5000/v2/team/policy"
    assert not address.is_digest


def test_a_digest_names_its_content() -> None:
    address = parse_address(f"oci://localhost/policy@sha256:{'0' * 64}")

    assert isinstance(address, OciAddress)
    assert address.is_digest
    assert address.url.startswith("https://localhost/")


def test_without_tls_only_a_loopback_address_is_talked_to() -> None:
    address = parse_address("oci://127.0.0.1:5000/policy:prod")

    assert isinstance(address, OciAddress)
    assert address.url == "http://127.0.0.1:5000/v2/policy"
    assert parse_address("http://[::1]:80/policy.tar.gz") == "http://[::1]:80/policy.tar.gz"
    with pytest.raises(ValueError, match="write https://"):
        parse_address("http://policy.example.com/policy.tar.gz")


@pytest.mark.parametrize(
    "text",
    [
        "registry.example.com/policy:prod",
        "oci://registry.example.com/policy",
        "oci://registry.example.com/../policy:prod",
        "oci://user:password@registry.example.com/policy:prod",
        "oci://registry.example.com/Policy:prod",
        "oci://registry.example.com/policy@sha256:abc",
        "https://server.example.com",
        "https://server.example.com/a b",
        "file:///etc/policy",
    ],
)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="write oci://"):
        parse_address(text)


def test_names_are_never_this_machine() -> None:
    assert is_this_machine("127.3.4.5:80")
    assert not is_this_machine("localhost")
    assert not is_this_machine("127.0.0.1.example.com")


def test_the_changelog_has_each_setting_that_is_gone() -> None:
    lines = (ROOT / "CHANGELOG.md").read_text().replace("`", "").splitlines()

    assert [line for line in lines if ": gone since " in line] == [
        f"- {name}: {said}" for name, said in value.GONE.items()
    ]


@pytest.mark.parametrize("commit", ["e174fdb", "52d83e26"])
def test_what_users_have_set_is_known_or_said_to_be_gone(commit: str) -> None:
    """Settings, and values and rules that a site names, of the versions of tests/fleet/test_upgrades.py."""

    def ask(*words: str) -> str:
        asked = subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, check=False)
        if asked.returncode:
            pytest.skip(f"the history of this checkout does not have {commit}")
        return asked.stdout

    known = {entry["name"] for entry in json.loads((ROOT / "config.json").read_text())["env"]}
    known |= json.loads((ROOT / "schemas/site.json").read_text()).keys() | value.GONE.keys()
    known |= {file.stem for file in ROOT.glob("schemas/rules/*/*.json")}
    named = {entry["name"] for entry in json.loads(ask("show", f"{commit}:config.json"))["env"]}
    named |= json.loads(ask("show", f"{commit}:schemas/site.json")).keys()
    named |= {Path(line).stem for line in ask("ls-tree", "-r", "--name-only", commit, "schemas/rules").splitlines()}

    assert named - known - {"README"} == set()
