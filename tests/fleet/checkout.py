"""A machine with this checkout and the wheels for it, as a newcomer has one, and blocks of a page typed there."""

import json
import shlex
import shutil
import subprocess

import pytest

from tests.packaging.conftest import gather
from tests.paths import ROOT

from .machine import Machine

CHECKOUT = "/root/portero"
DAEMON = "/etc/docker/daemon.json"
# No table of the kernel's packet filter is this machine's own.
_OPTIONS = 'DOCKER_OPTS="--iptables=false --ip6tables=false"\n'


def bring_checkout(
    machine: Machine, factory: pytest.TempPathFactory, daemon: "dict[str, object] | None" = None
) -> None:
    """Copy it there, and import an image of busybox. Nothing of Portero is there.

    `daemon`: what daemon.json says, instead of dockerd's own options. There is no such file without it.
    """
    machine.wait_until_booted()
    machine.do("rm -rf /var/lib/portero* /var/log/portero /etc/portero /run/portero* /opt/portero /etc/docker/*")
    machine.path("/etc/default/docker").write_text("" if daemon else _OPTIONS)
    if daemon:
        machine.path(DAEMON).parent.mkdir(exist_ok=True)
        machine.path(DAEMON).write_text(json.dumps(daemon))
    machine.path(CHECKOUT).mkdir()
    files = subprocess.check_output(["git", "ls-files", "-z"], cwd=ROOT, text=True).split("\0")[:-1]
    for name in filter(lambda name: (ROOT / name).is_file(), files):
        place = machine.path(CHECKOUT) / name
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, place)
    version = machine.do("/usr/bin/python3 -c 'import sys; print(\"%d.%d\" % sys.version_info[:2])'").strip()
    shutil.copytree(gather(factory, version), machine.path("/srv/wheels"))
    machine.do("systemctl enable --quiet docker containerd; systemctl restart docker")
    machine.do("mkdir -p /srv/box/bin; cp /bin/busybox /srv/box/bin")
    machine.do(
        "for name in true sh echo touch sleep; do ln -s busybox /srv/box/bin/$name; done;"
        " tar -C /srv/box -c . | docker import - busybox"
    )


def type_lines(
    machine: Machine, lines: str, answer: str = "", *, timeout: float = 500
) -> "subprocess.CompletedProcess[str]":
    """Type a block of the page as root, in the checkout. There is no network: the wheels were gathered.

    `answer`: to the question that it asks at a terminal.
    """
    typed = f"cd {CHECKOUT}; export PYTHON=/usr/bin/python3 WHEELS=/srv/wheels EDITOR=true\n{lines}"
    if answer:
        words = f"bash -c {shlex.quote(typed)}"
        typed = f"(sleep 5; echo {answer}) | script -qec {shlex.quote(words)} /dev/null"
    return machine.shell(typed, timeout=timeout)
