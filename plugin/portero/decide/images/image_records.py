"""What is asked of records about images: the protocol ImageRecords, and why one cannot be used."""

from typing import Protocol

from portero.decide.images.trust import ImageTrust, Verified
from portero.decide.values.errors import Fault


class ImageRecords(Protocol):
    """What was fetched about images, verified by the keys of one trust."""

    @property
    def trust(self) -> ImageTrust:
        """Whom the site trusts, by the policy that these belong to."""

    def for_request(self) -> "ImageRecords":
        """The same for one request, with a bound on what it has verified."""

    def find(self, digest: str) -> Verified | None:
        """Who vouches for a digest (sha256:...); None: nothing was fetched about it. Raises RecordUnreadable."""


class RecordUnreadable(Fault):
    """Why what was fetched cannot be used, a sentence without its subject. `cure`: what helps instead of fetching."""

    cure = ""


class TooManyAtOnce(RecordUnreadable):
    """One request had as much verified as it may. What it had is cached: when it comes again, it gets further."""

    cure = "repeat the command, or leave out"
