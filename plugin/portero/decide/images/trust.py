"""What a site asks of images, and who vouches for one: plain values, without what verifies."""

from collections.abc import Mapping, Sequence
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING, Protocol

from portero.decide.values.dataclass import dataclass, field
from portero.decide.values.errors import Fault

if TYPE_CHECKING:  # slow to load, and needed only where a site lists keys
    from portero.decide.identity.keys import Public

_ALL = "*"


@dataclass(frozen=True, slots=True)
class TrustEntry:
    """`images`: a repository with its registry, all below one (.../*), or *. `keys`: files; none: no signature needed.

    `annotations`: what a signature must carry. `binds_repository`: it must name the repository of the image.
    """

    images: str
    keys: tuple[str, ...]
    annotations: Mapping[str, str] = field(default_factory=dict)
    binds_repository: bool = False

    def covers(self, repository: str) -> bool:
        """Whether the entry is about this repository, such as registry.example.com/team/app."""
        if self.images.endswith(_ALL):
            return repository.startswith(self.images.removesuffix(_ALL))
        return repository == self.images


@dataclass(frozen=True, slots=True)
class DigestList:
    """A file of the policy's image-lists/. `digests`: why each is listed, by sha256:... `expires`: its last day."""

    name: str
    digests: Mapping[str, str]
    expires: date | None = None


@dataclass(frozen=True)
class ImageTrust:
    """`keys`: the keys of each file that an entry names."""

    entries: Sequence[TrustEntry] = ()
    keys: "Mapping[str, Sequence[Public]]" = field(default_factory=dict)
    allowed: Sequence[DigestList] = ()
    denied: Sequence[DigestList] = ()

    @cached_property
    def asks(self) -> bool:
        return bool(self.entries or self.denied)

    @cached_property
    def _specific_first(self) -> Sequence[TrustEntry]:
        return sorted(self.entries, key=lambda entry: (entry.images.endswith(_ALL), -len(entry.images)))

    def find_entry(self, repository: str) -> TrustEntry | None:
        """The most specific entry for a repository; None: there is none."""
        return next((entry for entry in self._specific_first if entry.covers(repository)), None)


@dataclass(frozen=True, slots=True)
class Voucher:
    """A signature that holds. `keys`: the files in keys/ with its key. `repository`: empty where it names none.

    `is_part`: it vouches for a platform of the digest that was asked about, not for that digest.
    """

    keys: frozenset[str]
    repository: str
    annotations: Mapping[str, str]
    is_part: bool = False


@dataclass(frozen=True, slots=True)
class Verified:
    """What holds of a record. `digests`: by which a list may deny the one that it is about (documents.find_same)."""

    vouchers: tuple[Voucher, ...] = ()
    seen: Mapping[str, int] = field(default_factory=dict)
    digests: frozenset[str] = frozenset()


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
