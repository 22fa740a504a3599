"""The last policy is kept whole or not at all, and taken only as it was written."""

import json
import stat
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest

from portero.decide.identity import key_pairs
from portero.decide.values.errors import LoadError
from portero.observe.stores import policy_loader
from portero.serve.application import last_policy
from portero.serve.application.application import Application, build
from portero.serve.application.reloading import restore_policy
from portero.serve.settings.settings import Settings
from portero.serve.signing import signature, tree
from tests.serve.application.test_application import ask, create

KEY = key_pairs.make_key()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    (tmp_path / "policy").mkdir()
    (tmp_path / "policy" / "site.json").write_text("{}")
    (tmp_path / "key.pub").write_bytes(key_pairs.encode_public(KEY.public_key()))
    chosen = {"schemas": str(tmp_path / "policy"), "state": str(tmp_path / "state" / "versions.json")}
    return Settings.read({}, chosen | {"log": str(tmp_path / "log.jsonl"), "profile": "baseline", "host_root": "none"})


def held(settings: Settings) -> dict[Path, dict[str, bytes]]:
    return {path: {"site.json": b"{}", "keys/x.pem": b"\xff\x00"} for path in settings.schemas}


def test_what_is_written_is_read(settings: Settings) -> None:
    last_policy.save_policy(settings, held(settings), ("/link",))
    kept = last_policy.read_saved_policy(settings)

    assert kept is not None
    assert (kept.files, kept.links) == (held(settings), ("/link",))
    assert stat.S_IMODE(settings.last_policy.stat().st_mode) == 0o600
    assert [file.name for file in settings.state.parent.iterdir()] == ["last-policy.json"]


@pytest.mark.parametrize("cut", [0, 10, 64, 65, 100, -2])
def test_no_file_and_half_a_file_hold_no_policy(settings: Settings, cut: int) -> None:
    assert last_policy.read_saved_policy(settings) is None
    assert not last_policy.was_signed(settings)
    last_policy.save_policy(settings, held(settings), ())
    file = settings.last_policy
    file.write_bytes(file.read_bytes()[:cut])

    with pytest.raises(LoadError, match=r"last-policy\.json: is not as portero writes it"):
        last_policy.read_saved_policy(settings)
    # What it was is not known.
    assert last_policy.was_signed(settings)


@pytest.mark.parametrize(
    ("written", "instead"),
    [('"links"', '"Links"'), ("e30=", "e3 0="), ("e30=", "e31="), ("/link", "/lion"), ('"format": 1', '"format": 2')],
)
def test_what_has_another_form_is_no_policy(settings: Settings, written: str, instead: str) -> None:
    last_policy.save_policy(settings, held(settings), ("/link",))
    file = settings.last_policy
    assert written in file.read_text()
    file.write_text(file.read_text().replace(written, instead))

    with pytest.raises(LoadError, match="is not as portero writes it"):
        last_policy.read_saved_policy(settings)


def test_the_policy_of_other_folders_is_not_taken(settings: Settings) -> None:
    last_policy.save_policy(settings, held(settings), ())

    assert last_policy.read_saved_policy(replace(settings, schemas=(*settings.schemas, Path("/srv/policy")))) is None


def test_one_that_cannot_be_kept_leaves_no_earlier_one(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    last_policy.save_policy(settings, held(settings), ())
    monkeypatch.setattr(last_policy, "_MAX_BYTES", 10)

    with pytest.raises(OSError, match="takes more than"):
        last_policy.save_policy(settings, held(settings), ())
    assert not settings.last_policy.exists()


@pytest.fixture
def signed(settings: Settings, tmp_path: Path) -> Application:
    """A signed policy in force and kept, whose folder is invalid by now."""
    sign(tmp_path / "policy", 2)
    trusted = replace(settings, trusted_keys=(tmp_path / "key.pub",), host_groups=("web",))
    application = build(trusted)
    state = application.in_force.state
    last_policy.save_policy(trusted, state.files, state.links)
    (tmp_path / "policy" / "site.json").write_text("{")
    return application


def sign(policy: Path, version: int) -> None:
    (policy / "README.md").write_text("Signed too, and no part of the policy.")
    text = signature.sign(tree.read_tree(policy), version, "2026-11-24T15:00:00Z", KEY, "web")
    (policy / signature.NAME).write_bytes(text)


def allows(application: Application) -> bool:
    allowed: bool = ask(replace(application, in_force=restore_policy(application)), create())["Allow"]
    return allowed


def test_a_signed_policy_is_verified_again(signed: Application) -> None:
    assert allows(signed)
    file = signed.settings.last_policy
    document = json.loads(file.read_bytes())
    files = document["folders"][str(signed.settings.schemas[0])]
    files["site.json"] = "eyB9"  # { } instead of {}
    content = {name: document[name] for name in ("links", "folders")}
    document["sha256"] = sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
    file.write_text(json.dumps(document))

    assert not allows(signed)


@pytest.mark.parametrize("since", ["its key is not trusted any more", "a later version was in force"])
def test_a_signed_policy_is_not_taken_that_would_not_load_now(signed: Application, since: str) -> None:
    if since == "its key is not trusted any more":
        signed.settings.trusted_keys[0].write_bytes(key_pairs.encode_public(key_pairs.make_key().public_key()))
    else:
        seen = signed.settings.state
        seen.write_text(seen.read_text().replace('"version": 2', '"version": 3'))

    assert not allows(signed)


def test_no_container_may_write_what_is_kept(settings: Settings, tmp_path: Path) -> None:
    application = build(replace(settings, host_root=Path("/")))
    (tmp_path / "state").mkdir(exist_ok=True)

    for place in ("state", "state/last-policy.json"):
        assert not ask(application, create(Binds=[f"{tmp_path}/{place}:/x"]))["Allow"]


def test_unsigned_files_are_kept_as_they_are_read(settings: Settings) -> None:
    state = build(settings).in_force.state

    assert state.files[settings.schemas[0]] == policy_loader.read_folder(settings.schemas[0], []).data
