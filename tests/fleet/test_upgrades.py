"""An upgrade from versions that users have, with policy, log and doors: it refuses nothing, and goes back whole.

Then the way back to the old version, forth again, and out: the folder that the old settings name is a link meanwhile.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.conftest import give_up
from tests.packaging.conftest import find_release, gather, make_once
from tests.paths import ROOT

from .machine import Machine, boot_one

pytestmark = pytest.mark.e2e
DAEMON = {"iptables": False, "ip6tables": False, "live-restore": True, "authorization-plugins": ["portero"]}
# Each with a site and a setting of its time, and what the upgrade says of the setting.
VERSIONS = {
    "e174fdb": ({"pids-max": 300}, "PORTERO_WORKERS=1", "PORTERO_WORKERS: gone since 2026-11-28: use PORTERO_THREADS"),
    "52d83e26": ({"doors": [{"name": "users"}], "actions": {"unseen-device-nodes": "off"}}, "", ""),
}
TIMER = "portero-bundle.timer"
LOAD = "docker ps >/dev/null 2>>/run/failed; docker volume create data >/dev/null 2>>/run/failed"


def unpack(factory: pytest.TempPathFactory, commit: str) -> tuple[Path, Path]:
    """The checkout of a commit, and the wheels for it."""
    if subprocess.run(["git", "cat-file", "-e", commit], cwd=ROOT, stderr=subprocess.DEVNULL, check=False).returncode:
        give_up(f"the history of this checkout does not have {commit}")

    def make(folder: Path) -> None:
        folder.mkdir()
        archive = subprocess.run(["git", "archive", commit], cwd=ROOT, stdout=subprocess.PIPE, check=True)
        subprocess.run(["tar", "-x", "-C", folder], input=archive.stdout, check=True)
        words = [folder / "packaging/gather.sh", folder / "wheels", find_release()]
        subprocess.run(words, check=True, timeout=900, env={**os.environ, "PYTHON": sys.executable})

    checkout = make_once(factory, f"checkout-{commit}", make)
    return checkout, checkout / "wheels"


@pytest.mark.parametrize("commit", VERSIONS)
def test_an_upgrade_refuses_nothing_and_goes_back_whole(tmp_path_factory: pytest.TempPathFactory, commit: str) -> None:
    site, setting, gone = VERSIONS[commit]
    checkout, old = unpack(tmp_path_factory, commit)
    new = gather(tmp_path_factory, find_release())
    with boot_one() as machine:
        machine.wait_until_booted()
        machine.do("rm -rf /var/lib/portero* /etc/portero /run/portero* /opt/portero; mkdir -p /etc/docker")
        install = "PYTHON={} WHEELS={} packaging/install.sh {}"
        machine.do(f"cd {checkout} && {install.format(sys.executable, old, 'install')}", timeout=500)
        machine.path("/etc/portero/site/site.json").write_text(json.dumps(site))
        machine.path("/etc/docker/daemon.json").write_text(json.dumps(DAEMON))
        machine.do(f"printf 'PORTERO_PROFILE=baseline\\n{setting}\\n' >> /etc/portero/environment")
        machine.do("systemctl restart portero && systemctl restart docker && docker ps")
        if "doors" in site:
            machine.do("portero door enable --yes", timeout=200)
        units = machine.do("ls /usr/local/lib/systemd/system")
        lines = len(machine.path("/var/log/portero/decisions.jsonl").read_text().splitlines())
        machine.do(f"(while [ ! -e /run/enough ]; do {LOAD}; done &) >/dev/null 2>&1")

        upgrade = f"cd {ROOT} && {install.format(sys.executable, new, 'upgrade')}"
        if gone:
            back = machine.shell(upgrade, timeout=500)
            assert (back.returncode, gone in back.stderr, "went back to" in back.stderr) == (2, True, True), back.stderr
            assert machine.do("ls /usr/local/lib/systemd/system") == units
            machine.do("sed -i /^PORTERO_WORKERS/d /etc/portero/environment")
        upgraded = machine.do(upgrade, timeout=500)
        machine.do("touch /run/enough")

        assert "kept /etc/portero/environment, which you changed" in upgraded
        assert machine.do("cat /run/failed") == ""
        _look_at(machine, site, lines)
        newer = machine.do("readlink /opt/portero/current")
        # docs/install.md: an old installer takes away units that it does not know, and does not stop them.
        if TIMER not in units:
            machine.do(f"systemctl disable --quiet --now {TIMER}")
        machine.do(f"cd {checkout} && {install.format(sys.executable, old, 'upgrade')}", timeout=500)
        assert machine.do("readlink /opt/portero/current") != newer
        _look_at(machine, site, lines)
        machine.do(upgrade, timeout=500)
        assert machine.do("readlink /opt/portero/current") == newer
        _look_at(machine, site, lines)
        assert "guarded    yes" in machine.shell("portero status --expect-guarded").stdout
        if "doors" in site:
            machine.do("portero door disable --yes", timeout=200)
        machine.path("/etc/docker/daemon.json").write_text(json.dumps(DAEMON | {"authorization-plugins": []}))
        machine.do("systemctl reload docker")
        removed = machine.do(f"cd {ROOT} && {install.format(sys.executable, new, 'uninstall')}")

        assert "kept, because they hold what is yours: /etc/portero" in removed
        assert machine.do("ls /etc/portero") == "environment\npolicy\n"


def _look_at(machine: Machine, site: dict[str, object], lines: int) -> None:
    """The policy, the log and the doors are those of before, and dockerd asks."""
    assert machine.do("readlink /etc/portero/site") == "policy\n"
    assert json.loads(machine.do("cat /etc/portero/site/site.json")) == site
    assert machine.do("cat /etc/portero/policy/site.json") == machine.do("cat /etc/portero/site/site.json")
    assert len(machine.path("/var/log/portero/decisions.jsonl").read_text().splitlines()) > lines
    assert "no-privileged" in machine.shell("docker create --privileged busybox true").stderr
    assert machine.shell("systemctl --failed --no-legend").stdout == ""
    if "doors" in site:
        assert '"identifiedBy":"door"' in machine.do("tail -1 /var/log/portero/decisions.jsonl")
