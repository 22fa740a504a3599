"""What the search of a built site shows first, asked with node as a browser asks it; `make site` runs it.

usage: python tests/project/site_search.py SITE      Exit status 1: another page is first, or none.
"""

import json
import shutil
import subprocess
import sys
from pathlib import Path

# What people type, and the page that they want.
WANTED = {
    "--privileged": "rules/no-privileged.html",
    "--cap-add": "rules/capabilities.html",
    "docker.sock": "rules/no-daemon-sockets.html",
    "--network host": "rules/no-host-network.html",
    "--pids-limit": "rules/pids-limit.html",
    "authorization denied by plugin": "docs/denied.html",
    "allowlist": "docs/denied.html",
    "whitelist": "docs/denied.html",
    "FAQ": "docs/denied.html",
    "quickstart": "docs/quickstart.html",
    "exit code": "docs/commands.html",
}


def main(site: str) -> int:
    """Print a line for each query that finds another page."""
    if shutil.which("node") is None:
        print("SKIPPED: what the search finds: node is missing")
        return 0
    script = Path(__file__).with_name("ask_index.js")
    asked = subprocess.run(["node", script, site, *WANTED], capture_output=True, text=True, check=True, timeout=300)
    first = [(json.loads(line) or ["nothing"])[0].partition("#")[0] for line in asked.stdout.splitlines()]
    wrong = [
        f"{query}: the search shows {found}, not {page}"
        for (query, page), found in zip(WANTED.items(), first, strict=True)
        if page != found
    ]
    print(*wrong, sep="\n", end="\n" if wrong else "")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
