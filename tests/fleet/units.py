"""A machine with this checkout's units, and a dockerd under systemd that asks Portero."""

import json
import sys
from pathlib import Path

from tests.paths import ROOT

from .machine import Machine

UNITS = "/etc/systemd/system"
SITE = "/etc/portero/policy/site.json"
SETTINGS = "PORTERO_SCHEMAS=/etc/portero/policy\n"
DAEMON = {"iptables": False, "ip6tables": False}
_PORTERO = f"{sys.executable} -m portero"


def put_units(machine: Machine) -> None:
    """The units of Portero, with a valid policy; they run."""
    machine.wait_until_booted()
    machine.do("systemctl stop portero.service portero.socket 2>/dev/null || true")
    for unit in ("portero.service", "portero.socket"):
        text = (ROOT / "packaging/systemd" / unit).read_text()
        # The state that other tests may have left on the machine below is not this one's.
        text = text.replace("/usr/local/bin/portero", _PORTERO).replace(
            "[Service]\n", f"[Service]\nEnvironment=PYTHONPATH={ROOT / 'plugin'}\n"
        )
        machine.path(f"{UNITS}/{unit}").write_text(text)
    machine.do("rm -rf /var/lib/portero /etc/portero; mkdir -p /etc/portero/policy")
    machine.path("/etc/portero/environment").write_text(SETTINGS)
    machine.path(SITE).write_text("{}")
    machine.do("systemctl daemon-reload; systemctl enable --quiet --now portero.socket portero.service")


def guard(machine: Machine, engine: Path | None = None) -> None:
    """Start dockerd and have it ask Portero, as docs/install.md says. `engine`: another one than the machine's own."""
    drop_in = machine.path(f"{UNITS}/docker.service.d")
    drop_in.mkdir(parents=True)
    (drop_in / "portero.conf").write_text((ROOT / "packaging/files/docker-after-portero.conf").read_text())
    if engine is not None:
        sbin = f"{engine}/root/usr/sbin"
        path = f"{sbin}:{engine}/root/usr/bin:/usr/sbin:/usr/bin"
        (drop_in / "engine.conf").write_text(
            f"[Service]\nEnvironment=PATH={path}\nExecStart=\nExecStart={sbin}/dockerd -H fd://\n"
        )
        machine.do(f"mkdir -p /usr/local/bin; ln -sf {engine}/root/usr/bin/docker /usr/local/bin/docker")
    machine.do("mkdir -p /etc/docker")
    write_daemon_config(machine, ["portero"])
    portero = machine.path("/usr/local/bin/portero")
    portero.parent.mkdir(parents=True, exist_ok=True)
    portero.write_text(f'#!/bin/sh\nexport PYTHONPATH={ROOT / "plugin"}\nexec {_PORTERO} "$@"\n')
    portero.chmod(0o755)
    machine.do("systemctl daemon-reload; systemctl enable --quiet docker; systemctl start docker")


def write_daemon_config(machine: Machine, plugins: list[str]) -> None:
    """daemon.json with these authorization plugins."""
    machine.path("/etc/docker/daemon.json").write_text(json.dumps({**DAEMON, "authorization-plugins": plugins}))
