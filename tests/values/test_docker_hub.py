"""A single word is a repository of library/."""

import pytest

from portero.values.image_names import whole_repository


@pytest.mark.parametrize(
    ("name", "whole"),
    [("busybox", "library/busybox"), ("team/app", "team/app"), ("library/busybox", "library/busybox")],
)
def test_a_single_word_is_below_library(name: str, whole: str) -> None:
    assert whole_repository(name) == whole
