"""Only errors of reading become the refusal host-unreadable."""

import pytest

from portero.decide.interfaces.host import refuse_unreadable
from portero.decide.values.refusals import Refused


def test_an_error_of_reading_is_a_refusal_and_another_one_stays_what_it_is() -> None:
    with pytest.raises(Refused, match="host-unreadable"), refuse_unreadable:
        raise PermissionError
    with pytest.raises(KeyError), refuse_unreadable:
        raise KeyError
