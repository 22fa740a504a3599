"""portero-bundle.service under a real systemd: what its account can reach, and a walk from a folder to bundles.

The tests are steps of one walk, in this order.
"""

import base64
import json
import re
import time
from collections.abc import Iterator

import pytest

from tests.packaging.package import build_package
from tests.paths import ROOT
from tests.tools.registries.docker_registry import HTPASSWD

from .fleet import Fleet, wait_until
from .machine import Machine, boot_one

pytestmark = pytest.mark.e2e
ADDRESS = "oci://web1:5000/team/policy:prod"
REGISTRY = """
version: 0.1
storage: {filesystem: {rootdirectory: /var/lib/docker-registry}}
auth: {htpasswd: {realm: policies, path: /srv/htpasswd}}
http: {addr: "web1:5000", tls: {certificate: /srv/web1/cert.pem, key: /srv/web1/key.pem}}
"""
LOGIN = {"auths": {"web1:5000": {"auth": base64.b64encode(b"alice:wonderland").decode()}}}
SIGNED = "PORTERO_TRUSTED_KEYS=/etc/portero/alice.pub\nPORTERO_HOST_GROUPS=web\n"
BUNDLES = f"PORTERO_SCHEMAS=\nPORTERO_BUNDLE={ADDRESS}\nPORTERO_BUNDLE_CA=/srv/ca.pem\n"
KEPT = "/var/lib/private/portero-bundle"
MEMORY = "/var/lib/portero/signed-versions.json"
# What the account tries in the place of a pull.
ATTEMPTS = {
    "systemd-run": "systemd-run --wait touch /root/owned",
    "systemctl": "systemctl stop portero.socket",
    "D-Bus": "busctl --system list",
    "private": "test -r /run/systemd/private",
    "login": "cat /etc/portero/registry.json",
    "memory": f"cat {MEMORY}",
    "forgets": f"rm -rf {MEMORY} || touch /var/lib/portero/x",
    "credential": 'touch "$CREDENTIALS_DIRECTORY/signed-versions"',
    "settings": "touch /etc/portero/x",
    "socket": "curl --silent --unix-socket /run/docker/plugins/portero.sock http://portero/status",
}
NOBODY = "setpriv --reuid=65534 --regid=65534 --clear-groups"
PUSH = f"portero bundle push p {ADDRESS} --key alice --login /etc/portero/registry.json --ca /srv/ca.pem"


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    with boot_one() as booted:
        Fleet.install(booted, build_package(tmp_path_factory))
        # It would come between the steps.
        booted.do("systemctl disable --now portero-bundle.timer")
        run_registry(booted)
        booted.do("cd /root && portero keygen alice && portero keygen bob && cp alice.pub /etc/portero/")
        yield booted


def run_registry(host: Machine) -> None:
    """Run the machine's registry, with its certificate and the host's login."""
    host.do("portero certs ca /srv && portero certs server /srv --host web1 && chmod -R a+rX /srv")
    host.path("/srv/htpasswd").write_text(HTPASSWD)
    host.path("/etc/docker/registry/config.yml").write_text(REGISTRY)
    host.do("install -m 600 /dev/null /etc/portero/registry.json; systemctl restart docker-registry")
    host.path("/etc/portero/registry.json").write_text(json.dumps(LOGIN))


def settings(host: Machine, text: str) -> None:
    host.path("/etc/portero/environment").write_text(f"PORTERO_SCHEMAS=/etc/portero/policy\n{text}")


def push(host: Machine, words: str, key: str = "alice", *, unaware: bool = False) -> str:
    """Begin a policy anew, as version 1, and push it. `unaware`: where the policy in force here cannot be asked for."""
    host.do(
        f"cd /root && rm -rf p && mkdir p && echo '{{}}' > p/site.json && portero bundle sign p --key {key} --for web"
    )
    socket = "PORTERO_SOCKET=/nowhere.sock " if unaware else ""
    return host.do(f"cd /root && {socket}{PUSH.replace('alice', key)} {words}")


def is_in_state(host: Machine, state: str) -> bool:
    return host.do("systemctl show --property ActiveState --value portero-bundle").strip() == state


def status(host: Machine) -> str:
    return host.shell("portero status").stdout


def test_a_folder_signed_by_hand_becomes_a_bundle_and_a_wrong_bundle_strands_nobody(host: Machine) -> None:
    sign = "portero bundle sign /etc/portero/policy --key /root/alice --for web"
    host.do(f"{sign} && {sign}")
    settings(host, SIGNED)
    host.do("systemctl restart portero")
    wait_until(lambda: Fleet.version(host) == 2, "the signed folder is not in force")

    judged = {who: host.do(f"{who} portero explain 2>&1 >/dev/null") for who in ("", NOBODY)}
    assert judged[""].startswith("portero: judged by the policy in force on this host (")
    assert judged[NOBODY] == judged[""].replace(")\n", "), as far as users may see it\n")

    settings(host, SIGNED + BUNDLES)
    # By a key that is not trusted, and by somebody who does not know of the folder.
    for key, words in (("bob", "which is not trusted"), ("alice", "version 2 was in force before")):
        push(host, "--after 0", key, unaware=True)
        assert host.shell("systemctl start portero-bundle && systemctl restart portero").returncode != 0
        host.do("systemctl stop portero-bundle")
        assert words in host.do("journalctl --unit portero-bundle --output cat --lines 20")
        assert Fleet.version(host) == 2
    assert "version 2 is in force, so it is signed anew as version 3" in push(host, "--after 2")

    host.do("systemctl start portero-bundle && systemctl restart portero")
    wait_until(lambda: Fleet.version(host) == 3, "the bundle is not in force")
    assert "version 2 was in force" not in status(host)


def test_its_account_reaches_neither_systemd_nor_what_decides(host: Machine) -> None:
    lines = [f"{{ {words}; }} >/dev/null 2>&1 && echo {name}" for name, words in ATTEMPTS.items()]
    host.path("/srv/attempts").write_text("\n".join(["id -u", "grep CapEff /proc/self/status", *lines, "true"]))
    drop_in = "/run/systemd/system/portero-bundle.service.d"
    host.do(f"mkdir -p {drop_in}")
    host.path(f"{drop_in}/instead.conf").write_text("[Service]\nExecStart=\nExecStart=/bin/sh /srv/attempts\n")
    host.do("systemctl daemon-reload && systemctl start portero-bundle")
    told = host.do("journalctl --unit portero-bundle --output cat --lines 2").split()
    host.do(f"rm -r {drop_in} && systemctl daemon-reload")

    # Nothing of it went well: the last two lines are of the first two commands.
    assert told[1:] == ["CapEff:", "0000000000000000"]
    uid = int(told[0])
    assert uid != 0
    assert host.path("/var/lib/private/portero-bundle/current").lstat().st_uid == uid
    # Nor does its account alone, as a process that got out of the sandbox would have it.
    become = f"setpriv --reuid={uid} --regid={uid} --clear-groups"
    for words in ("systemd-run --wait touch /root/owned", "systemctl stop portero.socket", f"cat {MEMORY}"):
        assert host.shell(f"{become} {words}").returncode != 0
    assert not host.path("/root/owned").exists()
    assert host.do("systemctl is-active portero.socket portero").split() == ["active", "active"]


def test_an_older_version_does_not_come_back_whatever_is_forgotten(host: Machine) -> None:
    uid = host.path(f"{KEPT}/current").lstat().st_uid
    become = f"setpriv --reuid={uid} --regid={uid} --clear-groups"
    host.do(f"cp -a {KEPT}/current/ {KEPT}/old && sed -i 's/^{{}}$/{{ }}/' /root/p/site.json")
    host.do(f"cd /root && portero bundle sign p --key alice --for web && {PUSH}")
    host.do("systemctl start portero-bundle")
    wait_until(lambda: Fleet.version(host) == 4, "version 4 is not in force")

    # The account has its own folder alone; even root's loss of the memory does not help while the process runs.
    host.do(f"rm {MEMORY} && cd {KEPT} && {become} sh -c 'rm state.json && ln -sfn old current'")
    wait_until(lambda: "is version 3, and version 4 was in force before" in status(host), "it is not refused")
    assert Fleet.version(host) == 4
    # Nor does it lead the process of root anywhere else.
    host.do(f"cd {KEPT} && {become} ln -sfn /etc current")
    wait_until(lambda: f"leads out of {KEPT}" in status(host), "it is followed")
    host.do("systemctl start portero-bundle")
    wait_until(lambda: "leads out of" not in status(host), "the next pull mends nothing")
    assert Fleet.version(host) == 4


def test_keys_are_rotated_by_the_lines_of_the_page(host: Machine) -> None:
    section = (ROOT / "docs/policy-folders.md").read_text().partition("\n### Rotate keys\n")[2].partition("\n### ")[0]
    make, trust, rotate, distrust = re.findall(r"```sh\n(.+?)```", section, re.DOTALL)
    before = Fleet.version(host)
    host.do(f"cd /root && {make}{trust}")
    address = f"{ADDRESS} --login /etc/portero/registry.json --ca /srv/ca.pem"
    typed = f"cd /root && {re.sub(r'oci://[^ ]+', address, rotate).replace('policy/', 'p').strip()}"
    assert f"version {before + 1}" in host.do(typed)
    host.do("systemctl start portero-bundle")
    wait_until(lambda: Fleet.version(host) == before + 1, "what the new key signed is not in force")
    host.do(distrust)

    assert Fleet.version(host) == before + 1
    # The old key's word counts no more.
    push(host, f"--after {before + 1}", unaware=True)
    assert host.shell("systemctl start portero-bundle").returncode != 0
    assert "which is not trusted" in host.do("journalctl --unit portero-bundle --output cat --lines 20")
    assert Fleet.version(host) == before + 1
    host.do(f"{typed} && systemctl start portero-bundle")
    wait_until(lambda: Fleet.version(host) == before + 3, "what the new key signed above it is not in force")


def test_while_there_is_no_policy_the_next_look_comes_within_seconds(host: Machine) -> None:
    host.do(f"systemctl stop docker-registry && rm -rf {KEPT}/*")
    began = time.monotonic()
    assert host.shell("systemctl start portero-bundle").returncode != 0
    host.do("systemctl start docker-registry")
    # No timer runs.
    wait_until(lambda: host.path(f"{KEPT}/current").exists(), "no other look")

    assert time.monotonic() - began < 60
    # The one that brought it has ended; else the next start would be the same.
    wait_until(lambda: is_in_state(host, "inactive"), "the unit has not ended")
    # With a policy a failure waits for the timer.
    host.do("systemctl stop docker-registry")
    assert host.shell("systemctl start portero-bundle").returncode != 0
    assert is_in_state(host, "failed")
