"""The tables of the Engine API: those that are broken or do not agree keep Portero from starting."""

import shutil
from pathlib import Path

import pytest

from portero.decide.values.errors import LoadError
from portero.observe.process import package_files
from tests.serve.application.test_application import built


@pytest.mark.parametrize("file", ["operations.json", "api/ContainerCreate.json"])
def test_an_invalid_table_of_the_api_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, file: str) -> None:
    place = tmp_path / "schemas" / file
    (tmp_path / "schemas" / "api").mkdir(parents=True)
    (tmp_path / "schemas" / "operations.json").write_bytes((package_files.schemas() / "operations.json").read_bytes())
    place.write_text("{")
    monkeypatch.setattr(package_files, "schemas", lambda: tmp_path / "schemas")

    with pytest.raises(LoadError) as refused:
        built(tmp_path)

    (fault,) = refused.value.faults
    assert fault.startswith(f"{tmp_path / 'schemas'}: ")


def test_an_operation_without_a_shape_of_its_body_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    schemas = tmp_path / "schemas"
    shutil.copytree(package_files.schemas(), schemas)
    (schemas / "api" / "ContainerCreate.json").rename(schemas / "api" / "ContainerMake.json")
    monkeypatch.setattr(package_files, "schemas", lambda: schemas)

    with pytest.raises(LoadError) as refused:
        built(tmp_path)

    missing, unknown = refused.value.faults
    assert missing.startswith(f"{schemas}: api/ContainerCreate.json is missing: ")
    assert unknown.startswith(f"{schemas}: api/ContainerMake.json: operations.json has no operation ContainerMake ")
