"""Why a check of the host sees little of dockerd: it does not answer, or it refuses to."""

from collections.abc import Iterator

from portero.dockerd.api import EngineApi
from portero.files.chroot import Files
from portero.hostcheck import daemon_settings
from portero.hostcheck.host_document import find_address

# Of what the host document needs the one request that no policy at all refuses too.
_ASKED = "/networks"


def explain_unseen(files: Files, daemon_config: str, address: str | None) -> Iterator[str]:
    """At most one sentence; `daemon_config` and `address` as in host_document.collect()."""
    if (address := address or _find_address(files, daemon_config)) is None:
        return
    try:
        EngineApi(address).get_list(_ASKED)
    except (FileNotFoundError, ConnectionRefusedError):  # no dockerd runs, which a finding says
        return
    except OSError as error:
        yield (
            f"{address}: dockerd does not answer ({error.strerror or 'timed out'}), so much is unknown here;"
            " docs/when-docker-hangs.md has the way out"
        )
    except ValueError as error:
        yield f"{address}: dockerd does not say what it is asked, so much is unknown here: {error}"


def _find_address(files: Files, daemon_config: str) -> str | None:
    try:
        dockerd = daemon_settings.find_dockerd(files)
    except OSError:  # a finding says so
        return None
    return find_address(files, daemon_settings.read_configuration(files, dockerd, daemon_config))
