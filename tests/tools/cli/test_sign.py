"""`portero keygen`, `sign` and `verify`."""

import errno
import json
import os
from pathlib import Path

import pytest
from click.testing import Result

from portero.decide.identity import key_pairs
from portero.serve.signing import tree
from tests.decide.judging.requests import write_files
from tests.failing import fail_with
from tests.tools.cli.running import fault_of, portero


@pytest.fixture
def key(tmp_path: Path) -> Path:
    assert portero("keygen", tmp_path / "alice").exit_code == 0
    return tmp_path / "alice"


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    return write_files(tmp_path / "policy", {"site.json": {}})


def sign(policy: Path, key: Path, *options: str) -> Result:
    return portero("bundle", "sign", policy, "--for", "web", "--key", key, *options)


def assert_refused(result: Result, sentence: str) -> None:
    assert result.exit_code == 2
    assert result.stderr.startswith(sentence)


def public(key: Path) -> Path:
    return key.with_name(key.name + ".pub")


def test_a_key_is_its_owners_and_its_public_half_everybodys(key: Path) -> None:
    assert (key.stat().st_mode & 0o777, public(key).stat().st_mode & 0o777) == (0o600, 0o644)
    pair = (
        key_pairs.parse_private_key(key.read_bytes()).public_key(),
        key_pairs.parse_public_key(public(key).read_bytes()),
    )
    assert pair[0].public_bytes_raw() == pair[1].public_bytes_raw()


@pytest.mark.parametrize("existing", ["alice", "alice.pub"])
def test_no_key_is_written_over(tmp_path: Path, existing: str) -> None:
    (tmp_path / existing).write_text("mine")

    fault = fault_of(portero("keygen", tmp_path / "alice"))

    assert f"portero: {tmp_path}/{existing}: File exists; name a new file\n" in fault
    assert (tmp_path / existing).read_text() == "mine"


def test_an_empty_name_is_no_file() -> None:
    done = portero("keygen", "")

    assert (done.exit_code, done.stderr) == (2, "portero: .: File exists; name a new file\n")


def test_a_signed_folder_verifies_and_the_versions_count_up(key: Path, policy: Path) -> None:
    assert sign(policy, key).output.startswith(f"{policy}: for web, version 1, 1 file, key ")
    assert sign(policy, key).output.startswith(f"{policy}: for web, version 2, ")
    assert sign(policy, key, "--version", "10").exit_code == 0

    result = portero("bundle", "verify", policy, "--trusted", public(key))

    assert result.exit_code == 0
    assert result.output.startswith(f"{policy}: for web, version 10 of 20")
    assert sorted(entry.name for entry in policy.iterdir()) == ["signature.json", "site.json"]


def test_the_trusted_keys_of_the_setting_count_too(key: Path, policy: Path) -> None:
    portero("keygen", key.with_name("bob"))
    sign(policy, key)
    both = f"{public(key.with_name('bob'))}:{public(key)}"

    told = portero("bundle", "verify", policy, "--json", PORTERO_TRUSTED_KEYS=both)

    assert told.exit_code == 0
    document = json.loads(told.output)
    assert (document["signed"], document["version"], document["files"]) == (True, 1, 1)


def test_a_folder_that_is_not_as_signed_is_reported_line_by_line(key: Path, policy: Path) -> None:
    sign(policy, key)
    (policy / "site.json").write_text('{"actions": {}}')
    (policy / "more").write_text("")

    result = portero("bundle", "verify", policy, "--trusted", public(key))
    document = json.loads(portero("bundle", "verify", policy, "--trusted", public(key), "--json").output)

    assert result.exit_code == 1
    assert [line.split(": ")[0] for line in result.output.splitlines()] == [f"{policy}/more", f"{policy}/site.json"]
    assert (document["signed"], document["faults"]) == (False, result.output.splitlines())


def test_verifying_needs_a_key_that_can_be_read(key: Path, policy: Path) -> None:
    sign(policy, key)

    nobody = fault_of(portero("bundle", "verify", policy))

    assert nobody == "portero: no trusted key: name one with --trusted FILE or PORTERO_TRUSTED_KEYS\n"
    assert_refused(
        portero("bundle", "verify", policy, "--trusted", "/missing.pub"), "portero: /missing.pub: cannot be read "
    )


def test_a_version_only_grows(key: Path, policy: Path) -> None:
    sign(policy, key, "--version", "3")

    assert_refused(sign(policy, key, "--version", "3"), f"portero: {policy}: is already version 3; ")
    assert sign(policy, key, "--version", str(1 << 53)).exit_code == 2
    assert portero("bundle", "verify", policy, "--trusted", f"{key}.pub").exit_code == 0


def test_what_cannot_be_signed_is_named_and_left_as_it_is(key: Path, policy: Path) -> None:
    (policy / "rules").symlink_to("/etc")
    assert_refused(sign(policy, key), f"portero: {policy}/rules: is a symbolic link, ")
    assert not (policy / "signature.json").exists()

    (policy / "rules").unlink()
    (policy / "signature.json").write_text("{")
    assert_refused(sign(policy, key), f"portero: {policy}/signature.json: is not JSON ")
    assert (policy / "signature.json").read_text() == "{"


def test_the_public_half_of_a_key_is_called_so(key: Path, policy: Path) -> None:
    fault = fault_of(sign(policy, public(key)))

    assert fault == f"portero: {key}.pub: is the public half of a key: name the private one (--key {key})\n"


def test_a_folder_that_cannot_be_written_is_named_and_nothing_is_left(
    key: Path, policy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "replace", fail_with(errno.ENOSPC))

    assert fault_of(sign(policy, key)) == f"portero: {policy}/signature.json: No space left on device\n"
    assert [entry.name for entry in policy.iterdir()] == ["site.json"]


@pytest.mark.parametrize(
    "command", [("sign", "--for", "web", "--key"), ("verify", "--trusted")], ids=lambda command: command[0]
)
def test_a_folder_that_cannot_be_read_is_named(
    key: Path, policy: Path, monkeypatch: pytest.MonkeyPatch, command: tuple[str, str]
) -> None:
    def refuse(path: object) -> None:
        raise PermissionError(13, "Permission denied", str(policy))

    monkeypatch.setattr(os, "scandir", refuse)

    fault = fault_of(
        portero("bundle", *command[:-1], policy, command[-1], key if command[0] == "sign" else public(key))
    )

    assert fault == f"portero: {policy}: Permission denied\n"


def test_an_entry_that_cannot_be_read_is_named_below_its_folder(
    policy: Path, key: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tree, "_find_mode", fail_with(errno.EACCES))

    assert_refused(sign(policy, key), f"portero: {policy}: site.json: Permission denied")
