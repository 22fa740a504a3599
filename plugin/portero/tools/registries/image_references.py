"""Where the images of a daemon come from: their names there, and the registries that are asked about them."""

import re
from collections.abc import Iterator, Mapping

from portero.decide.facts import image
from portero.decide.images.trust import TrustEntry
from portero.decide.values.dataclass import dataclass
from portero.decide.values.image_names import HUB
from portero.decide.values.json_fields import JSON, objects, text, texts
from portero.serve.settings.setting_values import OciAddress

_HUB_REGISTRY, _HUB_LOGIN = "registry-1.docker.io", "https://index.docker.io/v1/"
# Docker's registry sends us there for a token.
_HUB_HOSTS = ("auth.docker.io",)
_NAME = re.compile(r"[a-z0-9]+(?:[._/-]+[a-z0-9]+)*")
_HOST = re.compile(r"(?:[A-Za-z0-9.-]+|\[[0-9a-fA-F:]+\])(?::[0-9]{1,5})?")


@dataclass(frozen=True, slots=True)
class ImageReference:
    """`wanted`: a tag or a digest."""

    registry: str
    repository: str
    wanted: str

    @property
    def name(self) -> str:
        """The repository with its registry."""
        return f"{self.registry}/{self.repository}"

    @property
    def address(self) -> OciAddress:
        """Where its registry answers."""
        return OciAddress(_HUB_REGISTRY if self.registry == HUB else self.registry, self.repository, self.wanted)

    @property
    def login_name(self) -> str:
        """Under which name `docker login` keeps the login."""
        return _HUB_LOGIN if self.registry == HUB else self.registry

    @property
    def hosts(self) -> tuple[str, ...]:
        """Other servers that belong to the registry."""
        return _HUB_HOSTS if self.registry == HUB else ()


def parse(written: str) -> ImageReference | None:
    """An image as people write it; None: no name of an image in a registry."""
    parsed = image.parse_reference(written, "")
    wanted = parsed.get("digest") or parsed.get("tag")
    registry, repository = text(parsed, "registry"), text(parsed, "repository")
    is_name = _HOST.fullmatch(registry) and _NAME.fullmatch(repository) and isinstance(wanted, str)
    return ImageReference(registry, repository, str(wanted)) if is_name else None


def may_ask(entry: TrustEntry | None) -> bool:
    """Whether a registry may be asked about images of an entry that no person named: users of Docker choose names, and
    must not choose whom this host contacts. The entry names the registry, then."""
    return entry is not None and bool(entry.keys) and entry.images != "*"


@dataclass(frozen=True, slots=True)
class DaemonImage:
    """An image of the daemon: its digest there, its names, and what its registries call it."""

    id: str
    names: tuple[str, ...]
    digests: tuple[str, ...]


def list_images(listed: list[JSON]) -> Iterator[DaemonImage]:
    """The answer to GET /images/json."""
    document: Mapping[str, JSON] = {"images": listed}
    for one in objects(document, "images"):
        names, digests = (
            [each for each in texts(one, key) if "<none>" not in each] for key in ("RepoTags", "RepoDigests")
        )
        yield DaemonImage(text(one, "Id"), tuple(names), tuple(digests))
