"""The note of how far the log was sent."""

from pathlib import Path

import pytest

from portero.forwarding import state
from portero.forwarding.state import ForwardState


def test_what_is_noted_comes_back(tmp_path: Path) -> None:
    file = tmp_path / "new" / "forward.json"
    assert state.read(file) is None

    state.write(file, ForwardState(inode=5, offset=7, sent=3, gaps=1))

    assert state.read(file) == ForwardState(inode=5, offset=7, sent=3, gaps=1)


@pytest.mark.parametrize("text", ["", "[]", '{"other": 1}'])
def test_a_note_of_another_kind_is_an_error(tmp_path: Path, text: str) -> None:
    (tmp_path / "x").write_text(text)

    with pytest.raises(ValueError, match=r"."):
        state.read(tmp_path / "x")
