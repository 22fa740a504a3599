"""The application under PORTERO_TRUSTED_KEYS: nothing starts, and nothing is reloaded, that was not signed."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from portero.decide.identity import key_pairs
from portero.decide.values.errors import LoadError
from portero.serve.application.application import Application, build
from portero.serve.application.last_policy import save_policy
from portero.serve.application.start_check import check_start
from portero.serve.settings.settings import Settings
from portero.serve.signing import signature, tree
from portero.serve.signing.signature import PrivateKey
from tests.serve.application.test_reloading import reloaded

ALICE, BOB = key_pairs.make_key(), key_pairs.make_key()
OFF, DENIED = '{"actions": {"no-privileged": "off"}}', '{"actions": {"no-privileged": "deny"}}'


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    for name, key in (("alice", ALICE), ("bob", BOB)):
        (tmp_path / f"{name}.pub").write_bytes(key_pairs.encode_public(key.public_key()))
    made = tmp_path / "policy"
    made.mkdir()
    return made


def put(policy: Path, site: str, version: int, key: PrivateKey = ALICE) -> None:
    (policy / "site.json").write_text(site)
    text = signature.sign(tree.read_tree(policy), version, "2026-11-24T15:00:00Z", key, "web")
    (policy / signature.NAME).write_bytes(text)


def settings(policy: Path, **options: str) -> Settings:
    above = policy.parent
    chosen = {
        "log": str(above / "log.jsonl"),
        "host_root": "none",
        "schemas": str(policy),
        "host_groups": "all,web",
        "trusted_keys": str(above / "alice.pub"),
        "state": str(above / "state.json"),
    }
    return Settings.read({}, chosen | options)


def built(policy: Path, **options: str) -> Application:
    return build(settings(policy, **options))


def faults(policy: Path, **options: str) -> tuple[str, ...]:
    with pytest.raises(LoadError) as broken:
        built(policy, **options)
    return broken.value.faults


def status(application: Application) -> dict[str, Any]:
    told: dict[str, Any] = {**application.status()}
    return told


def test_a_signed_folder_starts_and_status_says_what_is_signed(policy: Path) -> None:
    put(policy, OFF, 3)

    told = status(built(policy))

    key = signature.identify_key(ALICE.public_key())
    assert told["signedFolders"] == {
        str(policy): {"for": "web", "version": 3, "date": "2026-11-24T15:00:00Z", "key": key}
    }


def test_an_unsigned_folder_does_not_start_but_without_trusted_keys(policy: Path) -> None:
    (policy / "site.json").write_text(OFF)

    assert faults(policy) == (f"{policy}/signature.json: is missing: sign the folder again with `portero bundle sign`",)
    assert status(built(policy, trusted_keys=""))["signedFolders"] == {}
    assert not (policy.parent / "state.json").exists()


def test_a_folder_changed_after_signing_leaves_the_policy_before_it_in_force(policy: Path) -> None:
    put(policy, DENIED, 1)
    application = built(policy)
    (policy / "site.json").write_text(OFF)

    after = reloaded(application)

    (fault,) = after.in_force.state.faults
    assert fault.startswith(f"{policy}/site.json: was changed after it was signed: ")
    assert after.in_force.judge is application.in_force.judge


def test_a_newer_version_by_another_trusted_key_is_taken(policy: Path) -> None:
    put(policy, DENIED, 1)
    both = f"{policy.parent}/alice.pub:{policy.parent}/bob.pub"
    application = built(policy, trusted_keys=both)
    put(policy, OFF, 2, BOB)

    after = reloaded(application)

    assert after.in_force.state.faults == ()
    assert after.in_force.judge.policy.action("no-privileged", "hardened") == "off"
    assert status(after)["signedFolders"][str(policy)]["key"] == signature.identify_key(BOB.public_key())


def test_a_key_that_is_trusted_no_longer_is_refused_at_the_next_reload(policy: Path) -> None:
    put(policy, DENIED, 1)
    application = built(policy)
    (policy.parent / "alice.pub").write_bytes(key_pairs.encode_public(BOB.public_key()))

    (fault,) = reloaded(application).in_force.state.faults

    assert "which is not trusted" in fault


def test_a_rollback_is_refused_at_a_reload_and_after_a_restart_by_any_path(policy: Path) -> None:
    put(policy, DENIED, 2)
    application = built(policy)
    put(policy, OFF, 1)
    (policy.parent / "other").symlink_to(policy)

    (fault,) = reloaded(application).in_force.state.faults

    assert fault.startswith(f"{policy}/signature.json: is version 1, and version 2 was in force before: ")
    assert faults(policy) == (fault,)
    (fault,) = faults(policy, schemas=f"{policy.parent}/other")
    assert "is version 1, and version 2 was in force before" in fault


def test_a_rollback_is_taken_when_it_is_allowed_and_then_is_what_counts(policy: Path) -> None:
    put(policy, DENIED, 2)
    built(policy)
    put(policy, OFF, 1)

    built(policy, allow_rollback="yes")

    assert built(policy).in_force.judge.policy.action("no-privileged", "hardened") == "off"


def test_the_first_start_is_a_warning_and_a_lost_memory_needs_attention(policy: Path) -> None:
    put(policy, OFF, 1)
    state = policy.parent / "state.json"
    lacking = f"no version of web is recorded in {state} from before this start: an older one would be accepted; "

    first = built(policy)
    put(policy, OFF, 2)
    for told in (status(first), status(reloaded(first))):
        assert lacking + "expected after the first signing only" in told["warnings"]
        assert state.name not in str(told["attention"])
    second = built(policy)
    assert state.name not in str(status(second)["attention"])
    state.unlink()
    assert (
        f"{state} is missing: after a restart an older signed version would be accepted; restore it"
        in status(second)["attention"]
    )
    save_policy(second.settings, second.in_force.state.files, ())
    third = status(built(policy))
    assert lacking + "expected where the host has come to another group only" in third["attention"]
    assert state.name not in str(third["warnings"])


def test_rollback_that_stays_allowed_needs_attention(policy: Path) -> None:
    put(policy, OFF, 1)

    told = status(built(policy, allow_rollback="yes"))

    assert "older signed versions are accepted: unset PORTERO_ALLOW_ROLLBACK" in told["attention"]


@pytest.mark.parametrize("groups", ["", "db"])
def test_a_host_of_other_groups_does_not_start(policy: Path, groups: str) -> None:
    put(policy, OFF, 1)

    (fault,) = faults(policy, host_groups=groups)

    assert "PORTERO_HOST_GROUPS" in fault


def test_a_version_that_never_came_into_force_is_not_remembered(policy: Path) -> None:
    put(policy, '{"no-such-value": 1}', 9)
    assert "no-such-value" in faults(policy)[0]

    put(policy, OFF, 8)

    assert status(built(policy))["signedFolders"][str(policy)]["version"] == 8


def test_a_lost_memory_and_lost_keys_are_named(policy: Path) -> None:
    put(policy, OFF, 1)
    (policy.parent / "state.json").write_text("{")

    assert faults(policy)[0].startswith(f"{policy.parent}/state.json: is not as portero writes it: ")
    missing = policy.parent / "carol.pub"
    allowed = {"allow_rollback": "yes", "trusted_keys": str(missing)}
    assert faults(policy, **allowed) == (f"{missing}: cannot be read (No such file or directory): name a public key",)


def test_keys_and_memory_are_no_containers_to_write(policy: Path) -> None:
    put(policy, OFF, 1)
    host = built(policy).in_force.judge.host.moment()

    for name in ("state.json", "alice.pub"):
        assert str(policy.parent / name) in host.find_entry(str(policy.parent / name)).holds
        assert str(policy.parent / name) in host.find_entry(str(policy.parent)).holds


def test_a_check_before_a_start_writes_no_version_down_and_says_where_it_could_not(policy: Path) -> None:
    put(policy, DENIED, 3)
    check_start(settings(policy))
    assert not (policy.parent / "state.json").exists()
    assert not [*policy.parent.glob(".state*")]

    nowhere = settings(policy, state=str(policy.parent / "alice.pub" / "state.json"))
    for state in (nowhere.state, Path("/proc/none/state.json")):
        with pytest.raises(LoadError, match=str(state)):
            check_start(replace(nowhere, state=state))
