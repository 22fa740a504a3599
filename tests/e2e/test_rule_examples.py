"""Every command in every rule file, typed at a real dockerd with the real command line."""

import shlex
import socket
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.waiting import wait_until

from .guarded import GuardedDocker, serve
from .refusals import REFUSED, refusing
from .typed import EXAMPLE_SITE, FOLDER, Command, commands

pytestmark = pytest.mark.e2e

COMMANDS = commands()
AGENT = "/run/agent.pid"
# Of user 1000, and no container.
LISTEN = """
import os, socket, sys, time
listening = socket.socket(socket.AF_UNIX)
listening.bind(sys.argv[1])
os.setuid(1000)
listening.listen()
time.sleep(600)
"""
PREPARATION = Path(__file__).with_name("rule-examples.sh").read_text()
# Who tidies up must look at what there is.
READING_SITE = Path(__file__).with_name("rule-examples-site")
OLD = Path(__file__).with_name("rule-examples-old.sh").read_text()
KEPT = ("web", "old", "long", "ended", "oldhost", "get", "show")


class Typist:
    """Types commands, under the profile and with the eyes that each needs, and tidies up after each."""

    def __init__(self, docker: GuardedDocker) -> None:
        self._docker = docker
        self._started: tuple[str, ...] = ()

    def type(self, command: Command) -> tuple[str, list[dict[str, Any]]]:
        """What the command said, and the decisions that it led to."""
        self._listen(command)
        self._lay_out(command)
        self._serve(command)
        before = self._docker.log_size()
        done = self._docker.shell(command.line, timeout=20, cwd=FOLDER)
        decisions = self._docker.decisions(before)
        if any(one["allowed"] and one["operation"].endswith("Create") for one in decisions):
            self._docker.clear(*KEPT)
        self._take_away(command)
        return done.stdout + done.stderr, decisions

    def _listen(self, command: Command) -> None:
        for path in command.host.get("userSockets", []):
            listen = shlex.join([sys.executable, "-c", LISTEN, path])
            self._docker.shell(f"mkdir -p $(dirname {path}); {listen} > /dev/null 2>&1 & echo $! > {AGENT}")
            wait_until(self._docker.host.path(path).exists, f"nothing listens on {path}")

    def _serve(self, command: Command) -> None:
        options = (command.profile, "--schemas", str(EXAMPLE_SITE), "--schemas", str(READING_SITE), *command.options)
        if command.start != self._started:
            self._docker.replace_plugin(["env", *command.environment, *serve(*options)])
            self._started = command.start

    def _lay_out(self, command: Command) -> None:
        """Make the links, devices, sockets, mounts and owners that the example says the host has."""
        for path, target in command.host.get("links", {}).items():
            self._docker.shell(f"mkdir -p $(dirname {path}) && ln -sfn {shlex.quote(target)} {shlex.quote(path)}")
        self._lay_out_homes(command)
        for path, kind in command.host.get("kinds", {}).items():
            there = self._docker.host.path(path)
            if kind == "device" and not there.exists():
                self._docker.shell(f"mknod {shlex.quote(path)} c 1 3")
            if kind == "socket" and not there.exists():
                with socket.socket(socket.AF_UNIX) as server:
                    server.bind(str(there))
        for point, shown in command.host.get("mounts", {}).items():
            options = f"--bind {shown}" if shown.startswith("/") else f"-t {shown} none"
            self._docker.shell(f"mountpoint -q {point} || {{ mkdir -p {point} && mount {options} {point}; }}")
        self._show_docker(command)
        for folder, owner in command.host.get("owners", {}).items():
            self._docker.shell(f"mkdir -p {folder} && chown {owner.rpartition('(')[2].rstrip(')')} {folder}")

        for route in command.host.get("routes", []):
            self._docker.shell(f"ip route replace {shlex.quote(route)} dev lo")
        for interface in command.host.get("interfaces", []):
            self._docker.shell(f"ip link show {interface} || ip link add {interface} type bridge")

    def _lay_out_homes(self, command: Command) -> None:
        for home in command.host.get("homes", []):
            self._docker.shell(f"mkdir -p {home} && touch {home}/.profile")
        for file in command.host.get("ownerOnly", []):
            self._docker.shell(f"mkdir -p $(dirname {file}) && install -m 600 /dev/null {file}")

    def _show_docker(self, command: Command) -> None:
        """Show Docker's own folder and configuration once more, where the example has them."""
        for folder in command.host.get("docker", []):
            self._docker.shell(f"mkdir -p {folder} && mount --bind /var/lib/docker {folder}")
        for file in command.host.get("daemonFiles", []):
            shown = f"mount --bind /etc/docker/daemon.json {file}"
            self._docker.shell(f"mkdir -p $(dirname {file}); touch {file} && {shown}")

    def _take_away(self, command: Command) -> None:
        for point in command.host.get("mounts", {}):
            if point != "/dev":
                self._docker.shell(f"umount {point}")
        for path in command.host.get("userSockets", []):
            self._docker.shell(f"kill $(cat {AGENT}); rm {path}")
        for path in (*command.host.get("docker", ()), *command.host.get("daemonFiles", ())):
            self._docker.shell(f"umount {path}")
        for folder in command.host.get("owners", {}):
            self._docker.shell(f"chown root {folder}")


@pytest.fixture(scope="module")
def typist(own_docker: GuardedDocker) -> Typist:
    own_docker.do(PREPARATION)
    own_docker.unguard()
    own_docker.do(OLD)
    own_docker.guard()
    # A start is decided before it begins: from here on none succeeds, which takes half of the time.
    own_docker.do("rm $(command -v containerd-shim-runc-v2)")
    return Typist(own_docker)


def _violations(decisions: list[dict[str, Any]], rule: str) -> list[str]:
    return [
        violation["action"]
        for decision in decisions
        for violation in decision["violations"]
        if violation["rule"] == rule
    ]


@pytest.mark.parametrize("command", [c for c in COMMANDS if c.kind == "denies"], ids=str)
def test_a_command_that_breaks_a_rule_is_refused_by_that_rule(typist: Typist, command: Command) -> None:
    said, decisions = typist.type(command)

    if command.level == "advisory":
        assert _violations(decisions, command.rule), said
        return
    assert "deny" in _violations(decisions, command.rule), said
    assert command.rule in refusing(said), said


@pytest.mark.parametrize("command", [c for c in COMMANDS if c.kind == "allows"], ids=str)
def test_a_command_that_keeps_a_rule_is_not_refused_by_it(typist: Typist, command: Command) -> None:
    said, decisions = typist.type(command)

    assert decisions, f"dockerd was not asked: {said}"
    if command.is_cut_short:
        assert _violations(decisions, command.rule), "the command line sends these flags now: drop this exemption"
        return
    assert _violations(decisions, command.rule) == [], said
    if command.level == "baseline":
        assert REFUSED not in said
