"""The host document (schemas/host.json): everything that rules about the host see, collected in one go."""

from portero.hostcheck import configuration, daemon, kernel, listeners, open_files, probe, process, storage
from portero.hostcheck.api import Api
from portero.hostcheck.files import Files
from portero.types import JSON


def collect(files: Files, daemon_config: str, address: str | None, *, ask: bool) -> dict[str, JSON]:
    """Reads the host. `daemon_config`: where daemon.json is, unless dockerd's command line says; `address`: dockerd's
    socket as this process sees it, None to look for it; `ask`: whether to send the probes.
    """
    running = process.find(files)
    configured = configuration.read(files, running, daemon_config)
    found = address or _address(files, configured)
    api = None if found is None else Api(found)
    info = daemon.Info(_info(api))
    return {
        "kernel": kernel.facts(files),
        "openFiles": open_files.facts(files, configured),
        "daemon": daemon.facts(files, running, configured, info),
        "access": listeners.facts(files, configured),
        "storage": storage.facts(files, daemon.data_root(configured, info), running),
        "probes": probe.facts(api if ask else None),
    }


def _address(files: Files, configured: configuration.Configuration) -> str | None:
    """The first of dockerd's Unix sockets; None: it cannot be looked for."""
    try:
        return files.outside(listeners.unix_sockets(files, configured.texts("hosts"))[0])
    except OSError:
        return None


def _info(api: Api | None) -> dict[str, JSON] | None:
    """None: nobody answers there, or nothing that makes sense."""
    try:
        return None if api is None else api.get("/info")
    except (OSError, ValueError):
        return None
