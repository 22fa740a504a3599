"""Signed policy folders under these settings: who must have signed them, for which hosts, in which version."""

from collections.abc import Mapping
from pathlib import Path

from portero.decide.values.errors import LoadError
from portero.observe.process import package_files
from portero.serve.settings.setting_values import CURRENT
from portero.serve.settings.settings import Settings
from portero.serve.signing import versions
from portero.serve.signing.manifest import Manifest
from portero.serve.signing.signed_reader import SignedReader, read_keys

_NO_GROUP = (
    "PORTERO_HOST_GROUPS: is empty: with PORTERO_TRUSTED_KEYS, name the group that policy folders are signed for"
)


def make_signed_reader(
    settings: Settings,
    saved: Mapping[Path, Mapping[str, bytes]] | None = None,
    running: Mapping[Path, Manifest] | None = None,
) -> SignedReader:
    """A reader of signed folders, or of their saved files; `running`: what is in force in this process.

    Raises LoadError.
    """
    if settings.schemas and not settings.host_groups:
        raise LoadError([_NO_GROUP])
    remembers = settings.allow_rollback != "yes"
    # The account that fetches bundles writes these links, and must not lead a process of root anywhere else.
    bundle = {settings.bundle_folder / CURRENT: settings.bundle_folder} if settings.bundle else {}
    return SignedReader(
        read_keys(settings.trusted_keys),
        settings.host_groups,
        package_files.schemas(),
        versions.read_versions(settings.state) if remembers else {},
        saved,
        versions.list_seen(running or {}) if remembers else {},
        bundle,
    )


def read_manifests(settings: Settings) -> dict[Path, Manifest] | None:
    """What the folders are signed as now; None when one of them is not signed as it must be."""
    faults: list[str] = []
    try:
        reader = make_signed_reader(settings)
        for path in settings.schemas:
            reader.read(path, faults)
    except LoadError:
        return None
    return None if faults else reader.manifests
