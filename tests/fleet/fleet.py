"""Portero on several hosts as docs/fleet.md describes it, with the programs of Debian around it.

`services` is where policy is signed: it has the registry, rsyslog and Prometheus. The others are guarded.
"""

import json
import re
import shutil
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from tests import waiting
from tests.e2e.images import busybox, import_image
from tests.e2e.rawhttp import exchange, render
from tests.paths import ROOT

from .machine import Machine, Network

EXAMPLES = ROOT / "examples"
SOCKET = "/run/docker/plugins/portero.sock"
EVERY = 5
PATIENCE = 180.0
LOG = "/var/log/portero/decisions.jsonl"
ADDRESS = "oci://services:5000/team/policy:prod"
# What docs/policy-folders.md adds to the file that the package brings.
ENVIRONMENT = f"""
PORTERO_PROFILE=baseline
PORTERO_POLICY=
PORTERO_BUNDLE={ADDRESS}
PORTERO_BUNDLE_CA=/etc/portero/ca.pem
PORTERO_TRUSTED_KEYS=/etc/portero/alice.pub
PORTERO_HOST_GROUPS=web
"""
# As docs/policy-folders.md has it.
OFTEN = f"[Timer]\nOnUnitActiveSec=\nOnActiveSec=0\nOnUnitActiveSec={EVERY}\nRandomizedDelaySec=0\n"
DAEMON = {"iptables": False, "ip6tables": False}
REGISTRY = """
version: 0.1
storage: {filesystem: {rootdirectory: /var/lib/docker-registry}}
http: {addr: "services:5000", tls: {certificate: /srv/services/cert.pem, key: /srv/services/key.pem}}
"""
PROMETHEUS = """
global: {scrape_interval: 1s, evaluation_interval: 1s}
rule_files: [/etc/prometheus/alerts.yaml]
scrape_configs:
  - job_name: portero
    scheme: https
    tls_config:
      ca_file: /srv/prometheus/ca.pem
      cert_file: /srv/prometheus/cert.pem
      key_file: /srv/prometheus/key.pem
    static_configs: [{targets: [%s]}]
"""


def wait_until(true: Callable[[], bool], what: str, patience: float = PATIENCE) -> float:
    """Ask until `true` holds; returns the seconds it took."""
    return waiting.wait_until(true, what, patience)


class Fleet:
    """All machines, ready and guarded by version 1 of the policy."""

    def __init__(self, package: Path, hosts: int) -> None:
        self.package = package
        self._names = [f"web{number}" for number in range(1, hosts + 1)]

    def __enter__(self) -> "Fleet":
        with ExitStack() as stack:
            addresses = {name: f"10.77.0.{place}" for place, name in enumerate(["services", *self._names], 1)}
            self.network = stack.enter_context(Network(addresses))
            self.services = self.network.boot("services")
            self.hosts = [self.network.boot(name) for name in self._names]
            self.before = self.named_portero(self.services)
            self.each([self.services, *self.hosts], lambda machine: self.install(machine, self.package))
            self._prepare_services()
            self.push({})
            self.each(self.hosts, self._guard)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    @staticmethod
    def each(machines: Sequence[Machine], work: Callable[[Machine], object]) -> None:
        """Do it on these machines side by side."""
        with ThreadPoolExecutor() as pool:
            list(pool.map(work, machines))

    @staticmethod
    def named_portero(machine: Machine) -> set[str]:
        """Every file and folder with its name in it, as a purge must not leave them."""
        return set(machine.do("find /etc /usr /var -xdev -name '*portero*' -not -path '/var/tmp/*'").splitlines())

    @staticmethod
    def install(machine: Machine, package: Path) -> str:
        """Bring a package and install it, as an operator does; returns what dpkg prints."""
        shutil.copy(package, machine.path("/var/cache/portero.deb"))
        machine.wait_until_booted()
        return machine.do("dpkg --force-confold -i /var/cache/portero.deb 2>&1", timeout=500)

    def _prepare_services(self) -> None:
        here = self.services
        names = " && ".join(f"portero certs server /srv --host {name}" for name in ["services", *self._names])
        users = ["prometheus", *(f"logs-{name}" for name in self._names)]
        clients = " && ".join(f"portero certs client /srv --user {user}" for user in users)
        here.do(f"portero certs ca /srv && {names} && {clients}")
        # Each service runs as a user of its own.
        here.do("chmod -R a+rX /srv && portero keygen /root/alice && mkdir /root/policy")
        here.path("/etc/docker/registry/config.yml").write_text(REGISTRY)
        here.path("/etc/rsyslog.d").mkdir(exist_ok=True)
        peers = ", ".join(f'"logs-{name}"' for name in self._names)
        collecting = (EXAMPLES / "logs" / "rsyslog.conf").read_text().replace('"*.example.com"', peers)
        here.path("/etc/rsyslog.d/portero.conf").write_text(collecting.replace("/etc/portero/logs/", "/srv/services/"))
        targets = ", ".join(f'"{name}:9324"' for name in self._names)
        here.path("/etc/prometheus/prometheus.yml").write_text(PROMETHEUS % targets)
        here.path("/etc/prometheus/alerts.yaml").write_text(
            shortened((EXAMPLES / "prometheus/alerts.yaml").read_text())
        )
        here.do("systemctl restart docker-registry rsyslog prometheus")
        ready = "curl --silent --cacert /srv/ca.pem https://services:5000/v2/"
        wait_until(lambda: here.shell(ready).returncode == 0, "the registry does not answer")

    def push(self, site: dict[str, Any]) -> None:
        """Sign a policy with these site values, and push it under the tag that the hosts follow."""
        self.services.path("/root/policy/site.json").write_text(json.dumps(site))
        sign = "portero bundle sign policy --key alice --for web"
        push = f"PORTERO_BUNDLE_CA=/srv/ca.pem portero bundle push policy {ADDRESS} --key alice --after 0"
        self.services.do(f"cd /root && {sign} && {push}")

    def _guard(self, host: Machine) -> None:
        with host.path("/etc/portero/environment").open("a") as settings:
            settings.write(ENVIRONMENT)
        for file, target in (("ca.pem", "ca.pem"), (host.name, "metrics"), (f"logs-{host.name}", "logs")):
            source = self.services.path(f"/srv/{file}")
            (shutil.copytree if source.is_dir() else shutil.copy)(source, host.path(f"/etc/portero/{target}"))
        shutil.copy(self.services.path("/root/alice.pub"), host.path("/etc/portero/alice.pub"))
        units = "/etc/systemd/system"
        host.do(f"mkdir -p {units}/portero-bundle.timer.d /etc/docker")
        host.path(f"{units}/portero-bundle.timer.d/override.conf").write_text(OFTEN)
        shutil.copy(EXAMPLES / "prometheus" / "nginx.conf", host.path("/etc/nginx/conf.d/portero.conf"))
        self._write_daemon_config(host, [])
        # As docs/forwarding.md has it.
        host.do("sed s/logs.example.com/services/ /usr/share/portero/logs/rsyslog.conf > /etc/rsyslog.d/portero.conf")
        host.do("systemctl restart rsyslog")
        host.do("systemctl daemon-reload && systemctl restart portero-bundle.timer portero nginx")
        # As docs/metrics.md has it.
        host.do("systemctl enable --now portero-metrics.socket")
        host.do("systemctl enable --now docker")
        import_image(host.path("/run/docker.sock"), "busybox:latest", busybox(), 'CMD ["sh"]')
        wait_until(lambda: self.version(host) == 1, f"{host.name} has no policy")
        self.guard(host)

    def guard(self, host: Machine) -> None:
        """Name the plugin to dockerd, as an operator does."""
        self._write_daemon_config(host, ["portero"])
        host.do("systemctl reload docker")
        privileged = "docker create --privileged busybox true"
        wait_until(lambda: "no-privileged" in host.shell(privileged).stderr, f"{host.name}: dockerd does not ask")

    def unguard(self, host: Machine) -> None:
        """Take its name away again."""
        self._write_daemon_config(host, [])
        host.do("systemctl reload docker")
        privileged = "docker create --privileged busybox true"
        wait_until(lambda: host.shell(privileged).returncode == 0, f"{host.name}: dockerd still asks")

    @staticmethod
    def _write_daemon_config(host: Machine, plugins: list[str]) -> None:
        host.path("/etc/docker/daemon.json").write_text(json.dumps({**DAEMON, "authorization-plugins": plugins}))

    @staticmethod
    def version(host: Machine) -> int:
        """The version of the policy in force; 0: none is."""
        try:
            told = exchange(host.path(SOCKET), render("GET", "/status"))
        except OSError:  # it is not there yet
            return 0
        signed = told.json()["signedFolders"].values() if told.status == 200 else []
        return max((entry["version"] for entry in signed), default=0)

    @staticmethod
    def decisions(host: Machine) -> list[dict[str, Any]]:
        """Every line of a host's decision log."""
        log = host.path(LOG)
        return [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []

    def collected(self) -> dict[str, set[str]]:
        """The ids of the decisions that rsyslog has of each host."""
        found: dict[str, set[str]] = {}
        for file in self.services.path("/var/log/portero-hosts").glob("*.jsonl"):
            # Of a line that is being written there is only half.
            lines = file.read_text().rpartition("\n")[0].splitlines()
            found.setdefault(file.name.split("-")[0], set()).update(json.loads(line)["id"] for line in lines)
        return found

    def alerts(self) -> set[tuple[str, str]]:
        """Name and host of each alert that fires."""
        # While it starts it answers 503 with a text, which must not stand before the answer.
        ask = "curl --silent --fail --retry 30 --retry-all-errors http://127.0.0.1:9090/api/v1/alerts"
        text = self.services.do(ask)
        firing = (alert for alert in json.loads(text)["data"]["alerts"] if alert["state"] == "firing")
        return {(alert["labels"]["alertname"], alert["labels"]["instance"].split(":")[0]) for alert in firing}


def shortened(alerts: str) -> str:
    """The shipped alerts, with minutes and hours made so short that a test sees them fire."""
    alerts = re.sub(r"for: \d+[mh]", "for: 2s", alerts)
    alerts = re.sub(r"\[\d+[mh]\]", "[60s]", alerts)
    return re.sub(r"> (3600|900|100)\b", "> 10", alerts)
