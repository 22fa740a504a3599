"""A root file system of this machine's Debian, for images that come from no registry."""

import shutil
import subprocess
from pathlib import Path

from .conftest import give_up

# The smallest Debian with these packages, of the files of this machine's own (documentation may be left out).
_PACK = """
list() {
  dpkg-query --show --showformat '${Essential} ${Package}\\n' | sed -n 's/^yes //p'
  apt-cache depends --recurse --important --installed "$@" | sed -n 's/^\\([a-z0-9][^:]*\\).*/\\1/p'
}
made='tmp root var run etc/passwd etc/group etc/ssl/certs/ca-certificates.crt'
{ dpkg --listfiles $(list "$@" | sort -u); printf '/%s\\n' $made; } | sort -u |
  tar -C / --no-recursion --ignore-failed-read -T - -c 2>/dev/null
"""


def pack_debian(*packages: str) -> bytes:
    """The tar stream of it."""
    lacking = [name for name in packages if not Path(f"/var/lib/dpkg/info/{name}.list").exists()]
    if shutil.which("dpkg") is None or lacking:
        give_up(f"a base image of its own needs Debian's packages: apt-get install {' '.join(lacking)}")
    return subprocess.run(["sh", "-c", _PACK, "sh", *packages], check=True, capture_output=True, timeout=100).stdout
