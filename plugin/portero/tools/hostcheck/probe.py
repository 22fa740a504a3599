"""Asks dockerd what is harmless: whether it asks this Portero, shows it every body, and answers at all.

For the bodies these are two requests that Portero must refuse and that create nothing. Each has the image's name twice,
which Portero always refuses (body-duplicate-name) if it sees the body. A daemon with one of the two CVEs hides the
body, and Portero then refuses the missing body instead. Where no plugin enforces, dockerd itself refuses: there is no
such image, and the memory limit is below its minimum.
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from http import HTTPStatus
from pathlib import Path

from portero.decide.reading.routes import LONG_BYTES, TARGET, make_body
from portero.decide.values.dataclass import dataclass
from portero.decide.values.json_fields import JSON, Fact, to_list
from portero.observe.dockerd.api import EngineApi
from portero.observe.files.chroot import Files
from portero.tools.hostcheck import daemon_settings
from portero.tools.hostcheck.daemon_sockets import find_address
from portero.tools.hostcheck.fact import make_fact, make_unknown, observe
from portero.tools.hostcheck.plugin_client import count_decisions

CVE_2024_41110 = "CVE-2024-41110"
CVE_2026_34040 = "CVE-2026-34040"

_ARRIVED = re.compile(r"\bbody-duplicate-name\b")
_HIDDEN = re.compile(r"\bbody-(missing|hidden)\b")
_TOO_LARGE = "request body too large for authorization plugin"


def collect_facts(api: EngineApi | None, portero: Path) -> dict[str, JSON]:
    """The part `probes` of the host document. `api` None: send nothing; `portero`: Portero's socket."""
    before = _count(portero)
    probes: dict[str, JSON] = {
        # Bodies of unknown length were not shown (the condition was ContentLength > 0, and -1 stands for unknown).
        CVE_2024_41110: _send_probe(api, "in chunks", iter([make_body(0)])),
        CVE_2026_34040: _send_probe(api, "of more than 1 MiB", make_body(LONG_BYTES)),
    }
    after, at = _count(portero) if api is not None else None, f"decisions of the Portero at {portero}"
    # dockerd may ask another plugin of the same name: did this one decide something meanwhile?
    return probes | {"arrive": make_unknown(at) if before is None or after is None else make_fact(after > before, at)}


def _count(portero: Path) -> int | None:
    try:
        return count_decisions(portero)
    except (OSError, ValueError):
        return None


def interpret_answer(status: int, message: str) -> str:
    """fixed: the plugin saw the body; vulnerable: it did not; unguarded: no enforcing Portero answered."""
    if status == HTTPStatus.FORBIDDEN and _ARRIVED.search(message):
        return "fixed"
    if status == HTTPStatus.FORBIDDEN and _HIDDEN.search(message):
        return "vulnerable"
    if status == HTTPStatus.INTERNAL_SERVER_ERROR and _TOO_LARGE in message:
        return "fixed"
    if status in (HTTPStatus.BAD_REQUEST, HTTPStatus.NOT_FOUND):
        return "unguarded"
    raise ValueError(f"status {status} is not an expected one")


def _send_probe(api: EngineApi | None, how: str, body: bytes | Iterator[bytes]) -> Fact:
    at = f"POST /containers/create with a body {how}"
    if api is None:
        return make_unknown(f"{at} (not sent)")
    return observe(at, lambda: interpret_answer(*api.post(TARGET, body)))


# It is allowed without a policy, and with settings that cannot be used.
_HARMLESS = "/version"
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
        configuration = daemon_settings.read_running_configuration(files, daemon_config)
    except OSError as error:
        return Guarded("", f"no dockerd can be seen (/proc: {error.strerror}); run it as root")
    if (address := address or find_address(files, configuration)) is None:
        return Guarded("", "where dockerd listens cannot be read; run it as root, or name the socket: --docker-host")
    try:
        before = count_decisions(portero)
        with suppress(ValueError):  # refused, and by whom the count says
            EngineApi(address).get(_HARMLESS)
        is_guarded = count_decisions(portero) > before
    except (OSError, ValueError) as error:
        why = (error.strerror if isinstance(error, OSError) else "") or "no answer"
        cure = next(
            (cure for kind, cure in _CURES.items() if isinstance(error, kind)), "portero help when-docker-hangs"
        )
        return Guarded(address, f"{address}: dockerd does not answer ({why}); {cure}")
    if is_guarded:
        return Guarded(address)
    file, named = configuration.file, to_list(configuration.read_texts("authorization-plugins")["value"])
    if any(str(name).startswith("portero") for name in named):
        cure = f"{file} names it: run systemctl reload docker; docker plugin ls must show no other of its name"
    else:
        cure = f'add "authorization-plugins": ["portero"] to {file} and run systemctl reload docker'
    return Guarded(address, f"{address}: dockerd answers without asking portero; {cure}")


# Of what the host document needs the one request that no policy at all refuses too.
_UNREFUSED = "/networks"


def explain_unseen(files: Files, daemon_config: str, address: str | None) -> Iterator[str]:
    """At most one sentence; `daemon_config` and `address` as in host_document.collect()."""
    try:
        dockerd = None if address else daemon_settings.find_dockerd(files)
    except OSError:  # a finding says so
        return
    address = address or find_address(files, daemon_settings.read_configuration(files, dockerd, daemon_config))
    if address is None:
        return
    try:
        EngineApi(address).get_list(_UNREFUSED)
    except (FileNotFoundError, ConnectionRefusedError):  # no dockerd runs, which a finding says
        return
    except OSError as error:
        yield (
            f"{address}: dockerd does not answer ({error.strerror or 'timed out'}), so much is unknown here;"
            " portero help when-docker-hangs has the way out"
        )
    except ValueError as error:
        yield f"{address}: dockerd does not say what it is asked, so much is unknown here: {error}"
