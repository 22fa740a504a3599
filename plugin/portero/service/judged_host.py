"""The host that requests are judged by: where its files are visible, and who can be asked about it."""

import os
import sys
from collections.abc import Sequence

from portero.host.files import HostFiles
from portero.host.held_sockets import HeldSockets
from portero.host.owners import Owners
from portero.objects.lookup import DaemonObjects
from portero.policy.policy import Policy
from portero.service import own_files, resources
from portero.service.daemon_addresses import list_daemon_addresses
from portero.service.load_error import LoadError
from portero.service.settings import Settings

_FIRST_PROCESS = 1


def host_root(settings: Settings) -> str:
    """Where the host's files are visible, or none."""
    if settings.host_root != "auto":
        return str(settings.host_root)
    # A managed plugin is the first process of its container, which shows files of its own.
    return "none" if os.getpid() == _FIRST_PROCESS else "/"


def lacks_daemon(settings: Settings) -> bool:
    """Whether dockerd cannot be asked: a managed plugin sees no process but its own."""
    return settings.docker_host is None and _FIRST_PROCESS in (os.getpid(), os.getppid())


def make_host(settings: Settings, policy: Policy, links: Sequence[str]) -> HostFiles:
    """The host that requests are judged by; `links`: those in the policy folders."""
    spelt = sys.getfilesystemencoding()
    if spelt != "utf-8":
        # dockerd and the kernel take names as the bytes that a client sends, which are UTF-8.
        raise LoadError(
            [f"the locale spells names of files in {spelt}, dockerd in UTF-8: set PYTHONUTF8=1, or LANG=C.UTF-8"]
        )
    root = host_root(settings)
    listening = HeldSockets()
    objects = DaemonObjects(lambda daemon: list_daemon_addresses(settings, daemon))
    try:
        owners = Owners()
    except OSError as error:
        raise LoadError(
            [f"{error.filename}: {error.strerror}: mount /proc, Portero reads there whose files are whose"]
        ) from error
    return HostFiles(
        None if settings.host_root == "auto" else root,
        visible=root != "none",
        sockets=[str(settings.socket)],
        own=[str(resources.package()), *own_files.list_deciding(settings)],
        links=links,
        programs=own_files.list_programs(),
        logs=own_files.list_logs(settings),
        protected=policy.protected_paths,
        listening=listening,
        owners=owners,
        new_lookup=objects.new_names,
        lookups_fail=lambda: objects.name_failed,
        daemon_config=str(settings.daemon_config) if settings.daemon_config else None,
        new_objects=objects.new_lookup if settings.lookups == "auto" else lambda find_daemon: None,
        lookup_state=lambda: objects.state if settings.lookups == "auto" else "off",
    )
