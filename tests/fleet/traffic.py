"""A client that asks a host's dockerd again and again, what is allowed and what is refused, and counts each answer."""

import threading
from collections import Counter

from tests.e2e.rawhttp import Client

from .machine import Machine

PRIVILEGED = {"Image": "busybox", "HostConfig": {"Privileged": True}}
EXPECTED = {("list", 200), ("volume", 201), ("privileged", 403)}


class Traffic:
    """One client for the length of a block; `answers`: how often each kind of request had which status."""

    def __init__(self, machine: Machine, name: str) -> None:
        self.answers: Counter[tuple[str, int]] = Counter()
        self.volumes = 0
        # An answer may take long on a busy machine, and while Portero restarts.
        self._client = Client(machine.path("/run/docker.sock"), timeout=120)
        self._name = name
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._ask)

    def __enter__(self) -> "Traffic":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self._thread.join()

    def _ask(self) -> None:
        number = 0
        while not self._end.wait(0.1):
            number += 1
            volume = {"Name": f"{self._name}-{number}"}
            self.answers["list", self._client.ask("GET", "/containers/json").status] += 1
            self.answers["volume", self._client.ask("POST", "/volumes/create", volume).status] += 1
            self.answers["privileged", self._client.ask("POST", "/containers/create", PRIVILEGED).status] += 1

    @property
    def wrong(self) -> dict[tuple[str, int], int]:
        """The answers that should have been others."""
        return {answer: count for answer, count in self.answers.items() if answer not in EXPECTED}
