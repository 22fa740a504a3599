"""Whether the running dockerd asks this Portero: a request that changes nothing must be among its decisions."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from portero.dockerd.api import EngineApi
from portero.files.chroot import Files
from portero.hostcheck import daemon_settings
from portero.hostcheck.host_document import find_address
from portero.hostcheck.plugin_client import count_decisions
from portero.values.json_fields import to_list

# It is allowed without a policy, and with settings that cannot be used.
_ASKED = "/version"
_CURES: Mapping[type[Exception], str] = {
    PermissionError: "run it as root",
    FileNotFoundError: "start it: systemctl start docker",
    ConnectionRefusedError: "start it: systemctl start docker",
}


@dataclass(frozen=True, slots=True)
class Guarded:
    """`why_not`: a sentence with the cure; empty where dockerd at this address asked."""

    address: str
    why_not: str = ""


def prove_guarded(files: Files, daemon_config: str, address: str | None, portero: Path) -> Guarded:
    """Ask dockerd, and count what the Portero at this socket decided meanwhile.

    `address`: of dockerd, a path; None: that of the one that is seen. A request of another dockerd that asks the same
    Portero at this moment counts too.
    """
    try:
        configuration = daemon_settings.read_configuration(files, daemon_settings.find_dockerd(files), daemon_config)
    except OSError as error:
        return Guarded("", f"no dockerd can be seen (/proc: {error.strerror}); run it as root")
    if (address := address or find_address(files, configuration)) is None:
        return Guarded("", "where dockerd listens cannot be read; run it as root, or name the socket: --docker-host")
    try:
        before = count_decisions(portero)
        with suppress(ValueError):  # refused, and by whom the count says
            EngineApi(address).get(_ASKED)
        asked = count_decisions(portero) > before
    except (OSError, ValueError) as error:
        why = (error.strerror if isinstance(error, OSError) else "") or "no answer"
        cure = next((cure for kind, cure in _CURES.items() if isinstance(error, kind)), "docs/when-docker-hangs.md")
        return Guarded(address, f"{address}: dockerd does not answer ({why}); {cure}")
    if asked:
        return Guarded(address)
    file, named = configuration.file, to_list(configuration.texts("authorization-plugins")["value"])
    if any(str(name).startswith("portero") for name in named):
        cure = f"{file} names it: run systemctl reload docker; docker plugin ls must show no other of its name"
    else:
        cure = f'add "authorization-plugins": ["portero"] to {file} and run systemctl reload docker'
    return Guarded(address, f"{address}: dockerd answers without asking portero; {cure}")
