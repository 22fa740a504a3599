"""A dockerd that answers what a test tells it to."""

from collections.abc import Mapping
from pathlib import Path

from tests.unix_server import Handler


class Dockerd:
    """Answers at a Unix socket: `asked` is what came in: such as "GET /info", headers and body."""

    def __init__(self, address: Path) -> None:
        self.address = str(address)
        self.asked: list[tuple[str, Mapping[str, str], bytes]] = []
        self._answers: dict[str, tuple[int, object]] = {}

    def says(self, request: str, status: int, answer: object) -> None:
        self._answers[request] = (status, answer)

    def respond(self, handler: Handler) -> None:
        request = f"{handler.command} {handler.path.partition('?')[0]}"
        self.asked.append((request, dict(handler.headers), handler.posted()))
        status, answer = self._answers.get(request, (404, {"message": "page not found"}))
        handler.reply(answer, status)
