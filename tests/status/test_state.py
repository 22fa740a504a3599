"""The note of how the last pull went."""

from pathlib import Path

import pytest

from portero.status import bundle_state
from portero.status.bundle_state import BundleState


def test_what_is_noted_comes_back(tmp_path: Path) -> None:
    assert bundle_state.read(tmp_path) is None
    noted = BundleState(mark='"1"', group="web", version=2, succeeded=1.5, tried=2.5, failures=3, fault="x")

    bundle_state.write(tmp_path / "new", noted)

    assert bundle_state.read(tmp_path / "new") == noted


@pytest.mark.parametrize("text", ["", "[]", '{"other": 1}', '{"format": 1}', '{"format": 2}'])
def test_a_note_of_another_kind_is_an_error(tmp_path: Path, text: str) -> None:
    bundle_state.place(tmp_path).write_text(text)

    with pytest.raises(ValueError, match=r"state.json: is not "):
        bundle_state.read(tmp_path)


def test_a_value_of_another_kind_is_an_error(tmp_path: Path) -> None:
    bundle_state.write(tmp_path, BundleState())
    file = bundle_state.place(tmp_path)
    file.write_text(file.read_text().replace('"succeeded": 0.0', '"succeeded": "yesterday"'))

    with pytest.raises(ValueError, match="is not as portero writes it"):
        bundle_state.read(tmp_path)
