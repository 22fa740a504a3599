"""Portero's own files: a container that could write one of them could decide, or hide what it did."""

import sys
from pathlib import Path

import pytest

from portero.serve.settings import own_files
from portero.serve.settings.settings import Settings


def settings(**options: str) -> Settings:
    return Settings.read({}, options)


def test_policy_folders_decide() -> None:
    assert "/etc/portero/policy" in own_files.list_deciding(settings(schemas="/etc/portero/policy"))


def test_trusted_keys_and_the_versions_seen_decide_where_folders_are_signed() -> None:
    found = own_files.list_deciding(settings(trusted_keys="/etc/portero/a.pub", state="/var/lib/portero/versions.json"))

    assert {"/etc/portero/a.pub", "/var/lib/portero/versions.json"} <= {*found}
    assert "/var/lib/portero/versions.json" not in own_files.list_deciding(settings())


def test_the_memory_of_writers_decides() -> None:
    assert "/var/lib/portero/writers.jsonl" in own_files.list_deciding(settings())


def test_both_halves_of_the_doors_key_decide_wherever_the_state_is() -> None:
    found = own_files.list_deciding(settings(state="/home/alice/.local/state/portero/versions.json"))

    assert {"/home/alice/.local/state/portero/door.pub", "/home/alice/.local/state/portero-door"} <= {*found}


SHOWN = ["/run/portero", "/run/portero-rootless"]


def test_the_log_is_protected_with_its_folder_the_recording_and_what_users_are_shown() -> None:
    logs = own_files.list_logs(settings(log="/var/log/portero/d.jsonl", record="/var/log/r.jsonl"))

    assert logs == ["/var/log/portero/d.jsonl", "/var/log/portero", "/var/log/r.jsonl", "/var/log/r.jsonl.1", *SHOWN]


@pytest.mark.parametrize(
    ("prefix", "base", "found"),
    [
        ("/usr", "/usr", []),
        ("/opt/portero/1.2", "/usr/local", ["/opt/portero/1.2"]),
        ("/opt/portero/1.2", "/opt/python", ["/opt/portero/1.2", "/opt/python"]),
        ("/opt/python", "/opt/python", ["/opt/python"]),
    ],
)
def test_the_python_of_an_environment_counts_as_the_environment_does(
    monkeypatch: pytest.MonkeyPatch, prefix: str, base: str, found: list[str]
) -> None:
    monkeypatch.setattr(sys, "prefix", prefix)
    monkeypatch.setattr(sys, "base_prefix", base)

    assert own_files.list_programs() == found


def test_standard_output_is_no_file() -> None:
    assert own_files.list_logs(settings(log="-")) == SHOWN


def test_the_folder_of_bundles_and_its_logins_decide_too() -> None:
    signed = {"trusted_keys": "/etc/portero/a.pub", "host_groups": "web"}
    given = {"bundle": "oci://127.0.0.1:5000/p:prod", "bundle_login": "/etc/portero/registry.json"}
    found = own_files.list_deciding(settings(**signed, **given))

    assert {"/var/lib/portero-bundle", "/etc/portero/registry.json"} <= {*found}


def test_links_of_the_account_that_fetches_bundles_protect_nothing_elsewhere(tmp_path: Path) -> None:
    bundle, own = tmp_path / "bundle", tmp_path / "own"
    for folder in (bundle / "rules", own, tmp_path / "elsewhere"):
        folder.mkdir(parents=True)
    for link in (bundle / "rules" / "x", bundle / "current", own / "rules"):
        link.symlink_to(bundle if link.name == "current" else tmp_path / "elsewhere")
    signed = {"trusted_keys": "/etc/portero/a.pub", "host_groups": "web", "schemas": str(own)}
    given = settings(**signed, bundle="oci://127.0.0.1:5000/p:prod", bundle_folder=str(bundle))

    assert own_files.list_links(given) == (str(own / "rules"),)
    assert not [path for path in own_files.list_deciding(given) if path.endswith("/current")]
