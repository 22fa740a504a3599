"""What builds may ask for beyond the rights of a container: the settings in daemon.json in, a yes or no out.

BuildKit grants the host's network (network-host) and all privileges (security-insecure) to builds that ask, unless
`builder.entitlements` in daemon.json refuses both. dockerd reads them at its start only: a reload changes nothing
(measured on 28.5.2). So they count when the file is older than that dockerd (is_older).
"""

from collections.abc import Mapping
from typing import Literal

from portero.values.json_types import JSON

# off: both are refused. off-after-restart: they will be, from dockerd's next start on. on: one of them is granted.
# unknown: they are off in the file, but the start of that dockerd cannot be seen.
Entitlements = Literal["off", "off-after-restart", "on", "unknown"]

_BOTH = ("network-host", "security-insecure")


def are_off(settings: Mapping[str, JSON]) -> bool:
    """Whether this content of daemon.json refuses both.

    Below the top level Go takes a name in any case (moby daemon/config/builder.go); such a second name counts as on.
    """
    entitlements = _find_one(settings.get("builder"), "entitlements")
    return all(_find_one(entitlements, name) is False for name in _BOTH)


def _find_one(value: JSON, name: str) -> JSON:
    """The member of this name; None: there is none, or another that Go reads as the same."""
    if not isinstance(value, dict) or [key.casefold() for key in value].count(name) != 1:
        return None
    return value.get(name)
