"""Sends requests to dockerd over its Unix socket. OSError: no answer; ValueError: not an answer of the Engine API."""

import http.client
import json
from collections.abc import Iterable
from dataclasses import dataclass

from portero.types import JSON
from portero.unixhttp import UnixConnection

# Longer than dockerd waits for an authorization plugin that is gone: 1 + 2 + 4 + 8 s (moby pkg/plugins/client.go).
TIMEOUT_SECONDS = 20.0
_LONGEST_ANSWER = 4 << 20


@dataclass(frozen=True, slots=True)
class EngineApi:
    """The Engine API at one socket, a path as this process sees it."""

    address: str

    def get(self, path: str) -> dict[str, JSON]:
        """The JSON object in dockerd's answer; ValueError: another status than 200."""
        answer = self._get(path)
        if not isinstance(answer, dict):
            raise ValueError(f"GET {path} was not answered with an object")
        return answer

    def get_list(self, path: str) -> list[JSON]:
        """The JSON list in dockerd's answer; ValueError: another status than 200."""
        answer = self._get(path)
        if not isinstance(answer, list):
            raise ValueError(f"GET {path} was not answered with a list")
        return answer

    def post(self, path: str, body: bytes | Iterable[bytes]) -> tuple[int, str]:
        """Status and message of the answer to a JSON body; one in parts is sent without its length, chunked."""
        status, answer = self._ask("POST", path, {"Content-Type": "application/json"}, body)
        reply: JSON = json.loads(answer)
        return status, str(reply.get("message", "")) if isinstance(reply, dict) else ""

    def _get(self, path: str) -> JSON:
        status, body = self._ask("GET", path, {}, None)
        if status != http.client.OK:
            raise ValueError(f"GET {path} was answered with status {status}")
        answer: JSON = json.loads(body)
        return answer

    def _ask(
        self, method: str, path: str, headers: dict[str, str], body: bytes | Iterable[bytes] | None
    ) -> tuple[int, bytes]:
        connection = UnixConnection(self.address, TIMEOUT_SECONDS)
        try:
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            return response.status, response.read(_LONGEST_ANSWER)
        except http.client.HTTPException as error:
            raise ValueError(f"{method} {path} was not answered in HTTP") from error
        finally:
            connection.close()
