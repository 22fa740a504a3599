"""A client that asks the stand-in's daemon directly, without a socket."""

import json
from collections.abc import Iterator
from typing import Any

from portero.decide.reading.routes import Routes
from portero.tools.standin.answers import StandInDaemon
from portero.tools.standin.messages import Answer, ClientRequest
from tests.paths import SCHEMAS

ROUTES = Routes.load(json.loads((SCHEMAS / "operations.json").read_text()))


COMPOSE = "compose/2.26.1"


class Client:
    """Asks a daemon directly."""

    def __init__(self, client: str = "Docker-Client/26.1.5") -> None:
        self.daemon = StandInDaemon(ROUTES, lambda _: None)
        self.client = client

    def ask(self, method: str, target: str, body: object = None) -> Answer:
        headers = [("User-Agent", self.client)]
        if body is not None:
            headers.append(("Content-Type", "application/json"))
        return self.daemon.answer(
            ClientRequest(method, target, headers, b"" if body is None else json.dumps(body).encode())
        )

    def get(self, target: str) -> Any:
        answer = self.ask("GET", target)
        assert answer.status == 200, answer.body
        return answer.body

    def create(self, **body: object) -> str:
        answer = self.ask("POST", "/containers/create", {"Image": "busybox", **body})
        assert answer.status == 201
        assert isinstance(answer.body, dict)
        return str(answer.body["Id"])

    def status(self, container: str) -> str:
        return str(self.get(f"/containers/{container}/json")["State"]["Status"])


def stream_of(answer: Answer) -> bytes:
    stream: Iterator[bytes] = iter(answer.stream or ())
    return b"".join(stream)


def labelled(**labels: str) -> dict[str, str]:
    return {f"com.docker.compose.{name.replace('_', '-')}": value for name, value in labels.items()}


def filters(**wanted: object) -> str:
    return f"?filters={json.dumps(wanted).replace(' ', '')}"
