"""Collects the host document (schemas/host.json): all facts that the rules about the host check."""

from pathlib import Path

from portero.decide.values.json_fields import JSON
from portero.observe.dockerd.api import EngineApi
from portero.observe.dockerd.visible_dockerd import VisibleDockerd
from portero.observe.files.chroot import Files
from portero.tools.hostcheck import (
    buildkit,
    daemon_facts,
    daemon_settings,
    daemon_sockets,
    file_limits,
    installation,
    kernel,
    managed_plugins,
    plugin_client,
    probe,
    unasked_users,
    updates,
)
from portero.tools.hostcheck.daemon_info import Info


def collect(files: Files, daemon_config: str, address: str | None, portero: Path, *, ask: bool) -> dict[str, JSON]:
    """The host document.

    `daemon_config`: the path of daemon.json, unless dockerd's command line has another; `address`: dockerd's socket as
    this process sees it, None to find it; `portero`: Portero's socket by its settings; `ask`: whether to send the
    probes.
    """
    running, is_read = _find_dockerd(files)
    configured = daemon_settings.read_configuration(files, running, daemon_config)
    address = address or daemon_sockets.find_address(files, configured)
    api = None if address is None else EngineApi(address)
    info = Info(_ask_info(api))
    access = daemon_sockets.collect_facts(files, configured)
    portero_socket = plugin_client.find_named(files, configured, portero)
    return {
        "kernel": kernel.collect_facts(files),
        "openFiles": file_limits.collect_facts(files, configured, running),
        "daemon": {
            **daemon_facts.collect_facts(files, running, configured, info, api, processes_read=is_read),
            "managedPlugins": managed_plugins.collect_facts(
                files, api, daemon_facts.read_authorization_plugins(configured, info)
            ),
        },
        "builds": buildkit.collect_facts(files, running, configured, info),
        "access": {
            **access,
            "unasked": unasked_users.find_unasked_users(files, configured, access),
            "accounts": unasked_users.find_accounts(files, configured, access),
            "pastDoors": unasked_users.find_bypasses(files, configured, access),
        },
        "storage": kernel.collect_storage_facts(files, daemon_facts.read_data_root(configured, info), running),
        "updates": updates.collect_facts(files, api),
        "probes": probe.collect_facts(api if ask else None, portero_socket),
        "installation": installation.collect_facts(files, portero_socket),
    }


def _find_dockerd(files: Files) -> tuple[VisibleDockerd | None, bool]:
    """The running dockerd, and whether the processes could be read at all."""
    try:
        return daemon_settings.find_dockerd(files), True
    except OSError:
        return None, False


def _ask_info(api: EngineApi | None) -> dict[str, JSON] | None:
    """The answer to GET /info; None: there is none, or it is not a JSON object."""
    try:
        return None if api is None else api.get("/info")
    except (OSError, ValueError):
        return None
