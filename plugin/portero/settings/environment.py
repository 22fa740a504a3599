"""The defaults of Portero beside a rootless dockerd: an ordinary user may not write to /run/docker, /var/log, /var/lib.

Folders follow the XDG Base Directory Specification, as rootless Docker's own do.
"""

from collections.abc import Mapping

_ROOT = 0


def user_defaults(environ: Mapping[str, str], uid: int) -> dict[str, str]:
    """Setting -> default, for the settings whose default is another one than root's; empty for root."""
    if uid == _ROOT:
        return {}
    runtime = _find_folder(environ, "XDG_RUNTIME_DIR", f"/run/user/{uid}")
    state = _find_folder(environ, "XDG_STATE_HOME", f"{environ.get('HOME', '')}/.local/state")
    return {
        "PORTERO_SOCKET": f"{runtime}/portero/portero.sock",
        "PORTERO_LOG": f"{state}/portero/decisions.jsonl",
        "PORTERO_BUNDLE_FOLDER": f"{state}/portero/bundle",
        "PORTERO_STATE": f"{state}/portero/signed-versions.json",
    }


def _find_folder(environ: Mapping[str, str], name: str, default: str) -> str:
    """A relative path is invalid and is ignored (XDG Base Directory Specification)."""
    named = environ.get(name, "")
    return named if named.startswith("/") else default
