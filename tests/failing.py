"""Calls of the system that fail."""

import os
from collections.abc import Callable
from typing import NoReturn


def fail_with(number: int) -> Callable[..., NoReturn]:
    """A function that fails with this error of the system, and names the path that it was given first."""

    def fail(*given: object, **named: object) -> NoReturn:
        raise OSError(number, os.strerror(number), *map(str, given[:1]))

    return fail
