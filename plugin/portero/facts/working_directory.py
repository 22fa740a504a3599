"""The working directory of a container, an exec or a service: whether it leads through what a process has open.

/proc/self/fd/8 names what the runtime itself has open when it changes to the working directory: with runc up to 1.1.11
a folder of the host (CVE-2024-21626). dockerd cleans the path of a container (daemon/container.go,
validateContainerConfig) and hands that of an exec on unchanged, so that `/proc/self/fd/8/../..` goes up from where
the descriptor leads (both measured on 20.10 and 26.1). Links in the image or in a volume cannot be seen here.
"""

import re

from portero.values.json_fields import text
from portero.values.json_types import Fact

_PROCESS = re.compile(r"self|thread-self|[0-9]+")
# Links in a process's folder that lead to a folder.
_LINKS = frozenset({"fd", "cwd", "root"})
# With .. the kernel goes up from where a link led: /proc/net/../fd/8 is /proc/self/fd/8. No ordinary path does that.
_CLIMBS_FROM = frozenset({"proc", "fd"})


def read_working_directory(body: Fact, name: str, at: str) -> Fact:
    """The field `name` of the body, as sent; empty: the image's, which is seen where the container is started."""
    path = text(body, name)
    return {"value": path, "ofProcess": _leads_through_process(path), "at": at}


def _leads_through_process(path: str) -> bool:
    if "proc" not in path and "fd" not in path:
        return False
    # A relative one is refused by dockerd or runc (measured); it counts as one from the root.
    parts = [part for part in path.split("/") if part not in ("", ".")]
    if ".." in parts:
        return not _CLIMBS_FROM.isdisjoint(parts)
    if parts[:1] == ["proc"]:
        return _PROCESS.fullmatch("".join(parts[1:2])) is not None and not _LINKS.isdisjoint(parts[2:])
    return parts[:2] == ["dev", "fd"]
