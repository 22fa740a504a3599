"""The files that portero ships: beside the package in a checkout, inside it in an installed wheel."""

from pathlib import Path

import pytest

from portero.service import resources
from tests.paths import PACKAGE, ROOT, SCHEMAS


def test_a_checkout_has_them_beside_the_package() -> None:
    assert resources.package() == PACKAGE
    assert resources.schemas() == SCHEMAS
    assert resources.manifest() == ROOT / "config.json"


def test_an_installed_wheel_has_them_inside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "schemas").mkdir()
    monkeypatch.setattr(resources, "_PACKAGE", tmp_path)

    assert resources.schemas() == tmp_path / "schemas"


def test_a_missing_one_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resources, "_PACKAGE", tmp_path)
    monkeypatch.setattr(resources, "_CHECKOUT", tmp_path)

    with pytest.raises(FileNotFoundError, match="install portero again"):
        resources.manifest()


def test_one_that_was_found_keeps_its_place_while_an_upgrade_takes_it_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "schemas").mkdir()
    monkeypatch.setattr(resources, "_PACKAGE", tmp_path)
    found = resources.schemas()
    found.rmdir()

    assert resources.schemas() == found


def test_code_that_is_replaced_or_gone_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert not resources.is_replaced()
    code, new = tmp_path / "__init__.py", tmp_path / "new"
    code.write_text("")
    monkeypatch.setattr(resources, "_PACKAGE", tmp_path)
    monkeypatch.setattr(resources, "_STARTED_AS", resources._identify())
    seen = [resources.is_replaced()]

    new.write_text("")
    new.rename(code)
    seen.append(resources.is_replaced())
    code.unlink()
    seen.append(resources.is_replaced())

    assert seen == [False, True, True]
