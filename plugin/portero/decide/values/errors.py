"""What a caller of Portero may catch; and that no error of a walk is swallowed.

PorteroError
  Refused: one request cannot be read, or would do what cannot be judged; it has a stable code
    WrongType
  Fault: one sentence for a person, what is wrong and the cure
    BundleRefused, ContainersWouldStop, ContentRefused, InvalidRequestFile, NoSocket, NotTried, SocketTaken
    RecordUnreadable
      TooManyAtOnce
    TransportFailed
      AccessRefused, ImageMissing
    UnitsFail, Unreachable, UrlRefused
  Faults: the same of several things at once
    InvalidSettings, LoadError
  FileFaults
  ExcessiveHead, TurnedAway: what a door answers its client
  InvalidRecordLine, Malformed, Unmaskable, UnseenOwner: for the next caller alone, who goes on without it
ValueError
  ConstantFound, DuplicateName, InvalidYaml, Unclear, Unreadable: what is read is not in its format
BaseException
  DeadlinePassed
ClickException
  CommandFailed
"""

from collections.abc import Iterable
from typing import NoReturn


class PorteroError(Exception):
    """An error of Portero's own."""


class Fault(PorteroError):
    """One sentence for a person: what is wrong, and the cure."""


class Faults(PorteroError):
    """Something cannot be used; `faults` holds one sentence each."""

    def __init__(self, faults: Iterable[str]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(self.faults))


class FileFaults(PorteroError):
    """Files cannot be used; `faults` holds pairs: the file's name and one sentence."""

    def __init__(self, faults: Iterable[tuple[str, str]]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(f"{name}: {sentence}" for name, sentence in self.faults))


class ContentRefused(Fault):
    """The sentence is without its subject, such as a file."""


class LoadError(Faults):
    """Portero cannot start, reload or judge with these settings and files; `faults` holds one line each."""


def raise_error(error: OSError) -> NoReturn:
    """For the parameter onerror of os.walk and os.fwalk, which leave out what they cannot read."""
    raise error
