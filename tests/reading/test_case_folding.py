"""Names fold as in Go's encoding/json: equal there, equal here, and no other letter becomes an ASCII one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portero.reading.case_folding import fold

# Of all Unicode only these have an ASCII letter in their fold set (Go src/encoding/json/fold.go, foldRune).
_FOLDS = {"\u017f": "S", "\u212a": "K"} | {chr(code + 32): chr(code) for code in range(ord("A"), ord("Z") + 1)}


@given(st.characters(exclude_categories=["Cs"]))
def test_a_letter_folds_exactly_as_in_go(letter: str) -> None:
    assert fold(letter) == _FOLDS.get(letter, letter)


@pytest.mark.parametrize("letter", ["\u0131", "\u0130", "\u00df", "\ufb01", "\uff41", "\u00e9"])
def test_letters_that_python_folds_to_ascii_and_go_does_not_stay_as_they_are(letter: str) -> None:
    assert fold(letter) == letter


def test_the_only_letters_outside_ascii_that_fold_are_the_long_s_and_the_kelvin_sign() -> None:
    folded = [chr(code) for code in range(0x80, 0x110000) if fold(chr(code)).isascii()]

    assert folded == ["\u017f", "\u212a"]
