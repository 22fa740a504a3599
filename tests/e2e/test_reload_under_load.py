"""Policies change under a real daemon with busy clients: no request fails, and each is judged by one whole policy.

PORTERO_POLICY_CHANGES says how many changes, good and broken in turn; 500 take about ten minutes.
"""

import json
import os
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pytest

from portero.decide.policy.folder import hash_folders
from portero.observe.process import package_files
from portero.observe.stores.policy_loader import read_folder
from tests.waiting import wait_until

from .guarded import PLUGIN_SOCKET, GuardedDocker, serve
from .rawhttp import Client, exchange, render

pytestmark = pytest.mark.e2e

CHANGES = int(os.environ.get("PORTERO_POLICY_CHANGES", "30"))
SITE = "/srv/site"
# It takes two seconds; ten times as long on a busy machine is no fault of the plugin.
WITHIN = 20.0
# What may be in use before the first measure is what a policy needs twice, while one takes the other's place.
WARM = 12
MOST_GROWTH = 12 << 20
PAUSE = 0.1
HARMLESS = {"Image": "busybox", "Cmd": ["true"]}
ATTACK = {**HARMLESS, "HostConfig": {"Privileged": True}}
EXCEPTION = {
    "$schema": "../exception.json",
    "dialect": 2,
    "rules": ["no-host-network"],
    "match": {"properties": {"identity": {"properties": {"user": {"const": "nobody"}}}}},
    "owner": "operations",
    "expires": "2999-12-31",
}


@dataclass
class Site:
    """The policy folder, and which policies it held: digest -> what it does with an attack, and until when it may."""

    docker: GuardedDocker
    allows: dict[str, bool] = field(default_factory=dict)
    ended: dict[str, float] = field(default_factory=dict)
    digest: str = ""

    def good(self, number: int) -> None:
        """A policy that differs from all before it in two files, which are written one after the other."""
        allowed = number % 4 == 0
        self._write("exceptions/probe.json", {**EXCEPTION, "reason": f"The probe needs it, for the time {number}."})
        time.sleep(0.02)
        self._write("site.json", {"actions": {"no-privileged": "off" if allowed else "deny"}})
        held = [read_folder(place, []) for place in (package_files.schemas(), self.docker.host.path(SITE))]
        self.ended[self.digest], self.digest = time.time(), hash_folders(held)
        self.allows[self.digest] = allowed

    def broken(self, number: int) -> None:
        """One that would allow everything, were it taken."""
        self._write("site.json", {"actions": {"no-privileged": "off"}, "acshuns": number})

    def _write(self, name: str, content: object) -> None:
        place = self.docker.host.path(f"{SITE}/{name}")
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(json.dumps(content))

    def status(self) -> dict[str, Any]:
        """What the plugin tells of itself."""
        asked = render("GET", "/status")
        told: dict[str, Any] = exchange(self.docker.host.path(PLUGIN_SOCKET), asked).json()
        return told

    def resident(self) -> dict[int, int]:
        """Bytes of memory of each process, by pid."""
        pids = (self.docker.plugin_pid, *self.docker.host.children(self.docker.plugin_pid))
        told = {pid: self.docker.host.path(f"/proc/{pid}/status").read_text() for pid in pids}
        return {pid: int(text.partition("VmRSS:")[2].split()[0]) << 10 for pid, text in told.items()}


class Clients:
    """Threads that ask the daemon without pause until they are told to stop; each keeps what went wrong."""

    def __init__(self, docker: GuardedDocker) -> None:
        self._client = Client(docker.socket, 30)
        self._stop = threading.Event()
        self._pool = ThreadPoolExecutor(4)
        asked = (self._harmless, self._attack, self._list, self._attack)
        self._running = [self._pool.submit(self._again, ask) for ask in asked]

    def stop(self) -> list[str]:
        """The answers that nobody should get; also what each client found of its own."""
        self._stop.set()
        self._pool.shutdown()
        return [wrong for client in self._running for wrong in client.result()]

    def _again(self, ask: Callable[[], str]) -> list[str]:
        wrong = []
        while not self._stop.is_set():
            wrong += [said for said in [ask()] if said]
            time.sleep(PAUSE)
        return wrong

    def _harmless(self) -> str:
        answer = self._client.ask("POST", "/containers/create", HARMLESS)
        return self._removed(answer.json()) if answer.status == 201 else f"harmless: {answer}"

    def _attack(self) -> str:
        answer = self._client.ask("POST", "/containers/create", ATTACK)
        if answer.status == 403 and "no-privileged" in answer.message:
            return ""
        return self._removed(answer.json()) if answer.status == 201 else f"attack: {answer}"

    def _list(self) -> str:
        answer = self._client.ask("GET", "/containers/json")
        return "" if answer.status == 200 else f"list: {answer}"

    def _removed(self, container: dict[str, str]) -> str:
        answer = self._client.ask("DELETE", f"/containers/{container['Id']}?force=1")
        return "" if answer.status == 204 else f"removal: {answer}"


@pytest.fixture(scope="module")
def site(own_docker: GuardedDocker) -> Site:
    made = Site(own_docker)
    made.good(0)
    own_docker.replace_plugin([*serve("baseline"), "--schemas", SITE])
    return made


def test_policies_change_under_load_and_no_request_fails_or_meets_two_of_them(site: Site) -> None:
    before, clients, resident = site.docker.log_size(), Clients(site.docker), {}
    try:
        for number in range(1, CHANGES + 1):
            _change(site, number)
            if number == min(WARM, CHANGES // 2):
                resident = site.resident()
        wait_until(lambda: _decides(site, before), "the last policy decides nothing", WITHIN)
    finally:
        wrong = clients.stop()

    assert wrong == []
    decisions = site.docker.decisions(before)
    assert len(decisions) > 10 * CHANGES
    assert [one for one in decisions if not _by_one_policy(site, one)] == []
    assert {one["policy"] for one in decisions} == set(site.allows)
    # By the same processes all the time.
    growth = {pid: size - resident.pop(pid) for pid, size in site.resident().items()}
    assert resident == {}
    assert [size for size in growth.values() if size > MOST_GROWTH] == [], growth


def _decides(site: Site, since: int) -> bool:
    return any(one["policy"] == site.digest for one in site.docker.decisions(since))


def _change(site: Site, number: int) -> None:
    if number % 2:
        site.broken(number)
        wait_until(lambda: bool(site.status()["reloadFaults"]), f"change {number} is not noticed", WITHIN)
    else:
        site.good(number)
        wait_until(lambda: site.status()["policy"] == site.digest, f"change {number} is not in force", WITHIN)


def _by_one_policy(site: Site, decision: dict[str, Any]) -> bool:
    """Whether one policy made it alone, which was in force then or had been until two seconds before."""
    digest = decision["policy"]
    when = datetime.fromisoformat(decision["time"]).timestamp()
    if digest not in site.allows or when > site.ended.get(digest, when) + WITHIN:
        return False
    attack = any(one["rule"] == "no-privileged" for one in decision["violations"])
    return decision["allowed"] or (attack and not site.allows[digest])
