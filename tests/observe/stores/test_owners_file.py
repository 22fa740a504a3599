"""Who a caller at a door is to the policy in force, and under which names the caller owns."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from portero.decide.values.refusals import Refused
from portero.observe.stores.owners_file import OwnersFile
from tests.door.test_owned_requests import SITE


def owners(folder: Path, **more: Any) -> OwnersFile:
    file = folder / "doors.json"
    fresh = folder / "new"
    fresh.write_text(json.dumps({**SITE, **more}))
    fresh.replace(file)
    return OwnersFile(file)


def test_a_caller_owns_under_the_names_that_the_plugin_gives(tmp_path: Path) -> None:
    asked = owners(tmp_path, **{"user-groups": {"unix:alicia": ["qa"]}})

    alicia = asked.find_caller("users", "alicia", ("dev", "wheel"))
    assert alicia.names is not None
    assert alicia.names.names == {"unix:alicia", "group:dev", "group:qa"}
    assert not alicia.names.is_operator
    assert alicia.creates_for == "unix:alicia"
    for user, groups in (("olga", ()), ("carla", ("ops",))):
        names = asked.find_caller("users", user, groups).names
        assert names is not None
        assert names.is_operator
    ryuk = asked.find_caller("ryuk", "", ()).names
    assert ryuk is not None
    assert ryuk.names == {"unix:alicia", "group:dev"}
    with pytest.raises(Refused, match="door-unlisted"):
        asked.find_caller("gone", "", ())


def test_a_policy_that_changes_counts_at_once(tmp_path: Path) -> None:
    asked = owners(tmp_path)
    assert asked.find_caller("users", "alicia", ()).names is not None

    owners(tmp_path, ownership="")
    assert asked.find_caller("users", "alicia", ()).names is None
    (tmp_path / "doors.json").unlink()
    with pytest.raises(FileNotFoundError):
        asked.find_caller("users", "alicia", ())
    os.mkfifo(tmp_path / "doors.json")
    with pytest.raises(OSError, match="is not a regular file"):
        asked.find_caller("users", "alicia", ())
