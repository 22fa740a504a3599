"""Who to be at a server: the logins in a file as `docker login` writes it (config.json), by the server's name."""

import base64
import os
import stat
from pathlib import Path
from typing import Any

from portero.files.whole_files import read_regular_file
from portero.values.json_objects import load_object


class LoginRefused(Exception):
    """One sentence: why the file of logins cannot be used."""


def read_login(file: Path | None, host: str) -> str | None:
    """The header Authorization for a host, None without a login for it. Raises LoginRefused."""
    if file is None:
        return None
    try:
        if stat.S_IMODE(os.stat(file).st_mode) & 0o077:
            raise LoginRefused(f"{file}: others can read these logins: chmod 600 it")
        document: Any = load_object(read_regular_file(file))
        entry = document.get("auths", {}).get(host)
        if entry is None:
            return None
        login = entry["auth"]
        if b":" not in base64.b64decode(login, validate=True):
            raise ValueError
    except OSError as error:
        raise LoginRefused(f"{file}: cannot be read ({error.strerror})") from error
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise LoginRefused(f"{file}: is not as `docker login` writes it, without a credential helper") from error
    return f"Basic {login}"
