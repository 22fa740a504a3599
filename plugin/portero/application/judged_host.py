"""The host that requests are judged by: where its files are visible, and who can be asked about it."""

import sys
from collections.abc import Sequence
from functools import partial

from portero.application.daemon_addresses import list_daemon_addresses
from portero.dockerd.finder import AskingDaemons
from portero.files import package_files
from portero.files.owners import Owners
from portero.host.home_links import read_homes
from portero.host.live_host import HostFiles
from portero.host.read_ahead import ReadAhead
from portero.host.root_programs import read_root_programs
from portero.host.sockets import read_sockets
from portero.objects.followed_daemons import FollowedDaemons
from portero.objects.lookup import DaemonObjects
from portero.objects.network_names import DaemonNetworks
from portero.objects.writer_memory import WriterMemory
from portero.policy.policy import Policy
from portero.reading.routes import Routes
from portero.settings import own_files
from portero.settings.settings import Settings
from portero.values.errors import LoadError

# Programs of root come and go with units and packages.
_PROGRAMS_SECONDS = 30.0
# Folders and links of homes, with what users install.
_HOMES_SECONDS = 10.0


def make_host(settings: Settings, policy: Policy, links: Sequence[str], routes: Routes) -> HostFiles:
    """The host that requests are judged by; `links`: those in the policy folders."""
    if (encoding := sys.getfilesystemencoding()) != "utf-8":
        # dockerd and the kernel take names as the bytes that a client sends, which are UTF-8.
        raise LoadError(
            [f"the locale spells names of files in {encoding}, dockerd in UTF-8: set PYTHONUTF8=1, or LANG=C.UTF-8"]
        )
    root = settings.visible_root
    addresses = partial(list_daemon_addresses, settings)
    daemons = AskingDaemons()
    followed = FollowedDaemons(routes, daemons.find, addresses)
    objects = DaemonObjects(addresses, WriterMemory(settings.writers), followed.at)
    networks = DaemonNetworks(addresses)
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
        portero=[str(package_files.package()), *own_files.list_deciding(settings)],
        links=links,
        programs=own_files.list_programs(),
        logs=own_files.list_logs(settings),
        protected=policy.protected_paths,
        listening=ReadAhead(lambda root: read_sockets()),
        programs_of_root=ReadAhead(read_root_programs, seconds=_PROGRAMS_SECONDS),
        homes=ReadAhead(read_homes, seconds=_HOMES_SECONDS),
        owners=owners,
        new_lookup=networks.new_lookup,
        lookups_fail=lambda: networks.has_failed,
        daemon_config=str(settings.daemon_config) if settings.daemon_config else None,
        new_objects=objects.new_lookup if settings.lookups == "auto" else lambda find_daemon: None,
        lookup_state=lambda: objects.state if settings.lookups == "auto" else "off",
        daemons=daemons,
        followed=followed if settings.lookups == "auto" else None,
    )
