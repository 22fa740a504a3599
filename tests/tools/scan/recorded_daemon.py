"""What a daemon answered when it was recorded; tests change it to what they need."""

import json
from pathlib import Path
from typing import Any

RECORDED = Path(__file__).parent / "daemon.json"


class Daemon:
    """Answers each GET path, without its version and query, as `answers` says; what is not there is gone."""

    def __init__(self, socket: Path) -> None:
        self.socket = socket
        self.answers: dict[str, Any] = json.loads(RECORDED.read_text())

    def named(self, name: str) -> Any:
        """What is told of the container of that name."""
        return next(said for said in self.answers.values() if isinstance(said, dict) and said.get("Name") == f"/{name}")
