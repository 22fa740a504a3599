"""`make install` to `make uninstall` on a machine with systemd: it is as it was, but for what is named as kept."""

import pytest

from tests.paths import ROOT

from .installed import installed
from .machine import Machine

pytestmark = pytest.mark.e2e
DAEMON = '{"iptables": false, "ip6tables": false%s}'
ASKS = ', "authorization-plugins": ["portero"]'
# What this checkout, Docker and systemd write meanwhile, whatever is installed.
_OTHERS = "/proc /sys /dev /tmp /var/tmp /srv /root /home /work /run/systemd /run/docker /run/containerd /run/log"
_OTHERS += f" {ROOT} /var/lib/docker /var/lib/containerd /var/log/journal /var/lib/systemd"
_SKIPPED = " -o ".join(f"-path {each}" for each in _OTHERS.split())
STATE = "; ".join(
    (
        f"find / \\( {_SKIPPED} \\) -prune -o -not -path /var/lib/docker/tmp -print",
        "findmnt -rno TARGET | grep -v '^/var/lib/docker/\\(overlay\\|rootfs\\)'",
        "getent passwd",
        "getent group",
        "systemctl list-unit-files --no-legend | cut -d' ' -f1",
    )
)
KEPT = {"/var/log/portero", "/var/log/portero/decisions.jsonl"}


def test_the_machine_is_as_it_was(tmp_path_factory: pytest.TempPathFactory) -> None:
    before = list[str]()

    def note(machine: Machine) -> None:
        # What another Portero left on the machine below is not this one's.
        machine.do("rm -rf /var/lib/portero* /var/log/portero /run/portero* /etc/portero /opt/portero")
        machine.do("mkdir -p /etc/docker; systemctl start docker")
        before.extend(machine.do(STATE).splitlines())

    with installed(tmp_path_factory, "DEVICES=closed", note) as (machine, _):
        machine.path("/etc/docker/daemon.json").write_text(DAEMON % ASKS)
        machine.do("portero devices close --stop-containers")
        assert "/var/lib/docker/tmp" in machine.do("findmnt -rno TARGET")
        machine.do("docker volume create data && docker volume rm data")
        # There is no bundle to fetch.
        machine.shell("systemctl start portero-bundle")
        machine.do("portero door enable --yes && portero door disable --yes", timeout=200)
        machine.path("/etc/docker/daemon.json").write_text(DAEMON % "")
        machine.do("systemctl reset-failed docker; systemctl restart docker")
        said = machine.do(f"cd {ROOT} && packaging/install.sh uninstall")
        machine.do("rm /etc/docker/daemon.json; docker ps")
        after = machine.do(STATE).splitlines()

    assert "kept, because they hold what is yours: /var/log/portero\n" in said
    assert {*after} - {*before} == KEPT
    assert {*before} - {*after} == set()
