"""The defaults of Portero beside a rootless dockerd."""

from pathlib import Path

from portero.settings.environment import user_defaults
from portero.settings.settings import Settings

ALICE = {"HOME": "/home/alice", "XDG_RUNTIME_DIR": "/run/user/1000"}


def test_root_keeps_the_defaults_of_the_manifest() -> None:
    assert user_defaults(ALICE, 0) == {}


def test_an_ordinary_user_gets_folders_that_the_user_may_write() -> None:
    assert user_defaults(ALICE, 1000) == {
        "PORTERO_SOCKET": "/run/user/1000/portero/portero.sock",
        "PORTERO_LOG": "/home/alice/.local/state/portero/decisions.jsonl",
        "PORTERO_BUNDLE_FOLDER": "/home/alice/.local/state/portero/bundle",
        "PORTERO_STATE": "/home/alice/.local/state/portero/signed-versions.json",
    }


def test_the_xdg_variables_move_them_and_a_relative_one_is_ignored() -> None:
    moved = user_defaults({**ALICE, "XDG_STATE_HOME": "/srv/state", "XDG_RUNTIME_DIR": "run"}, 1000)

    assert moved["PORTERO_LOG"] == "/srv/state/portero/decisions.jsonl"
    assert moved["PORTERO_SOCKET"] == "/run/user/1000/portero/portero.sock"


def test_environment_and_options_go_over_a_user_s_defaults() -> None:
    settings = Settings.read({**ALICE, "PORTERO_LOG": "-"}, {"socket": "/srv/portero.sock"}, 1000)

    assert (settings.log, settings.socket) == ("-", Path("/srv/portero.sock"))
    assert settings.state == Path("/home/alice/.local/state/portero/signed-versions.json")
