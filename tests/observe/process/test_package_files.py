"""The files that portero ships: beside the package in a checkout, inside it in an installed wheel."""

from pathlib import Path

import pytest

from portero.observe.process import package_files
from tests.paths import PACKAGE, ROOT, SCHEMAS


def test_a_checkout_has_them_beside_the_package() -> None:
    assert package_files.package() == PACKAGE
    assert package_files.schemas() == SCHEMAS
    assert package_files.manifest() == ROOT / "config.json"


def test_an_installed_wheel_has_them_inside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "schemas").mkdir()
    monkeypatch.setattr(package_files, "_PACKAGE", tmp_path)

    assert package_files.schemas() == tmp_path / "schemas"


def test_a_missing_one_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(package_files, "_PACKAGE", tmp_path)
    monkeypatch.setattr(package_files, "_CHECKOUT", tmp_path)

    with pytest.raises(FileNotFoundError, match=r"config\.json: is missing; install portero again"):
        package_files.manifest()


def test_one_that_was_found_keeps_its_place_while_an_upgrade_takes_it_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "schemas").mkdir()
    monkeypatch.setattr(package_files, "_PACKAGE", tmp_path)
    found = package_files.schemas()
    found.rmdir()

    assert package_files.schemas() == found


def test_code_that_is_replaced_or_gone_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert not package_files.is_replaced()
    code, new = tmp_path / "__init__.py", tmp_path / "new"
    code.write_text("")
    monkeypatch.setattr(package_files, "_PACKAGE", tmp_path)
    monkeypatch.setattr(package_files, "_STARTED_AS", package_files._identify())
    seen = [package_files.is_replaced()]

    new.write_text("")
    new.rename(code)
    seen.append(package_files.is_replaced())
    code.unlink()
    seen.append(package_files.is_replaced())

    assert seen == [False, True, True]
