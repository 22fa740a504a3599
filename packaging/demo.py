"""`make demo`: a throw-away dockerd guarded by this checkout, harmless work that goes on, and attacks that do not.

Nothing of this machine's own Docker is touched, and nothing stays. Exit status 2 where Docker's packages are missing.
"""

import subprocess
import sys
import textwrap
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.e2e.guarded import GuardedDocker
from tests.e2e.host import missing

WIDTH = 112
# The attack in the guide: a shell in a user's home that any user can run as root.
ATTACK = "docker run --rm -v /home/alicia:/host busybox sh -c 'chown root:root /host/sh && chmod a+s /host/sh'"
STEPS = (
    "docker run --rm -v /home/alicia:/host:ro busybox ls /host",
    ATTACK,
    "ls -l /home/alicia/sh",
    "docker exec --privileged web mount",
)


def main() -> int:
    """Type the steps and show the output."""
    reason = missing()
    if reason:
        print(f"make demo: {reason}")
        return 2
    print("A throw-away dockerd starts, then portero; profile baseline.")
    with GuardedDocker() as docker:
        docker.shell("cp /bin/busybox /home/alicia/sh; chown 1000:1000 /home/alicia/sh")
        docker.shell("docker run -d --init --name web nginx:1.27")
        for step in STEPS:
            _show(step, docker.shell(step))
    print("It is gone, with everything in it.")
    return 0


def _show(step: str, done: "subprocess.CompletedProcess[str]") -> None:
    print(f"$ {step}")
    for line in (done.stdout + done.stderr).splitlines():
        if not line.startswith(("See 'docker run --help'", "WARNING:")) and line:
            print(textwrap.fill(line, WIDTH, initial_indent="  ", subsequent_indent="      ", break_long_words=False))


if __name__ == "__main__":
    sys.exit(main())
