"""The walks through the pages of Start and Operate: what is typed before and between their blocks, and how blocks end.

Every block without a mark is pasted (tests/fleet/test_pages.py). A new one is so by itself, or says why not.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from tests.paths import ROOT

NOTHING: Mapping[str, str] = MappingProxyType({})
UNNAME = """sed -i 's/"portero"//' /etc/docker/daemon.json && systemctl reload docker"""
DAEMON = '{"authorization-plugins": ["portero"], "live-restore": true}'
_CLEAN = "rm -rf alice* next policy policy-v2 tls tokens* requests.jsonl /var/log/portero/*"
_STOP = "systemctl stop portero-metrics.socket 2>/dev/null || true"
# Portero is on no path, and dockerd asks nothing.
FRESH = f"""{_CLEAN}
if [ -e /opt/portero ]; then {UNNAME}; make uninstall; fi
rm -rf /etc/portero /var/lib/portero
echo '{{}}' > /etc/docker/daemon.json && systemctl reload docker && rm /etc/docker/daemon.json"""
# `make install` has run, nothing is set, and dockerd does not ask yet.
UNASKED = f"""{_CLEAN}; {_STOP}
[ -e /opt/portero ] || make install
rm -rf /etc/portero/policy* /etc/portero/*.pub /var/lib/portero/*
mkdir /etc/portero/policy && echo '{{}}' > /etc/portero/policy/site.json
cp packaging/files/environment /etc/portero/environment && systemctl restart portero
echo '{{"live-restore": true}}' > /etc/docker/daemon.json && systemctl reload docker"""
ASKED = f"{UNASKED}\necho '{DAEMON}' > /etc/docker/daemon.json && systemctl reload docker && sleep 1"
SWARM = f"""{UNASKED}
echo '{{"live-restore": false}}' > /etc/docker/daemon.json && systemctl reload docker && sleep 1
docker swarm init --advertise-addr 127.0.0.1
tar -C /srv/box -c . | docker import -c 'CMD ["sleep", "9999"]' - nginx:1.27
echo '{{"authorization-plugins": ["portero"]}}' > /etc/docker/daemon.json && systemctl reload docker && sleep 1"""
DENIES = "docker run --rm --privileged busybox true"
ASKS = "portero status --expect-guarded"


@dataclass(frozen=True)
class Walk:
    """How one page is pasted.

    `between`: typed before the block that begins so. `answers`: to questions of the block that begins so.
    `ends`: the exit statuses of blocks with this last line, one after the other, where they are not 0.
    """

    before: str = ASKED
    between: Mapping[str, str] = NOTHING
    answers: Mapping[str, str] = NOTHING
    ends: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    after: str = ""


DOORS = """echo '{"doors": [{"name": "users"}]}' > /etc/portero/policy/site.json && systemctl reload portero"""
WALKS = {
    "quickstart.md": Walk(
        FRESH, {"systemctl reload docker": UNNAME}, ends={ASKS: (1, 0), DENIES: (125,)}, after="test ! -e /opt/portero"
    ),
    "install.md": Walk(
        FRESH,
        # The package takes the place of the other installation, not of its settings.
        {"make uninstall": UNNAME, "make deb": "rm -rf /etc/portero"},
        ends={ASKS: (1,), "docker portero try -- docker run -p 80:80 nginx": (1,)},
        after=f"{UNNAME} && apt-get purge -qq -y portero && test ! -e /usr/lib/portero",
    ),
    "when-docker-hangs.md": Walk(
        f"{ASKED}\n{DOORS}\nportero door enable --yes",
        {"systemctl is-active --quiet docker": """sed -i 's/"portero"//' /etc/docker/daemon.json"""},
        {"portero door disable": "y"},
        after=DENIES,
    ),
    "roll-out.md": Walk(
        f"{UNASKED}\nmkdir -p /srv/uploads /srv/app"
        "\necho 'services: {web: {image: nginx}}' > /srv/app/compose.yaml",
        {"portero replay requests.jsonl": "cp /var/log/portero/requests.jsonl . && cp -r next policy-v2"},
        ends={
            "portero host": (1,),
            "docker run --rm -v /:/host busybox true": (125,),
            "docker run --rm alpine true": (125,),
            # At the end something of the day has no suggestion.
            "portero suggest /var/log/portero/requests.jsonl": (0, 1),
        },
    ),
    "identity.md": Walk(f"{ASKED}\nmkdir -p policy/keys"),
    "doors.md": Walk(answers={"portero door enable": "y"}, after="portero door disable --yes"),
    "policy-folders.md": Walk(
        f"{ASKED}\nmkdir policy && echo '{{}}' > policy/site.json",
        {
            "install -m 644 alice-2.pub": "portero bundle rotate policy/ --old alice.pub --key alice-2",
            "sed -i 's|^PORTERO_TRUSTED_KEYS=.*|PORTERO_TRUSTED_KEYS=": "cp policy/* /etc/portero/policy/ && sleep 5",
        },
        after="portero status | grep '^signed .*version 2'",
    ),
    "scan.md": Walk(),
    "host-check.md": Walk(ends={"portero host": (1,)}),
    # Not all items hold on any host.
    "compliance.md": Walk(
        f"{ASKED}\n{DENIES} || true",
        ends={"portero report --benchmark cis --check-host /var/log/portero/decisions.jsonl*": (1,)},
    ),
    "metrics.md": Walk(after="curl -sf http://127.0.0.1:9323/metrics | grep portero_enforcing"),
    "forwarding.md": Walk(
        f"{ASKED}\necho PORTERO_LOG=journald >> /etc/portero/environment && systemctl restart portero\n{DENIES} || true"
    ),
    "backup.md": Walk(after="tar -tzf /root/portero-backup.tar.gz etc/portero/environment"),
    "rootless.md": Walk(
        f"{ASKED}\nid alice || useradd -m alice",
        after="systemctl disable --now portero-rootless@alice.socket portero-rootless@alice.service"
        "; rm /etc/docker/plugins/portero-alice.spec",
    ),
    "apparmor.md": Walk(),
    "swarm.md": Walk(SWARM, after=f"docker service rm web && {UNNAME} && sleep 1 && docker swarm leave --force"),
}


def list_pages() -> list[str]:
    """The pages of Start and Operate, in the order of the index."""
    index = (ROOT / "docs" / "README.md").read_text()
    sections = re.split(r"^## ", index, flags=re.MULTILINE)
    chosen = [section for section in sections if section.startswith(("Start\n", "Operate\n"))]
    return [page for section in chosen for page in re.findall(r"^- \[[^\]]+\]\(([^)]+\.md)\)", section, re.MULTILINE)]
