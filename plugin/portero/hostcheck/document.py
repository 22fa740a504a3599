"""The host document (schemas/host.json): everything that rules about the host see, collected in one go."""

from pathlib import Path

from portero.host.asking_daemons import VisibleDockerd
from portero.hostcheck import (
    builds,
    configuration,
    daemon,
    installation,
    kernel,
    listeners,
    managed_plugins,
    open_files,
    plugin_sockets,
    probe,
    updates,
)
from portero.hostcheck.files import Files
from portero.objects.daemon_api import EngineApi
from portero.types import JSON


def collect(files: Files, daemon_config: str, address: str | None, portero: Path, *, ask: bool) -> dict[str, JSON]:
    """The host document.

    `daemon_config`: the path of daemon.json, unless dockerd's command line has another; `address`: dockerd's socket as
    this process sees it, None to look for it; `portero`: Portero's own socket by its settings; `ask`: whether to send
    the probes.
    """
    running, is_read = _find_dockerd(files)
    configured = configuration.read_configuration(files, running, daemon_config)
    found = address or _address(files, configured)
    api = None if found is None else EngineApi(found)
    info = daemon.Info(_info(api))
    own_socket = plugin_sockets.find_named(files, configured, portero)
    return {
        "kernel": kernel.facts(files),
        "openFiles": open_files.facts(files, configured, running),
        "daemon": {
            **daemon.facts(files, running, configured, info, api, processes_read=is_read),
            "managedPlugins": managed_plugins.facts(files, api, daemon.authorization_plugins(configured, info)),
        },
        "builds": builds.facts(files, running, configured),
        "access": listeners.facts(files, configured),
        "storage": kernel.storage_facts(files, daemon.data_root(configured, info), running),
        "updates": updates.facts(files),
        "probes": probe.facts(api if ask else None, own_socket),
        "installation": installation.facts(files, own_socket),
    }


def _find_dockerd(files: Files) -> tuple[VisibleDockerd | None, bool]:
    """The running dockerd, and whether the processes could be read at all."""
    try:
        return configuration.find_dockerd(files), True
    except OSError:
        return None, False


def _address(files: Files, configured: configuration.Configuration) -> str | None:
    """Where this process reaches the first of dockerd's Unix sockets; None: that could not be read."""
    try:
        return files.outside(listeners.unix_sockets(files, configured)[0])
    except OSError:
        return None


def _info(api: EngineApi | None) -> dict[str, JSON] | None:
    """The answer to GET /info; None: there is none, or it is not a JSON object."""
    try:
        return None if api is None else api.get("/info")
    except (OSError, ValueError):
        return None
