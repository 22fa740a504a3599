"""Names of files in folders that rootlesskit has copied up: a path and the mounts in, the name on the host out.

With --copy-up=/etc rootlesskit moves /etc to /etc/.roN, N a number, and mounts a tmpfs of links to it over /etc
(rootlesskit pkg/copyup/tmpfssymlink). What dockerd opens as /etc/.roN/x is the host's /etc/x.
"""

import re
from collections.abc import Callable, Iterable, Iterator

from portero.decide.values.path import is_within
from portero.observe.files.mount_table import MountTable

# What dockerd-rootless.sh has copied up.
_COPY = re.compile(r"(?P<copy>(?P<folder>/etc|/run)/\.ro[0-9]+)(?P<rest>/.*|)")


def find_name_on_host(path: str, read_mounts: Callable[[], MountTable]) -> str:
    """The name of a path without links; the path itself where it lies in no copy. Raises OSError of reading mounts."""
    match = _COPY.fullmatch(path)
    if match is None:
        return path
    mounts = read_mounts()
    over, copy = mounts.find_mount(match["folder"]), mounts.find_mount(path)
    moved = copy.point == match["copy"] and copy.parent == over.id
    if moved and over.point == match["folder"] and over.type == "tmpfs":
        return f"{match['folder']}{match['rest']}"
    return path


def drop_copies(path: str, names: Iterable[str], mounts: MountTable) -> Iterator[str]:
    """Other names of a path and of what lies below it, without those that are its own in a copy.

    dockerd-rootless.sh binds /etc/.roN/ssl over /etc/ssl.
    """
    for name in names:
        on_host = find_name_on_host(name, lambda: mounts)
        if on_host == name or not is_within(on_host, path):
            yield name
