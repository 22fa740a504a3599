"""What Docker's IDs, digests, modes of namespaces and types of mounts look like."""

import re

# Of a container, an image, a local network or an anonymous volume.
_ID = re.compile(r"[0-9a-f]{64}")
_BEGINNING = re.compile(r"[0-9a-f]{1,63}")
# A swarm's ID (moby/swarmkit identity/randomid.go) has 25 digits to base 36.
_SWARM_BEGINNING = re.compile(r"[0-9a-z]{1,24}")
_SWARM_ID, _NETWORK_ID = re.compile(r"[0-9a-z]{25}"), re.compile(r"[0-9a-z]{25}|[0-9a-f]{12,64}")
_NETWORK_BEGINNING = re.compile(r"[0-9a-z]{1,25}|[0-9a-f]{1,64}")
# As command lines show it: of a swarm's ID, or of a local network's.
_SHOWN = re.compile(r"[0-9a-z]{12,24}|[0-9a-f]{25,63}")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")

# What a mode of a namespace begins with that is a container's, or one at a path.
JOINING, AT_PATH = "container:", "ns:"

MOUNT_TYPES = frozenset({"bind", "volume", "tmpfs", "image", "cluster", "npipe"})
WITHOUT_HOST_PATH = frozenset({"tmpfs", "image", "npipe"})


def is_id(text: str) -> bool:
    """Whether this is a whole ID, but for a swarm's."""
    return _ID.fullmatch(text) is not None


def may_begin_id(name: str) -> bool:
    """Whether Docker may take this for the beginning of a container's ID, which is not the whole one."""
    return _BEGINNING.fullmatch(name) is not None


def may_begin_swarm_id(name: str) -> bool:
    """Whether this may begin the ID of a service, which is not the whole one."""
    return _SWARM_BEGINNING.fullmatch(name) is not None


def is_network_id(name: str) -> bool:
    """Whether this looks like a network's ID, whole or cut to the length that Docker shows."""
    return _NETWORK_ID.fullmatch(name) is not None


def is_whole_network_id(name: str) -> bool:
    """The same, and nothing is cut off."""
    return is_id(name) or _SWARM_ID.fullmatch(name) is not None


def may_begin_network_id(name: str) -> bool:
    """Whether Docker may take this for the beginning of an ID: it completes any that no network has as its name."""
    return _NETWORK_BEGINNING.fullmatch(name) is not None


def looks_cut(name: str) -> bool:
    """Whether this looks like the beginning of a network's or a swarm's ID, as command lines show it."""
    return _SHOWN.fullmatch(name) is not None


def is_digest(text: str) -> bool:
    """Whether this is the SHA-256 of an image, as registries write it."""
    return _DIGEST.fullmatch(text) is not None


def find_namespace_owner(mode: str) -> str | None:
    """What a mode calls the container whose namespace it names, also nothing; None: it names none.

    "container" without a colon is not the mode (containerID in moby api/types/container/hostconfig.go).
    """
    return mode.removeprefix(JOINING) if mode.startswith(JOINING) else None
