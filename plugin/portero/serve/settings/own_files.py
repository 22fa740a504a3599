"""Files of Portero that no container may write: policy and keys, programs, logs."""

import os
import stat
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from portero.decide.policy import folder
from portero.observe.dockerd.device_policy import PROBED
from portero.serve.decision_log.log_state import is_file
from portero.serve.settings.setting_values import CURRENT
from portero.serve.settings.settings import Settings

# The system's Python lies there, which is not Portero's.
_SYSTEM_PREFIXES = frozenset({"/", "/usr", "/usr/local"})
# Where units have Portero show users the policy in force: of root's Docker, and of rootless ones by account.
SUMMARIES, SUMMARY = ("/run/portero", "/run/portero-rootless"), "policy.json"
# Beside it, for doors alone.
DOORS_SUMMARY = "doors.json"
# rules/TOPIC/RULE.json
_MAX_DEPTH = 2


def list_deciding(settings: Settings) -> Sequence[str]:
    """What decides about requests: rules, keys, saved policy, writers, versions, bundles, signatures, proofs.

    Who could write the door's public key, or read the private one, could name any user.
    """
    saved = (*((settings.last_policy,) if settings.schemas else ()), settings.writers)
    door = (settings.door_key, settings.door_folder)
    signing = (*settings.trusted_keys, settings.state) if settings.trusted_keys else ()
    bundle = (settings.bundle_folder, settings.bundle_login, settings.bundle_ca) if settings.bundle else ()
    folders = (*_list_protected_folders(settings), *saved, *door, *signing, *filter(None, bundle))
    return [*(str(path.absolute()) for path in (*folders, settings.images)), PROBED]


def list_links(settings: Settings) -> tuple[str, ...]:
    """The links in the policy folders: what they lead to is read as part of the policy. Raises OSError."""
    parts = [part for path in _list_protected_folders(settings) for part in folder.list_parts(path.absolute())]
    return tuple(str(link) for link in _find_links(parts, _MAX_DEPTH))


def _list_protected_folders(settings: Settings) -> Sequence[Path]:
    """The policy folders, but for the bundle's: its links are of the account that fetches it, and can lead anywhere.

    What they lead to is read in that account's own folder only, which is protected, and without the links in it.
    """
    fetched = settings.bundle_folder / CURRENT if settings.bundle else None
    return [path for path in settings.policy_folders if path != fetched]


def _find_links(paths: Iterable[Path], deeper: int) -> Iterator[Path]:
    for path in paths:
        try:
            if stat.S_ISLNK(os.lstat(path).st_mode):
                yield path
            entries = sorted(path.iterdir()) if deeper else []
        except (FileNotFoundError, NotADirectoryError):
            continue
        yield from _find_links(entries, deeper - 1)


def list_programs() -> Sequence[str]:
    """The folders of the Python that runs Portero, and of the one that its environment was made from."""
    return sorted({sys.prefix, sys.base_prefix} - _SYSTEM_PREFIXES)


def list_logs(settings: Settings) -> Sequence[str]:
    """The decision log, its folder, the files of recorded requests, and what users are shown of the policy."""
    log = [Path(settings.log).absolute(), Path(settings.log).absolute().parent] if is_file(settings.log) else []
    record = [settings.record, f"{settings.record}.1"] if settings.record else []
    return [str(path) for path in (*log, *record, *SUMMARIES)]
