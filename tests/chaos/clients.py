"""Clients that ask dockerd again and again, and what came of it."""

import itertools
import os
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from tests.e2e.rawhttp import Client

HUNG = "/srv/hung"
HARMLESS = {"Image": "busybox:latest", "Cmd": ["true"]}
PRIVILEGED = {**HARMLESS, "HostConfig": {"Privileged": True}}
ABOVE_A_SOCKET = {**HARMLESS, "HostConfig": {"Binds": ["/run:/x:ro"]}}
OF_A_HUNG_FOLDER = {**HARMLESS, "HostConfig": {"Binds": [f"{HUNG}/data:/x:ro"]}}
ATTACK = "attack-"
# dockerd tries for 15 s to reach a plugin, and a question can wait for one disaster to end.
PATIENCE = 90.0
# Asked more often, dockerd leaves other tests little of the machine.
PAUSE = 0.03 if "PORTERO_CHAOS_SECONDS" in os.environ else 0.1


class Clients:
    """Each thread repeats one kind of request; every container has a name of its own."""

    def __init__(self, socket: Path) -> None:
        self._client = Client(socket, PATIENCE)
        self._stop = threading.Event()
        self._numbers = itertools.count()
        self.created: set[str] = set()
        self.answers: Counter[tuple[str, int]] = Counter()
        kinds: dict[str, Callable[[], int]] = {
            "list": self._list,
            "harmless": lambda: self._create("harmless-", HARMLESS),
            "privileged": lambda: self._create(ATTACK, PRIVILEGED),
            "above a socket": lambda: self._create(ATTACK, ABOVE_A_SOCKET),
            "hung folder": lambda: self._create("hung-", OF_A_HUNG_FOLDER),
        }
        self._threads = [threading.Thread(target=self._repeat, args=kind) for kind in kinds.items()]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Wait for the last answers."""
        self._stop.set()
        for thread in self._threads:
            thread.join()

    @property
    def sent(self) -> int:
        """Requests so far."""
        return self.answers.total()

    def _repeat(self, kind: str, ask: Callable[[], int]) -> None:
        while not self._stop.is_set():
            try:
                status = ask()
            except OSError:  # too long without an answer
                status = 0
            self.answers[kind, status] += 1
            time.sleep(PAUSE)

    def _list(self) -> int:
        return self._client.ask("GET", "/containers/json").status

    def _create(self, prefix: str, body: object) -> int:
        name = f"{prefix}{next(self._numbers)}"
        status = self._client.ask("POST", f"/containers/create?name={name}", body).status
        if status == 201:
            self.created.add(name)
        return status
