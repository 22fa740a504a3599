"""The file in which users of the host find what they may see of the policy in force, for their commands.

A file and not a page: only root reaches the process that decides. systemd makes the folder (RuntimeDirectory=)
and removes it when Portero stops.
"""

import json
import logging
import os
from collections.abc import Mapping
from pathlib import Path

from portero.observe.files.whole_files import write_whole
from portero.serve.application.application import Application
from portero.serve.settings.own_files import SUMMARY
from portero.serve.status import policy_page

_EVERYBODY = 0o644
_LOG = logging.getLogger(__name__)


def locate(environ: Mapping[str, str]) -> Path | None:
    """The file; None where no unit gave this process a folder."""
    folder = environ.get("RUNTIME_DIRECTORY", "").partition(":")[0]
    return Path(folder, SUMMARY) if folder else None


def write_summary(application: Application) -> None:
    """Write it anew; a failure is logged, and changes no decision."""
    file = locate(os.environ)
    if file is None:
        return
    in_force = application.in_force
    try:
        summary = policy_page.describe_summary(
            application.settings, in_force.state, in_force.judge.policy, in_force.unusable
        )
        write_whole(file, json.dumps(summary).encode(), _EVERYBODY)
    except Exception as error:  # noqa: BLE001 - an error of ours must not leave dockerd without an answer
        why = getattr(error, "strerror", None) or type(error).__name__
        _LOG.warning("%s: users cannot see the policy in force (%s)", file, why)
