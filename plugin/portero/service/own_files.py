"""Portero's own files under these settings, which no container may write: what decides, and what is logged."""

from collections.abc import Sequence
from pathlib import Path

from portero.log_place import is_file
from portero.service.settings import Settings


def list_deciding(settings: Settings) -> Sequence[str]:
    """What decides about requests: rules and the keys beside them, trusted keys, versions seen, bundles."""
    signing = (*settings.trusted_keys, settings.state) if settings.trusted_keys else ()
    bundle = (settings.bundle_folder, settings.bundle_login, settings.bundle_ca) if settings.bundle else ()
    return [str(path.absolute()) for path in (*settings.policy_folders, *signing, *filter(None, bundle))]


def list_logs(settings: Settings) -> Sequence[str]:
    """The decision log, its folder, and the file of recorded requests."""
    log = [Path(settings.log).absolute(), Path(settings.log).absolute().parent] if is_file(settings.log) else []
    return [str(path) for path in (*log, *([settings.record] if settings.record else []))]
