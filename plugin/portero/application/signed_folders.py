"""Signed policy folders under these settings: who must have signed them, for which hosts, in which version."""

from collections.abc import Mapping
from pathlib import Path

from portero.files import package_files
from portero.settings.settings import Settings
from portero.signing import versions
from portero.signing.manifest import Manifest
from portero.signing.signed_reader import InvalidKeys, SignedReader, read_keys
from portero.signing.versions import InvalidVersions

_NO_GROUP = (
    "PORTERO_HOST_GROUPS: is empty: with PORTERO_TRUSTED_KEYS, name the group that policy folders are signed for"
)


def new_reader(settings: Settings, saved: Mapping[Path, Mapping[str, bytes]] | None = None) -> SignedReader:
    """A reader of signed folders, or of their saved files. Raises InvalidKeys and InvalidVersions."""
    if settings.schemas and not settings.host_groups:
        raise InvalidKeys([_NO_GROUP])
    seen = {} if settings.allow_rollback == "yes" else versions.read_versions(settings.state)
    return SignedReader(read_keys(settings.trusted_keys), settings.host_groups, package_files.schemas(), seen, saved)


def read_manifests(settings: Settings) -> dict[Path, Manifest] | None:
    """What the folders are signed as now; None when one of them is not signed as it must be."""
    faults: list[str] = []
    try:
        reader = new_reader(settings)
        for path in settings.schemas:
            reader.read(path, faults)
    except (InvalidKeys, InvalidVersions):
        return None
    return None if faults else reader.manifests
