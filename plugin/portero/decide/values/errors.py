"""Errors that list faults, one line each, for a person to fix; and that no error of a walk is swallowed."""

from collections.abc import Iterable
from typing import NoReturn


class Faults(Exception):
    """Something cannot be used; `faults` holds one sentence each."""

    def __init__(self, faults: Iterable[str]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(self.faults))


class FileFaults(Exception):
    """Files cannot be used; `faults` holds pairs: the file's name and one sentence."""

    def __init__(self, faults: Iterable[tuple[str, str]]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(f"{name}: {sentence}" for name, sentence in self.faults))


class ContentRefused(Exception):
    """One sentence without its subject, such as a file: what is wrong with it, and the cure."""


class LoadError(Faults):
    """Portero cannot start, reload or judge with these settings and files; `faults` holds one line each."""


def raise_error(error: OSError) -> NoReturn:
    """For the parameter onerror of os.walk and os.fwalk, which leave out what they cannot read."""
    raise error
