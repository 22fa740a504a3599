"""A host whose networks are partly known beforehand: those that the stand-in made, or that were inspected."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from portero.host.daemon_defaults import DaemonDefaults
from portero.host.view import HostView, Place


@dataclass(frozen=True, slots=True)
class KnownNetworks:
    """`host`, with `name_of` asked first for the name behind a network's ID."""

    host: HostView
    name_of: Callable[[str], str | None]

    def moment(self) -> "KnownNetworks":
        """The same at a moment of the host's."""
        return replace(self, host=self.host.moment())

    def look(self, path: str) -> Place:
        """What the host says."""
        return self.host.look(path)

    def network(self, name: str) -> str | None:
        """The known name, else what the host says."""
        return self.name_of(name) or self.host.network(name)

    def daemon(self) -> DaemonDefaults:
        """What the host says."""
        return self.host.daemon()
