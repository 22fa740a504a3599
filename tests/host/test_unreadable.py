"""Only errors of reading become the refusal host-unreadable."""

import pytest

from portero.host.unreadable import refuse_unreadable
from portero.refusals import Refused


def test_an_error_of_reading_is_a_refusal() -> None:
    with pytest.raises(Refused, match="host-unreadable"), refuse_unreadable():
        raise PermissionError


def test_another_error_stays_what_it_is() -> None:
    with pytest.raises(KeyError), refuse_unreadable():
        raise KeyError
