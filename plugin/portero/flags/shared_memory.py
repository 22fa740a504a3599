"""--shm-size, which is also what people mean who mount the host's /dev/shm."""

from collections.abc import Mapping
from dataclasses import dataclass

from portero.flags.document import Document, around
from portero.flags.edits import NOTHING, Change, SetField
from portero.flags.violated import Violated
from portero.types import JSON

_HOSTS_OWN = "/dev/shm"  # noqa: S108 - it is only compared


@dataclass(frozen=True, slots=True)
class SharedMemory:
    """A rule about mounts that proposes it means those of the host's /dev/shm, where the request has no size itself."""

    size: SetField

    def add(self, document: Document, value: str, violated: Violated) -> Change:
        """Set the size, unless the refused mounts are other ones."""
        mounts = [fact for fact in violated.facts if "paths" in fact]
        if mounts and (self.typed_value(document) or not any(map(_is_hosts_own, mounts))):
            return NOTHING
        return self.size.add(document, value, violated)

    def drop(self, document: Document, violated: Violated) -> Change:
        """Leave the size to the daemon."""
        return self.size.drop(document, violated)

    def typed_value(self, document: Document) -> str:
        """The size that the request has now; empty where it has none."""
        parent, name = around(document, self.size.at)
        return self.size.types(parent.get(name)) if parent.get(name) else ""


def _is_hosts_own(mount: Mapping[str, JSON]) -> bool:
    paths = mount["paths"]
    return isinstance(paths, list) and _HOSTS_OWN in paths
