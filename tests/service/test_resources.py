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
