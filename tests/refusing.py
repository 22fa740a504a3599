"""What a refusal says."""

from collections.abc import Callable

import pytest

from portero.decide.values.refusals import Refused


def find_refusal(act: Callable[..., object], *given: object, **named: object) -> tuple[str, str]:
    """The code of the refusal in which this ends, and its place in the request."""
    with pytest.raises(Refused) as refused:
        act(*given, **named)
    return refused.value.code, refused.value.at
