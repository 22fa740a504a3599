"""The files in which users of the host, and doors, find what they may see of the policy in force.

A file and not a page: only root reaches the process that decides. systemd makes the folder (RuntimeDirectory=)
and removes it when Portero stops.
"""

import json
import logging
import os
import struct
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from portero.decide.policy.doors import describe_ownership
from portero.observe.files.whole_files import write_whole
from portero.serve.application.application import Application
from portero.serve.settings.own_files import DOORS_SUMMARY, SUMMARY
from portero.serve.status import policy_page

_EVERYBODY, _ROOT, _NOBODY = 0o644, 0o600, 0xFFFFFFFF
_LOG = logging.getLogger(__name__)


def locate(environ: Mapping[str, str]) -> Path | None:
    """The file; None where no unit gave this process a folder."""
    folder = environ.get("RUNTIME_DIRECTORY", "").partition(":")[0]
    return Path(folder, SUMMARY) if folder else None


def write_summary(application: Application) -> bool:
    """Write it anew, and say whether that could be; a failure is logged, and changes no decision."""
    file = locate(os.environ)
    if file is None:
        return True
    in_force = application.in_force
    try:
        summary = policy_page.describe_summary(
            application.settings, in_force.state, in_force.judge.policy, in_force.unusable
        )
        write_whole(file, json.dumps(summary).encode(), _EVERYBODY)
        _write_for_doors(application, file.with_name(DOORS_SUMMARY))
    except Exception as error:  # noqa: BLE001 - an error of ours must not leave dockerd without an answer
        why = getattr(error, "strerror", None) or type(error).__name__
        _LOG.warning("%s: users or doors cannot see the policy in force (%s)", file, why)
        # By that of the policy before, a door would show what is others' now; without it, it passes no list on.
        with suppress(OSError):
            file.with_name(DOORS_SUMMARY).unlink()
        return False
    return True


def _write_for_doors(application: Application, file: Path) -> None:
    """For the group that the door's key is for; without a key, for root alone."""
    settings, policy = application.settings, application.in_force.judge.policy
    values = describe_ownership(policy.site, is_enforced=settings.mode == "enforce")
    fresh = file.with_suffix(".new")
    write_whole(fresh, json.dumps(values).encode(), _ROOT)
    for half in (settings.door_key, settings.door_folder / "key"):
        with suppress(FileNotFoundError):
            let_group_read(fresh, os.stat(half).st_gid)
    fresh.replace(file)


def let_group_read(file: Path, group: int) -> None:
    """Where the file is there: a Portero that found no key has written it for root alone.

    Not by chown, for which the unit would need a capability.
    """
    with suppress(FileNotFoundError):
        os.setxattr(file, "system.posix_acl_access", _make_acl(group))


def _make_acl(group: int) -> bytes:
    """Its owner reads and writes, this group reads (acl(5), Linux include/uapi/linux/posix_acl_xattr.h)."""
    entries = ((0x01, 6, _NOBODY), (0x04, 0, _NOBODY), (0x08, 4, group), (0x10, 4, _NOBODY), (0x20, 0, _NOBODY))
    return struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *entry) for entry in entries)
